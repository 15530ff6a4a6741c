"""The real server, started as a user starts it, and what it is fed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.local_triton.processes import PATIENCE_S, started
from farside.simulation.instruments.files import SimulatedSet
from tests.support.map_files import MapFiles, write_map_files
from tests.support.once import once

ROOT = Path(__file__).resolve().parents[2]

INJECTED = {
    "FARSIDE_SERVICE_HOST": "10.96.14.2",
    "FARSIDE_SERVICE_PORT": "3000",
    "FARSIDE_SERVICE_PORT_HTTP": "3000",
    "FARSIDE_PORT": "tcp://10.96.14.2:3000",
    "FARSIDE_PORT_3000_TCP": "tcp://10.96.14.2:3000",
    "FARSIDE_PORT_3000_TCP_PROTO": "tcp",
    "FARSIDE_PORT_3000_TCP_PORT": "3000",
    "FARSIDE_PORT_3000_TCP_ADDR": "10.96.14.2",
    "FARSIDE_TRITON_SERVICE_HOST": "10.96.14.3",
    "FARSIDE_TRITON_PORT": "tcp://10.96.14.3:8001",
    "FARSIDE_NAME": "/web/farside",
    "FARSIDE_ENV_PATH": "/usr/bin",
}
"""What a cluster with Services named farside and farside-triton injects, and a Docker link: the
service starts with it."""


@dataclass(frozen=True)
class Server:
    """A running service.

    Attributes
    ----------
    process
        What ``bentoml serve`` started as.
    scratch
        Its folder for temporary files, and nobody else's.
    """

    url: str
    process: subprocess.Popen[bytes]
    scratch: Path
    log: Path

    def scratch_files(self) -> dict[Path, int]:
        """Regular files in the folder for temporary files, and their sizes."""
        found = (path for path in self.scratch.rglob("*") if path.is_file())
        return {path: path.stat().st_size for path in found}


@contextmanager
def serving(
    folder: Path,
    what: str = "service.app:FarsideService",
    before: tuple[str, ...] = (),
    **settings: object,
) -> Iterator[Server]:
    """Run ``bentoml serve`` with `settings` until the block ends, `before` it a command."""
    port, scratch, logged = free_port(), folder / "tmp", folder / "log"
    scratch.mkdir(parents=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FARSIDE_")} | {
        "BENTOML_HOME": str(folder / "bentoml"),
        "TMPDIR": str(scratch),
        "OMP_NUM_THREADS": "1",
        "FARSIDE_DEADLINE_S": str(PATIENCE_S),
        **{name: os.environ[name] for name in ("FARSIDE_CACHE",) if name in os.environ},
        **INJECTED,
        **{f"FARSIDE_{name.upper()}": str(value) for name, value in settings.items()},
    }
    command = [*before, sys.executable, "-m", "bentoml", "serve", what]
    command += ["--host", "127.0.0.1", "--port", str(port), "--timeout-keep-alive", "75"]
    with (
        logged.open("wb") as log,
        started(command, log, environment, ROOT, signal.SIGINT) as process,
    ):
        server = Server(f"http://127.0.0.1:{port}", process, scratch, logged)
        wait_until_ready(f"{server.url}/readyz", process, logged)
        yield server


def wait_until_ready(
    url: str, process: subprocess.Popen[bytes], log: Path, every_s: float = 0.2
) -> None:
    """Wait for the first good answer; say what the process wrote if it ends or takes too long."""
    end = time.monotonic() + PATIENCE_S
    with httpx.Client(timeout=PATIENCE_S) as client:
        while process.poll() is None and time.monotonic() < end:
            try:
                if client.get(url).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(every_s)
    pytest.fail(f"{url} did not answer:\n{log.read_text()[-4000:]}")


def eventually(promise: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait until a condition holds, with a generous timeout."""
    end = time.monotonic() + seconds
    while not promise():
        assert time.monotonic() < end
        time.sleep(0.02)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def map_files(simulated: SimulatedSet, tmp_path_factory: pytest.TempPathFactory) -> MapFiles:
    """Disks and a base map of the time of the scene's HMI file."""
    return write_map_files(tmp_path_factory.mktemp("map_files"), simulated)


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model repository with one tiny untrained network."""
    return once(tmp_path_factory, "repository", write_repository)


def write_repository(folder: Path) -> Path:
    """Write the model ``tiny`` into a repository."""
    import torch  # takes seconds and 180 MB, and most tests need none of this

    from farside.model import checkpoint
    from farside.model.networks.pix2pixcc import Generator
    from tests.support.tiny_recipe import recipe

    torch.manual_seed(7)
    network = Generator(7, 1, n_gf=4, n_downsample=2, n_residual=1)
    path = folder / "tiny" / "1" / checkpoint.FILE_NAME
    path.parent.mkdir(parents=True)
    checkpoint.write(path, network.state_dict(), recipe())
    return folder


@pytest.fixture(scope="session")
def server(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service with that repository."""
    with serving(
        tmp_path_factory.mktemp("server"),
        model_repository=repository,
        threads=1,
        max_upload_mb=40,
        waiting=16,
        jobs=tmp_path_factory.mktemp("jobs"),
    ) as running:
        yield running
