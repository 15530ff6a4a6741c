"""Triton Inference Server on the CPU, from the wheel that ``make triton`` unpacks.

``python -m deploy.local_triton.server model_repository`` serves a repository until it is
interrupted. The wheel lacks the pytorch and onnxruntime backends, so Python backends stand in for
them; every ``config.pbtxt`` is served as in production.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import httpx
from tritonclient.grpc import InferenceServerClient

from deploy.local_triton.processes import PATIENCE_S, following

ROOT = Path(__file__).resolve().parents[2]
BACKENDS = Path(__file__).resolve().parent / "backends"
WHEEL = ROOT / ".triton" / "pytriton" / "tritonserver"
STUB_NAME = "triton_python_backend_stub"
LIBRARIES = ROOT / ".triton" / "nvidia_pytriton.libs"
STUB = f"python_backend_stubs/{sys.version_info.major}.{sys.version_info.minor}"


@dataclass
class TritonServer:
    """Triton server that can be killed and restarted at the same addresses.

    Attributes
    ----------
    repository
        Model repository.
    scratch
        Folder for backends and log.
    grpc_port, http_port, metrics_port
        Ports on the loopback interface.
    """

    repository: Path
    scratch: Path
    grpc_port: int
    http_port: int
    metrics_port: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Address of the gRPC endpoint, ``host:port``."""
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def log(self) -> Path:
        """Path of the server's log."""
        return self.scratch / "triton.log"

    @property
    def _regions(self) -> str:
        return f"farside-triton-{self.grpc_port}-"

    def client(self) -> InferenceServerClient:
        """Open a client of NVIDIA's tritonclient package."""
        return InferenceServerClient(self.url)

    def metrics(self) -> str:
        """Text of the Prometheus endpoint."""
        return httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=PATIENCE_S).text

    def launch(self, quiet: bool = True) -> subprocess.Popen[bytes]:
        """Start the process without waiting for it to serve."""
        with self.log.open("ab") if quiet else open(os.dup(2), "wb") as log:  # noqa: PTH123
            self.process = subprocess.Popen(  # noqa: S603  our own command
                following(self._command()), env=_environment(), stdout=log, stderr=log
            )
        return self.process

    def start(self) -> None:
        """Start the process and wait until it accepts gRPC connections."""
        process = self.launch()
        end = time.monotonic() + PATIENCE_S
        with grpc.insecure_channel(self.url, _RECONNECT) as channel:
            while process.poll() is None and time.monotonic() < end:
                try:
                    grpc.channel_ready_future(channel).result(timeout=0.5)
                except grpc.FutureTimeoutError:
                    continue
                return
        self.kill()
        raise RuntimeError(f"Triton did not start:\n{self.log.read_text()[-4000:]}")

    def kill(self) -> None:
        """Kill the server as ``kill -9`` does, and remove its shared memory from /dev/shm."""
        stubs = self.stubs()
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE_S)
        for pid in stubs:
            _signal(pid, signal.SIGKILL)
        for path in Path("/dev/shm").glob(f"{self._regions}*"):  # noqa: S108
            path.unlink(missing_ok=True)

    def stubs(self, model: str = "") -> list[int]:
        """Process ids of the Python backend stubs, of one model or of all."""
        if self.process is None:
            return []
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        found = [pid for listed in children for pid in _words(listed)]
        commands = {int(pid): _command_line(pid) for pid in found}
        return [
            pid for pid, command in commands.items() if STUB_NAME in command and model in command
        ]

    def _command(self) -> list[str]:
        addresses = [
            f"--{what}-{key}={value}"
            for what, port in (
                ("grpc", self.grpc_port),
                ("http", self.http_port),
                ("metrics", self.metrics_port),
            )
            for key, value in (("address", "127.0.0.1"), ("port", port))
        ]
        return [
            str(WHEEL / "bin" / "tritonserver"),
            f"--model-repository={self.repository}",
            f"--backend-directory={_backends(self.scratch)}",
            f"--backend-config=python,shm-region-prefix-name={self._regions}",
            f"--backend-config=python,stub-timeout-seconds={PATIENCE_S}",
            f"--cache-directory={WHEEL / 'caches'}",
            "--disable-auto-complete-config",  # else each backend starts twice
            "--model-control-mode=explicit",
            *(f"--load-model={name}" for name in servable(self.repository)),
            "--exit-timeout-secs=5",
            *addresses,
        ]


_RECONNECT = (("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 200))


def servable(repository: Path) -> list[str]:
    """Names of the models that run without a GPU: all but TensorRT plans."""
    return sorted(
        path.parent.name
        for path in repository.glob("*/config.pbtxt")
        if "tensorrt_plan" not in path.read_text()
    )


def require_wheel() -> None:
    """Check that the server is installed.

    Raises
    ------
    FileNotFoundError
        If the wheel is missing or of another Python version.
    """
    if not (WHEEL / "bin" / "tritonserver").is_file():
        raise FileNotFoundError(f"no Triton Inference Server in {WHEEL}: run `make triton`")
    if not (WHEEL / STUB).is_dir():
        raise FileNotFoundError(
            f"the Triton of {WHEEL} has no {STUB}: expected one for this Python"
        )


@contextmanager
def triton_serving(repository: Path, scratch: Path) -> Iterator[TritonServer]:
    """Serve a model repository until the block ends."""
    require_wheel()
    server = TritonServer(repository, scratch, *_free_ports())
    try:
        server.start()
        yield server
    finally:
        server.kill()


def _backends(scratch: Path) -> Path:
    """Copy the wheel's Python backend and our stand-ins into one folder of backends."""
    folder = scratch / "backends"
    if not folder.exists():
        shutil.copytree(WHEEL / "backends" / "python", folder / "python")
        shutil.copy(WHEEL / STUB / STUB_NAME, folder / "python")
        for source in BACKENDS.glob("*/model.py"):
            (folder / source.parent.name).mkdir()
            shutil.copy(source, folder / source.parent.name)
    return folder


def _environment() -> dict[str, str]:
    """Environment variables that let the backends run in this Python environment."""
    own = Path(sys.executable).parent
    return os.environ | {
        "PATH": f"{own}{os.pathsep}{os.environ.get('PATH', '')}",
        # For the stub: the library of this Python, and those in the wheel.
        "LD_LIBRARY_PATH": f"{sysconfig.get_config_var('LIBDIR')}{os.pathsep}{LIBRARIES}",
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
    }


def _free_ports() -> tuple[int, int, int]:
    probes = [socket.socket() for _ in range(3)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        grpc_port, http_port, metrics_port = (probe.getsockname()[1] for probe in probes)
    finally:
        for probe in probes:
            probe.close()
    return grpc_port, http_port, metrics_port


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:  # the thread has ended
        return []


def _command_line(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def main() -> None:
    """Serve a repository until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--grpc-port", type=int, default=8001)
    parser.add_argument("--http-port", type=int, default=8000)
    parser.add_argument("--metrics-port", type=int, default=8002)
    given = parser.parse_args()
    try:
        require_wheel()
    except FileNotFoundError as error:
        raise SystemExit(str(error)) from error
    if not servable(given.repository):
        raise SystemExit(f"nothing to serve in {given.repository}: run `make models` first")
    ports = (given.grpc_port, given.http_port, given.metrics_port)
    with tempfile.TemporaryDirectory() as scratch:
        server = TritonServer(given.repository.resolve(), Path(scratch), *ports)
        process = server.launch(quiet=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: process.terminate())
        try:
            raise SystemExit(process.wait())
        finally:
            server.kill()


if __name__ == "__main__":
    main()
