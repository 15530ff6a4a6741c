"""Clients that send slowly, without end, or in crumbs: the real server goes on serving others."""

from __future__ import annotations

import asyncio
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
import uvicorn.config
from uvicorn.config import Config
from uvicorn.server import ServerState

from deploy.local_triton.processes import PATIENCE_S
from farside.simulation.instruments.files import SimulatedSet
from service.connection import FIRST_CHUNKS, HEAD_S, READ_BYTES, BoundedConnection, install
from tests.support.live import Server, serving

ATTACK_S = 30
"""How long each kind of greedy client is let do."""

FILE_NAME = "long-turns"
"""What :mod:`tests.service.measured_app` writes among its temporary files."""

FORM = b"POST /generate HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
PART = b'--b\r\nContent-Disposition: form-data; name="observation"; filename="a"\r\n\r\n'


@contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    address = urlsplit(server.url)
    with socket.create_connection(
        (address.hostname, address.port or 0), timeout=PATIENCE_S
    ) as wire:
        yield wire


def answer(wire: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    pieces = []
    try:
        while piece := wire.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def send(wire: socket.socket, data: bytes) -> None:
    """Send what the server still takes."""
    with suppress(BrokenPipeError, ConnectionResetError):
        wire.sendall(data)


@pytest.mark.parametrize("size", [1, 100])
def test_a_body_in_crumbs_ends_its_connection(server: Server, size: int) -> None:
    with connected(server) as wire:
        head = FORM + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(PART), PART)
        send(wire, head + b"%x\r\n%s\r\n" % (size, b"x" * size) * (2 * FIRST_CHUNKS))
        assert answer(wire).startswith(b"HTTP/1.1 400")


def test_thousands_of_requests_before_the_first_answer_end_their_connection(
    server: Server,
) -> None:
    with connected(server) as wire:
        send(wire, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 5000)
        assert answer(wire).count(b"HTTP/1.1 200") < 5000


def test_one_client_is_read_in_small_pieces_between_which_others_have_their_turn() -> None:
    sizes: list[int] = []

    class Counted(BoundedConnection):
        def data_received(self, data: bytes) -> None:
            sizes.append(len(data))

    async def story() -> None:
        config = Config(lambda: None)
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(
            lambda: Counted(config, ServerState(), {}), "127.0.0.1", 0
        )
        async with listening:
            _, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
            writer.write(bytes(10**6))
            while sum(sizes) < 10**6:
                await asyncio.sleep(0.01)
            writer.close()

    asyncio.run(story())
    assert max(sizes) <= READ_BYTES


def test_idle_connections_may_be_as_many_as_the_system_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uvicorn.config, "HTTP_PROTOCOLS", {})
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
    try:
        install()
        raised, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert raised == (soft - 1 if hard == resource.RLIM_INFINITY else hard)


@pytest.mark.parametrize(
    "endless",
    [
        b"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 10**6,
        b"GET /" + b"a" * 10**6,
        b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 10**5,
        FORM + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 10**5,
        FORM + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 10**6,
    ],
    ids=["header", "address", "headers", "trailers", "extension"],
)
def test_what_is_neither_head_nor_body_is_not_read_without_end(
    server: Server, endless: bytes
) -> None:
    with connected(server) as wire:
        send(wire, endless)
        assert answer(wire)[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 404", b""}


def test_heads_that_do_not_end_are_closed_and_keep_nobody_out(server: Server) -> None:
    with ExitStack() as open_:
        wires = [open_.enter_context(connected(server)) for _ in range(100)]
        for wire in wires[1:]:
            send(wire, b"GET /livez HTTP/1.1\r\nX-A: ")
        assert httpx.get(f"{server.url}/livez", timeout=PATIENCE_S).is_success
        for wire in wires:
            assert answer(wire) == b""


def test_dripping_uploads_keep_no_good_client_out(server: Server, simulated: SimulatedSet) -> None:
    parts = [("observation", (p.name, p.read_bytes())) for p in simulated.observations]
    parts += [("reference", (p.name, p.read_bytes())) for p in simulated.references]
    with ExitStack() as open_:
        for _ in range(9):
            wire = open_.enter_context(connected(server))
            send(wire, FORM + b"Content-Length: 1000000\r\n\r\n" + PART)
        assert (
            httpx.post(f"{server.url}/generate", files=parts, timeout=PATIENCE_S).status_code == 200
        )


def crumbs(server: Server, stop: threading.Event) -> None:
    """Send bodies in chunks of one byte, again whenever the server has enough of them."""
    head = FORM + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(PART), PART)
    while not stop.is_set():
        with connected(server) as wire:
            send(wire, head + b"1\r\nx\r\n" * 100_000)
            answer(wire)  # else all lies in buffers, and the next connection comes at once


def heads(server: Server, stop: threading.Event) -> None:
    """Hold connections whose heads do not end, 250 at a time."""
    while not stop.is_set():
        with ExitStack() as open_:
            for _ in range(250):
                send(open_.enter_context(connected(server)), b"GET /livez HTTP/1.1\r\nX-A: ")
            stop.wait(HEAD_S)


def drips(server: Server, stop: threading.Event) -> None:
    """Upload a byte a second, again whenever the server has waited enough."""
    while not stop.is_set():
        with connected(server) as wire:
            send(wire, FORM + b"Content-Length: 1000000\r\n\r\n" + PART)
            with suppress(OSError):
                while not stop.wait(1):
                    wire.sendall(b"x")


@pytest.fixture(scope="module")
def measured(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    what, folder = "tests.service.measured_app:FarsideService", tmp_path_factory.mktemp("server")
    with serving(folder, what, model_repository=repository, threads=1) as running:
        yield running


@pytest.mark.soak
@pytest.mark.parametrize(("attack", "clients"), [(crumbs, 8), (heads, 8), (drips, 9)])
def test_the_event_loop_has_no_turn_of_a_second_whatever_greedy_clients_send(
    measured: Server, attack: Callable[[Server, threading.Event], None], clients: int
) -> None:
    """So `/livez` answers within one on a processor of its own; what else runs does not count."""
    turns = measured.scratch / FILE_NAME
    before = len(turns.read_text().splitlines())  # of the start
    begun, stop, waits = time.monotonic(), threading.Event(), []
    with ThreadPoolExecutor(clients) as greedy:
        attacks = [greedy.submit(attack, measured, stop) for _ in range(clients)]
        try:
            while time.monotonic() < begun + ATTACK_S:
                begin = time.monotonic()
                assert httpx.get(f"{measured.url}/livez", timeout=PATIENCE_S).is_success
                waits.append(time.monotonic() - begin)
                time.sleep(0.2)
        finally:
            stop.set()
        for one in attacks:
            one.result()
    long = [float(line.split()[0]) for line in turns.read_text().splitlines()[before:]]
    print(  # noqa: T201
        f"/livez {len(waits)} times, median {median(waits):.3f} s, worst {max(waits):.3f} s; "
        f"longest turn of the loop {max(long, default=0):.3f} s of processor time"
    )
    assert max(long, default=0) < 1


def test_the_service_listens_on_its_own_port_and_no_other(server: Server) -> None:
    started = psutil.Process(server.process.pid)
    listening = {
        connection.laddr.port
        for process in (started, *started.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {urlsplit(server.url).port}
