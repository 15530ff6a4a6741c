"""A real Prometheus, from Debian's package, on loopback."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import httpx
import pytest
import yaml

from deploy.local_triton.processes import PATIENCE_S, started
from tests.support.live import ROOT, free_port, wait_until_ready

MONITORING = ROOT / "monitoring"


class Sample(TypedDict):
    """One series of an answer: its labels, and time and value as Prometheus writes them."""

    metric: dict[str, str]
    value: tuple[float, str]


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    url: str

    def query(self, expression: str) -> list[Sample]:
        """Ask for the value now."""
        asked = {"query": expression}
        answer = httpx.get(f"{self.url}/api/v1/query", params=asked, timeout=PATIENCE_S)
        body = answer.json()
        assert body["status"] == "success", (expression, body)
        found: list[Sample] = body["data"]["result"]
        return found


def program(name: str) -> str:
    """Find a program of the packages, or pass the test over."""
    found = shutil.which(name)
    package = {"amtool": "prometheus-alertmanager"}.get(name, "prometheus")
    if found is None:
        pytest.skip(f"no {name} here: apt-get install {package}")
    return found


@contextmanager
def watching(folder: Path, targets: Mapping[str, str]) -> Iterator[Prometheus]:
    """Run it with our configuration, but for addresses and intervals, until the block ends.

    Parameters
    ----------
    targets
        Addresses by the name of the job; a job without one is left out.
    """
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    config["global"] = dict.fromkeys(config["global"], "1s")
    config["rule_files"] = [str(MONITORING / path) for path in config["rule_files"]]
    del config["alerting"]
    jobs = [job for job in config["scrape_configs"] if job["job_name"] in targets]
    for job in jobs:
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
    config["scrape_configs"] = jobs
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    server = Prometheus(f"http://127.0.0.1:{free_port()}")
    command = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={server.url.removeprefix('http://')}",
    ]
    logged = folder / "log"
    with logged.open("wb") as log, started(command, log) as process:
        wait_until_ready(f"{server.url}/-/ready", process, logged)
        yield server
