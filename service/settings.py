"""Everything that can be set, from the environment, once, at the start of a worker."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from farside.model.defaults import DEADLINE_S, Precision, default_folder
from service.logs import LogFormat

PREFIX = "FARSIDE_"

_LINKED = re.compile(
    r"FARSIDE_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)"
)
_ADDRESS = re.compile(r"(tcp|udp|sctp)://\S+:\d+")
_PREFIX = re.compile(r"(s3://[a-z0-9][a-z0-9.-]+|file://)/([A-Za-z0-9._=+@,-]+/)*")

LONGEST_S = 1800.0
"""Limit of each of the two time limits; their sum stays below the framework's own."""


def _check_prefix(prefix: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"got {prefix!r}, expected s3://bucket/…/ or file:///folder/")
    return prefix


Prefixes = Annotated[
    tuple[Annotated[str, AfterValidator(_check_prefix)], ...],
    NoDecode,
    BeforeValidator(lambda given: tuple(given.split()) if isinstance(given, str) else given),
]
"""Beginnings of addresses that are allowed, separated by spaces."""


class SettingsError(ValueError):
    """The environment names something that is no setting, or gives an impossible value."""


class Settings(BaseSettings):
    """The service's settings: each is the environment variable ``FARSIDE_`` and its name."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid"
    )

    model_repository: Path = Field(
        default_factory=default_folder,
        description="Folder of models, `<model>/<version>/model.safetensors`.",
    )
    models: str = Field(
        default="",
        description="Names of the models to load, separated by commas; unset: all of the "
        "repository.",
    )
    default_model: str | None = Field(
        default=None,
        description="Model for a request that names none; not needed while only one is loaded.",
    )
    cache: str | None = Field(
        default=None,
        description="Folder where graphs of networks are kept from one start to the next, or "
        "`off`; unset: `farside` in the user's cache folder.",
    )
    workers: int = Field(
        default=1,
        ge=1,
        description="Processes; each holds all models and has places and threads of its own.",
    )
    threads: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        description="Processor threads of one forward; unset: as many as there are processors.",
    )
    precision: Precision = Field(default="float32", description="Arithmetic of the networks.")
    winograd: bool = Field(
        default=False,
        description="Fewer multiplications for more memory, in the float32 convolutions of 512 "
        "channels and more.",
    )
    triton_url: str | None = Field(
        default=None,
        description="Triton's gRPC address, `host:port`; set, Triton runs the models, and those of "
        "the repository, `threads` and `precision` are not used.",
    )
    triton_requests: int = Field(
        default=4,
        ge=1,
        description="Requests at Triton side by side; on one host each has a slot of shared "
        "memory, 33 MB for seven channels of 1024² pixels.",
    )
    queue_size: int = Field(
        default=8,
        ge=0,
        description="Requests whose files are worked on or wait in memory for it, besides the one "
        "that runs.",
    )
    prepare_threads: int = Field(
        default_factory=lambda: min(2, os.cpu_count() or 1),
        ge=1,
        description="Sets of files read and registered side by side; unset: two, or one on one "
        "processor.",
    )
    max_upload_mb: float = Field(
        default=200.0,
        gt=0,
        description="Largest request body, megabytes (10^6 bytes); past it: 413. "
        "All bodies in memory together hold at most (queue_size + 1) times as much.",
    )
    waiting: int = Field(
        default=128,
        ge=0,
        description="Requests that may wait in line besides those, with nothing of theirs in "
        "memory, half of them from one address; past it: 429.",
    )
    patience_s: float = Field(
        default=60.0,
        gt=0,
        le=LONGEST_S,
        description="Longest wait in line, seconds, before an upload and after it; past it: 429.",
    )
    upload_rate_kb: float = Field(
        default=10.0,
        gt=0,
        description="Least rate of an upload after its first 10 s, kilobytes (10^3 bytes) a "
        "second; below it: 504.",
    )
    upload_timeout_s: float = Field(
        default=300.0, gt=0, le=LONGEST_S, description="Longest duration of an upload, seconds."
    )
    deadline_s: float = Field(
        default=DEADLINE_S,
        gt=0,
        le=LONGEST_S,
        description="Longest time from the end of the upload to the answer, seconds; past it: 504.",
    )
    retry_after_s: int = Field(
        default=5, ge=1, description="Seconds that an answer 429 or 503 asks its client to wait."
    )
    api_keys_file: Path | None = Field(
        default=None,
        description="File of API keys, a line for each as `farside key` prints it; set, requests "
        "need a key. Read again when it changes.",
    )
    api_keys: str | None = Field(
        default=None, description="The same lines themselves, separated by `;`, in place of a file."
    )
    metrics_open: bool = Field(
        default=True, description="Whether /metrics needs no key where the rest does."
    )
    root_path: str = Field(
        default="",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="Path under which a proxy serves all this, as in `/farside`; the proxy may "
        "leave it or take it away.",
    )
    archive: Path | None = Field(
        default=None,
        description="Folder of an archive of `farside watch`, which the page and `/archive` show; "
        "unset: neither has products.",
    )
    archive_cache_mb: float = Field(
        default=64.0,
        ge=0,
        description="Memory of a worker for layers, pictures and files of the archive once made, "
        "megabytes (10^6 bytes).",
    )
    grafana_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="Address of the Grafana dashboards that the page links to.",
    )
    jobs: Path | None = Field(
        default=None,
        description="Folder of jobs, on a local disk and of this service alone; set, `/jobs` takes "
        "them, and a restart goes on with them.",
    )
    jobs_most: int = Field(
        default=100,
        ge=1,
        description="Jobs that wait, run or have a result, half of them from one address; past it: "
        "429.",
    )
    jobs_gb: float = Field(
        default=10.0,
        gt=0,
        description="Most bytes of their files, gigabytes (10^9 bytes); past it: 429. No job "
        "begins while results alone take as many.",
    )
    job_kept_hours: float = Field(
        default=24.0, gt=0, description="How long the result of a job is kept, hours."
    )
    job_deadline_s: float = Field(
        default=3600.0,
        gt=0,
        description="Longest run of a job, seconds, after which it fails.",
    )
    job_fetch: bool = Field(
        default=False,
        description="Whether jobs may fetch their files from the public archives.",
    )
    archives: Path | None = Field(
        default=None,
        description="TOML file of changes to the table of archives, as for `farside fetch`.",
    )
    job_inputs: Prefixes = Field(
        default=(),
        description="Addresses below which jobs may read, such as `s3://bucket/in/` or "
        "`file:///data/`, separated by spaces.",
    )
    job_outputs: Prefixes = Field(
        default=(), description="Addresses below which jobs may write, likewise."
    )
    log_format: LogFormat = Field(
        default="json", description="Shape of the lines of the log: json or text."
    )
    trace_url: str | None = Field(
        default=None,
        description="Where traces go by OTLP over HTTP, as in `http://collector:4318/v1/traces`; "
        "unset: nothing is traced.",
    )
    trace_share: float = Field(
        default=1.0, gt=0, le=1, description="Share of the requests that are traced."
    )

    @property
    def keys_required(self) -> bool:
        """Whether requests need an API key."""
        return self.api_keys is not None or self.api_keys_file is not None

    @property
    def model_names(self) -> tuple[str, ...]:
        """Names in `models`."""
        return tuple(name.strip() for name in self.models.split(",") if name.strip())

    @property
    def max_upload_bytes(self) -> int:
        """`max_upload_mb` in bytes."""
        return int(self.max_upload_mb * 1e6)


def from_environment() -> Settings:
    """Read the settings; a ``FARSIDE_`` variable that is no setting is refused.

    Raises
    ------
    SettingsError
        Names each variable, what it holds and what is expected.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(
        name
        for name, value in os.environ.items()
        if name.startswith(PREFIX) and name not in known and not _is_injected(name, value)
    )
    if unknown:
        raise SettingsError(
            f"no such setting: {', '.join(unknown)}; the settings are {', '.join(sorted(known))}"
        )
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(_sentences(error)) from error


def _is_injected(name: str, value: str) -> bool:
    """Whether Kubernetes or a Docker link wrote a variable, of a service whose name is like ours.

    A pod gets ``FARSIDE_SERVICE_HOST``, ``FARSIDE_PORT=tcp://…`` and more of each Service named
    farside or farside-…, a linked container those of its link and ``FARSIDE_NAME=/…/farside``.
    """
    if _LINKED.fullmatch(name):
        return True
    if name.endswith("_PORT"):
        return _ADDRESS.fullmatch(value) is not None
    link = os.environ.get(f"{PREFIX}NAME", "")
    return link.startswith("/") and (name == f"{PREFIX}NAME" or name.startswith(f"{PREFIX}ENV_"))


def _sentences(error: ValidationError) -> str:
    return "; ".join(
        f"{PREFIX}{str(item['loc'][0]).upper()}: {item['msg']} (got {item['input']!r})"
        for item in error.errors()
    )
