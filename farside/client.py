"""HTTP client of the Farside service: far-side magnetograms and maps from files."""

from __future__ import annotations

import json
import os
import re
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias, overload

import httpx
from astropy.io import fits
from astropy.time import Time
from pydantic import BaseModel, ValidationError

from farside import errors
from farside.io.atomic import NamedFile, atomic_path
from farside.io.fits import MAX_BYTES
from farside.io.objects import is_address
from farside.io.source import Source, bytes_of, listed
from farside.job import JobStatus
from farside.model.engine import Model
from farside.model.recipe import Recipe
from farside.observation.drawing.sidecar import with_side_car
from farside.progress import Progress, no_progress

_Part: TypeAlias = tuple[str, bytes, str]
"""File of a multipart form: name, content and media type."""

RETRIED = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
MAX_WAIT_S = 60.0

POLL_S = (0.5, 5.0)
"""First and longest pause between two looks at a job, seconds; each is half as long again."""

CONNECTION_LOST = (httpx.NetworkError, httpx.RemoteProtocolError)
"""Errors of a service that is not running, or that stopped before it answered."""

_NAME = re.compile(r'filename="([A-Za-z0-9_][A-Za-z0-9._-]{0,99})"')
"""Pattern of a plain file name, which cannot escape a folder."""


class _Refusal(BaseModel):
    """Error response of the service."""

    error: str
    type: str
    files: tuple[str, ...]
    request_id: str


class Client:
    """HTTP client of one Farside service.

    Parameters
    ----------
    url
        Base address of the service, such as ``"http://localhost:3000"``.
    timeout
        Timeout of one request, seconds.
    retries
        Number of retries while the service is full, not ready, stopping or unreachable. The delay
        is that of the Retry-After header, at most a minute, else 1 s, 2 s, 4 s … Retries are safe:
        an answer depends on nothing but its request.
    api_key
        API key of the service, which goes to `url` with every request; by default that of the
        environment variable FARSIDE_API_KEY, if there is one.
    transport
        Transport of the HTTP requests, for tests and unusual networks.

    Raises
    ------
    ConnectionFailedError
        `url` is not the address of a service.

    Examples
    --------
    >>> with Client("http://localhost:3000") as client:  # doctest: +SKIP
    ...     hdus = client.generate(observations, references)
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 300.0,
        retries: int = 3,
        api_key: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        _check_address(url)
        self.url = url
        self._retries = retries
        key = (api_key or os.environ.get("FARSIDE_API_KEY", "")).strip()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(
            base_url=url, timeout=timeout, transport=transport, headers=headers
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @overload
    def generate(
        self,
        observations: Source | Iterable[Source],
        references: Source | Iterable[Source] = (),
        model: str | None = None,
        *,
        seed: int | None = None,
    ) -> fits.HDUList: ...

    @overload
    def generate(
        self,
        observations: Source | Iterable[Source],
        references: Source | Iterable[Source] = (),
        model: str | None = None,
        *,
        out: str | Path,
        seed: int | None = None,
    ) -> Path: ...

    def generate(
        self,
        observations: Source | Iterable[Source],
        references: Source | Iterable[Source] = (),
        model: str | None = None,
        *,
        out: str | Path | None = None,
        seed: int | None = None,
    ) -> fits.HDUList | Path:
        """Generate the magnetogram that the spacecraft of `observations` would have measured.

        Parameters
        ----------
        observations, references
            Images of the far-side spacecraft, and of the front side at the epoch of Eq. 5: paths,
            bytes, open files, HDULists or sunpy Maps, one or several.
        model
            Name of one of :meth:`models`; by default the service's default model.
        out
            File to write the product to, atomically.
        seed
            Draw a realisation with this seed instead of the mean.

        Returns
        -------
        HDUList or Path
            The product, or the path `out`.

        Raises
        ------
        FarsideError
            The error raised by the service, with its message and files.
        ConnectionFailedError, DeadlineError
            The service does not answer, or not in time.
        """
        content = self.generate_bytes(observations, references, model, seed)
        if out is None:
            return fits.open(BytesIO(content), lazy_load_hdus=False)
        return _write(Path(out), content)

    def generate_bytes(
        self,
        observations: Source | Iterable[Source],
        references: Source | Iterable[Source] = (),
        model: str | None = None,
        seed: int | None = None,
    ) -> bytes:
        """Generate a product as the bytes of its FITS file; parameters as for :meth:`generate`."""
        content = _set_of(observations, references, model, seed)
        return self._ask("POST", "/generate", **content).content

    def submit(
        self,
        observations: Source | Iterable[Source] = (),
        references: Source | Iterable[Source] = (),
        model: str | None = None,
        *,
        time: Time | str | None = None,
        spacecraft: str = "A",
        beacon: bool = False,
        output: str | None = None,
        seed: int | None = None,
    ) -> Job:
        """Queue a job that generates a magnetogram, for work longer than a request may take.

        A repetition after a lost connection gives the same job.

        Parameters
        ----------
        observations, references
            Files as for :meth:`generate`; or addresses (``"s3://bucket/key"``), which the service
            reads itself where its operator allows it.
        model
            Name of one of :meth:`models`; by default the service's default model.
        time
            Time of an observation, UTC, whose files the service fetches from the public archives
            where its operator allows it, in place of files.
        spacecraft, beacon
            Of the files to fetch: ``"A"`` or ``"B"`` of STEREO, or ``"Earth"``; beacon data only.
        output
            Address to which the service writes the product as well; only with addresses or `time`.
        seed
            Draw a realisation with this seed instead of the mean.

        Raises
        ------
        FarsideError
            The error raised by the service, with its message and files.
        ConnectionFailedError, DeadlineError
            The service does not answer, or not in time.
        """
        observed, referred = listed(observations), listed(references)
        if time is not None:
            moment = time if isinstance(time, str) else time.utc.isot
            body = {"kind": "fetch", "time": moment, "spacecraft": spacecraft, "beacon": beacon}
            content: dict[str, Any] = {"json": body | _given(model=model, output=output, seed=seed)}
        elif output is not None or any(map(is_address, [*observed, *referred])):
            lists = {"observation": observed, "reference": referred}
            body = {"kind": "addresses", **lists}
            content = {"json": body | _given(model=model, output=output, seed=seed)}
        else:
            content = _set_of(observed, referred, model, seed)
        key = {"Idempotency-Key": uuid.uuid4().hex}
        answer = self._ask("POST", "/jobs", headers=key, **content)
        return self.job(JobStatus.model_validate_json(answer.content).id)

    def job(self, name: str) -> Job:
        """Job by its id, such as one that another process submitted; nothing is asked yet."""
        return Job(self, name)

    def synchronic(
        self,
        observed: Source | Iterable[Source] = (),
        generated: Source | Iterable[Source] = (),
        base: Source | None = None,
        *,
        time: Time | str | None = None,
        format: str = "native",  # noqa: A002  # the word of the form
        flux_scale: float = 1.0,
        allow_saturating: bool = False,
    ) -> NamedFile:
        """Merge magnetograms and a base map into a synchronic map of the whole Sun.

        Parameters
        ----------
        observed, generated
            HMI magnetograms, and products of :meth:`generate`.
        base
            Map of GONG, ADAPT, HMI or Farside that fills the unobserved area.
        time
            Time of the map, UTC; by default that of the most recent disk.
        format
            Format of the file: ``"native"``, ``"gong"``, ``"adapt"`` or ``"wsa"``.
        flux_scale
            Factor applied to the field; not for the native format.
        allow_saturating
            Whether to accept products of models whose field saturates.

        Returns
        -------
        NamedFile
            Content and file name, which some formats prescribe; ``put(folder)`` writes it.

        Raises
        ------
        FarsideError
            The error raised by the service, with its message and files.
        ConnectionFailedError, DeadlineError
            The service does not answer, or not in time.
        """
        parts = [
            *(("observed", _part(source)) for source in listed(observed)),
            *(("generated", _part(source)) for source in listed(generated)),
            *([("base", _part(base))] if base is not None else []),
        ]
        data = {
            "format": format,
            "flux_scale": repr(flux_scale),
            "allow_saturating": str(allow_saturating).lower(),
        }
        if time is not None:
            data["time"] = time if isinstance(time, str) else time.utc.isot
        answer = self._ask("POST", "/synchronic", **_form(parts, data))
        return NamedFile(_name(answer), answer.content)

    def models(self) -> Mapping[str, Model]:
        """Models loaded by the service, by name.

        Raises
        ------
        ConnectionFailedError, DeadlineError
            The service does not answer, or not in time.
        """
        return {
            model.recipe.name: model
            for model in map(_model, self._ask("GET", "/models").json()["models"])
        }

    def ready(self) -> bool:
        """Whether the service is ready to generate.

        Raises
        ------
        ConnectionFailedError, DeadlineError
            The service does not answer, or not in time.
        """
        return self._send("GET", "/readyz").is_success

    def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        answer = self._persist(method, path, **content)
        if answer.is_success:
            return answer
        raise _error(answer)

    def _persist(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Send a request, with retries while the service is busy or unreachable."""
        for tried in range(self._retries):
            try:
                answer = self._send(method, path, **content)
            except errors.ConnectionFailedError as error:
                if not isinstance(error.__cause__, CONNECTION_LOST):
                    raise
                time.sleep(min(2.0**tried, MAX_WAIT_S))
                continue
            if answer.status_code not in RETRIED:
                return answer
            time.sleep(_wait_s(answer))
        return self._send(method, path, **content)

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **content)
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            raise errors.DeadlineError(
                f"{self.url} did not answer within {self._http.timeout.read:g} s"
            ) from error
        except httpx.TransportError as error:
            raise errors.ConnectionFailedError(
                f"no service answers at {self.url}: {error}"
            ) from error


@dataclass(frozen=True)
class Job:
    """Job of a service.

    Attributes
    ----------
    id
        Name by which :meth:`Client.job` finds it again; whoever knows it may cancel it.
    """

    client: Client = field(repr=False)
    id: str

    def status(self) -> JobStatus:
        """State, progress and place in the queue.

        Raises
        ------
        UnknownJobError
            It was cancelled or has expired.
        """
        return JobStatus.model_validate_json(self.client._ask("GET", f"/jobs/{self.id}").content)

    def wait(self, timeout: float | None = None, progress: Progress = no_progress) -> JobStatus:
        """Wait until the job is done or has failed.

        Parameters
        ----------
        timeout
            Longest wait, seconds; by default without a limit.
        progress
            Called with the parts done and their number, such as tiles.

        Raises
        ------
        UnknownJobError
            It was cancelled or has expired.
        DeadlineError
            It is not over after `timeout`.
        """
        end = float("inf") if timeout is None else time.monotonic() + timeout
        pause_s, longest_s = POLL_S
        while not (found := self.status()).is_over:
            if found.progress and found.progress.parts:
                progress(found.progress.done, found.progress.parts)
            if time.monotonic() >= end:
                raise errors.DeadlineError(f"the job is {found.state} after {timeout:g} s")
            time.sleep(min(pause_s, max(0.0, end - time.monotonic())))
            pause_s = min(1.5 * pause_s, longest_s)
        return found

    @overload
    def result(self) -> fits.HDUList: ...

    @overload
    def result(self, *, out: str | Path) -> Path: ...

    def result(self, *, out: str | Path | None = None) -> fits.HDUList | Path:
        """Wait for the job, and give its product, or the path `out` that it is written to.

        Raises
        ------
        FarsideError
            The error with which the job failed.
        """
        self.wait()
        content = self.client._ask("GET", f"/jobs/{self.id}/result").content
        if out is None:
            return fits.open(BytesIO(content), lazy_load_hdus=False)
        return _write(Path(out), content)

    def cancel(self) -> None:
        """Cancel the job, or drop its result.

        Raises
        ------
        UnknownJobError
            It was cancelled or has expired before.
        """
        self.client._ask("DELETE", f"/jobs/{self.id}")


def _set_of(
    observations: Source | Iterable[Source],
    references: Source | Iterable[Source],
    model: str | None,
    seed: int | None,
) -> dict[str, Any]:
    """Form of one set of files."""
    parts = [
        *(("observation", _part(source)) for source in _with_side_cars(listed(observations))),
        *(("reference", _part(source)) for source in listed(references)),
    ]
    return {"files": parts, "data": _given(model=model, seed=seed)}


def _given(**values: str | int | None) -> dict[str, str | int]:
    """What is not None."""
    return {name: value for name, value in values.items() if value is not None}


def _part(source: Source) -> _Part:
    """Multipart entry of one file."""
    data, name = bytes_of(source, "", MAX_BYTES)
    # File names in a form must be UTF-8 (RFC 7578, section 5.1.2).
    name = name.encode(errors="replace").decode()
    return name or "image.fits", data, "application/fits"


def _with_side_cars(sources: Sequence[Source]) -> Iterator[Source]:
    """Add to each drawing the side-car file beside it."""
    for source in sources:
        if isinstance(source, str | Path) and not is_address(source):
            yield from with_side_car(Path(source))
        else:
            yield source


def _form(parts: Sequence[tuple[str, _Part]], data: Mapping[str, str]) -> dict[str, Any]:
    """Form data that are sent as multipart even without a file."""
    texts = [(name, (None, value)) for name, value in data.items()]
    return {"files": [*parts, *texts]}


def _name(answer: httpx.Response) -> str:
    found = _NAME.search(answer.headers.get("content-disposition", ""))
    if not found:
        raise errors.ServiceError(
            f"{answer.request.url}: got no plain file name in Content-Disposition, expected one"
        )
    return found[1]


def _write(path: Path, content: bytes) -> Path:
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return path


def _model(card: dict[str, Any]) -> Model:
    recipe = {key: value for key, value in card.items() if key != "identity"}
    return Model(Recipe.from_json(json.dumps(recipe)), card["identity"])


def _wait_s(answer: httpx.Response) -> float:
    """Delay of the Retry-After header, seconds; 1 if it is missing or a date."""
    delay = answer.headers.get("retry-after", "")
    return min(float(delay) if delay.isdecimal() else 1.0, MAX_WAIT_S)


def _check_address(url: str) -> None:
    """Refuse what is not an address of a service, such as one without ``http://``."""
    try:
        parsed = httpx.URL(url)
        known = parsed.scheme in ("http", "https") and bool(parsed.host)
    except httpx.InvalidURL:
        known = False
    if not known:
        raise errors.ConnectionFailedError(
            f"got {url!r} as the address of the service, expected one such as http://localhost:3000"
        )


def _error(answer: httpx.Response) -> errors.FarsideError:
    """Exception described by an error response; ServiceError if it is not one of the service."""
    try:
        refusal = _Refusal.model_validate_json(answer.content)
    except ValidationError:
        if answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
            return errors.RequestError(f"{answer.request.url}: larger than a proxy takes (413)")
        return errors.ServiceError(
            f"{answer.request.url} answered {answer.status_code}, which is not an error response "
            "of the service"
        )
    error = _class(refusal.type)(refusal.error, refusal.files)
    error.add_note(f"request id {refusal.request_id}")
    return error


def _class(name: str) -> type[errors.FarsideError]:
    """Exception class of a name sent by the service; ServiceError if unknown."""
    found = vars(errors).get(name)
    if isinstance(found, type) and issubclass(found, errors.FarsideError):
        return found
    return errors.ServiceError
