"""Clients that send slowly, without end, or in crumbs: the real server goes on serving others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from deploy.local_triton.processes import PATIENCE_S
from farside.simulation.instruments.files import SimulatedSet
from service.connection import FIRST_CHUNKS, READ_BYTES, BoundedConnection
from tests.support.live import Server

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


def test_the_service_listens_on_its_own_port_and_no_other(server: Server) -> None:
    started = psutil.Process(server.process.pid)
    listening = {
        connection.laddr.port
        for process in (started, *started.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {urlsplit(server.url).port}
