"""Programs and services of several checkouts of Farside, each in its own environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import psutil

from tests.support.live import free_port, wait_until_ready

APP = "service.app:FarsideService"


@dataclass(frozen=True)
class Cost:
    """What a program took.

    Attributes
    ----------
    processor_s
        Seconds of all its threads and of the processes that it waited for.
    output
        What it printed.
    """

    wall_s: float
    processor_s: float
    output: str


@dataclass(frozen=True)
class Service:
    """Running service of a checkout.

    Attributes
    ----------
    ready_s, ready_processor_s
        Seconds by the clock and of the processor until it was ready.
    """

    url: str
    process: psutil.Process
    ready_s: float
    ready_processor_s: float

    def processor_s(self) -> float:
        """Processor seconds of all its processes so far."""
        return processor_s(self.process)

    def memory_mb(self) -> float:
        """Resident memory of all its processes."""
        return float(sum(each.memory_info().rss for each in _tree(self.process))) / 1e6


def processor_s(process: psutil.Process) -> float:
    """Processor seconds so far of a process and those below it."""
    times = [each.cpu_times() for each in _tree(process)]
    return float(sum(each.user + each.system for each in times))


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


@dataclass(frozen=True)
class Checkout:
    """A checkout of Farside with its environment in ``.venv``."""

    name: str
    root: Path

    def python(self, *arguments: object, **settings: object) -> Cost:
        """Run the environment's Python in the checkout until it ends.

        Raises
        ------
        RuntimeError
            It failed; with the end of what it printed.
        """
        start = time.perf_counter()
        with (
            TemporaryFile("w+") as printed,
            subprocess.Popen(  # noqa: S603  our own command
                [self._python, *map(str, arguments)],
                cwd=self.root,
                env=self._environment(settings),
                stdout=printed,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            _, status, used = os.wait4(process.pid, 0)
            wall_s = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            printed.seek(0)
            output = printed.read()
        if process.returncode:
            raise RuntimeError(f"{self.root}: {arguments[:3]} failed:\n{output[-4000:]}")
        return Cost(wall_s, used.ru_utime + used.ru_stime, output)

    def answer(self, code: str, *arguments: object) -> Any:
        """Run lines of Python; return the JSON that they print last."""
        return json.loads(self.python("-c", code, *arguments).output.splitlines()[-1])

    @contextmanager
    def serving(self, folder: Path, **settings: object) -> Iterator[Service]:
        """Run the service until the block ends, with a log in `folder`."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = ["bentoml", "serve", APP, "--host", "127.0.0.1"]
        command += ["--port", str(port), "--timeout-keep-alive", "75"]
        environment = self._environment(settings) | {"BENTOML_HOME": str(folder / "bentoml")}
        start = time.perf_counter()
        with self._running(command, environment, folder, f"{url}/readyz") as running:
            ready_s = time.perf_counter() - start
            yield Service(url, running, ready_s, processor_s(running))

    @contextmanager
    def serving_triton(self, repository: Path, folder: Path) -> Iterator[str]:
        """Run its Triton until the block ends, with a log in `folder`; yield the address."""
        modules = ("deploy.local_triton.server", "tests.tritonserver")  # the second is of 7696a70
        here = [each for each in modules if (self.root / f"{each.replace('.', '/')}.py").exists()]
        ports = {what: free_port() for what in ("grpc", "http", "metrics")}
        command = [here[0], str(repository)]
        command += [f"--{what}-port={port}" for what, port in ports.items()]
        ready = f"http://127.0.0.1:{ports['http']}/v2/health/ready"
        with self._running(command, self._environment({}), folder, ready):
            yield f"127.0.0.1:{ports['grpc']}"

    @contextmanager
    def _running(
        self, module: Sequence[str], environment: Mapping[str, str], folder: Path, ready: str
    ) -> Iterator[psutil.Process]:
        """Run a module until the block ends, which begins once the address `ready` answers."""
        folder.mkdir(parents=True)
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(  # noqa: S603  our own command
                [self._python, "-m", *module],
                cwd=self.root,
                env=environment,
                stdout=log,
                stderr=log,
            ) as process,
        ):
            try:
                running = psutil.Process(process.pid)
                wait_until_ready(ready, process, folder / "log", every_s=0.05)
                yield running
            finally:
                process.send_signal(signal.SIGINT)

    @property
    def _python(self) -> str:
        return str(self.root / ".venv/bin/python")

    def _environment(self, settings: Mapping[str, object]) -> dict[str, str]:
        """The environment of users: byte code is kept, no setting is inherited."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FARSIDE_")}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        given = {f"FARSIDE_{name.upper()}": str(value) for name, value in settings.items()}
        return kept | given | {"PYTHONPATH": str(self.root), "BENTOML_DO_NOT_TRACK": "true"}
