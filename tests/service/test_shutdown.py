"""SIGTERM: what runs is finished, new work is refused, and no client loses a product."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from deploy.local_triton.processes import PATIENCE_S
from farside.client import Client
from farside.errors import StoppingError
from farside.simulation.instruments.files import SimulatedSet
from service.metrics import Metrics
from service.settings import Settings
from service.shutdown import SIGNALS, GracefulShutdown
from service.worker import IDLE_POLL_S, Worker
from tests.service.fakes import FakeEngine
from tests.support.live import Server, eventually, serving


@contextmanager
def half_sent(server: Server, files: SimulatedSet) -> Iterator[list[httpx.Response]]:
    """Post a set of which the rest comes at the end of the block; the list then has the answer."""
    parts = [("observation", (p.name, p.read_bytes())) for p in files.observations]
    parts += [("reference", (p.name, p.read_bytes())) for p in files.references]
    request = httpx.Request("POST", f"{server.url}/generate", files=parts)
    body, rest, answers = request.read(), threading.Event(), []

    def pieces() -> Iterator[bytes]:
        yield body[:1000]
        rest.wait()
        yield body[1000:]

    def post() -> None:
        kind = {"content-type": request.headers["content-type"]}
        answers.append(httpx.post(request.url, content=pieces(), headers=kind, timeout=PATIENCE_S))

    poster = threading.Thread(target=post)
    poster.start()
    try:
        in_flight = "farside_requests_in_flight 1.0"
        eventually(lambda: in_flight in httpx.get(f"{server.url}/metrics").text)
        yield answers
    finally:
        rest.set()
        poster.join()


def test_sigterm_finishes_what_runs_refuses_what_is_new_and_ends_with_0(
    repository: Path, simulated: SimulatedSet, tmp_path: Path
) -> None:
    with (
        serving(tmp_path, model_repository=repository, threads=1) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_S) as kept,
    ):
        assert kept.get("/readyz").status_code == 200
        with half_sent(server, simulated) as answers:
            server.process.send_signal(signal.SIGTERM)
            eventually(lambda: httpx.get(f"{server.url}/readyz").status_code == 503)
            refused = kept.post("/generate", files={"observation": b"x"})
            assert (refused.status_code, refused.json()["type"]) == (503, "StoppingError")
            assert refused.headers["connection"] == "close"
            assert "retry-after" in refused.headers
            assert kept.get("/livez").status_code == 200
            assert answers == []
        (answer,) = answers
        assert answer.status_code == 200
        assert server.process.wait(PATIENCE_S) == 0
        assert "stopping: SIGTERM, 1 requests to finish" in server.log.read_text()


def test_ctrl_c_which_reaches_a_worker_as_two_signals_stops_it_once_and_when_idle() -> None:
    ended: list[int] = []
    before = {number: signal.getsignal(number) for number in SIGNALS}
    worker = Worker(Settings(), FakeEngine(), Metrics(CollectorRegistry()))

    async def story() -> None:
        for number in SIGNALS:
            signal.signal(number, lambda got, _: ended.append(got))
        GracefulShutdown(worker)
        with worker.admit(""):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            with pytest.raises(StoppingError), worker.admit(""):
                pass
            await asyncio.sleep(3 * IDLE_POLL_S)
            assert ended == []
        await asyncio.sleep(3 * IDLE_POLL_S)

    try:
        asyncio.run(story())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        worker.close()
    assert ended == [signal.SIGINT]


@dataclass
class Balancer:
    """What stands before several services: each new connection goes to one that is ready."""

    url: str = ""
    servers: list[Server] = field(default_factory=list)
    _turn: int = 0

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._turn += 1
        server = self.servers[self._turn % len(self.servers)]
        try:
            port = int(server.url.rpartition(":")[2])
            upstream, downstream = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, downstream), _pump(upstream, writer))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Listen in a thread of its own."""
        loop = asyncio.new_event_loop()
        listener = loop.run_until_complete(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self.url = "http://{}:{}".format(*listener.sockets[0].getsockname())
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            listener.close()
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0.1))
            loop.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@pytest.mark.soak
def test_a_rolling_restart_with_clients_loses_no_product(
    repository: Path, simulated: SimulatedSet, tmp_path: Path
) -> None:
    balancer, over = Balancer(), threading.Event()

    def ask(_: int) -> int:
        """Ask for products, one after another, until the restart is over; count them."""
        made = 0
        with Client(balancer.url, timeout=PATIENCE_S) as client:
            while not over.is_set():
                hdus = client.generate(simulated.observations, simulated.references)
                made += len(hdus) > 0
        return made

    def start(name: str, stack: ExitStack) -> Server:
        return stack.enter_context(
            serving(tmp_path / name, model_repository=repository, threads=1, retry_after_s=1)
        )

    with ExitStack() as stack, ThreadPoolExecutor(4) as clients:
        balancer.servers = [start(name, stack) for name in ("a1", "b1")]
        stack.enter_context(balancer.running())
        counts = [clients.submit(ask, one) for one in range(4)]
        try:
            for place, name in enumerate(("a2", "b2")):
                newer = start(name, stack)
                # As Kubernetes does: the new one is ready, the old one told to stop at the very
                # moment at which new connections cease to go there.
                older, balancer.servers[place] = balancer.servers[place], newer
                older.process.send_signal(signal.SIGTERM)
                assert older.process.wait(PATIENCE_S) == 0
        finally:
            over.set()
        made = [count.result() for count in counts]
    assert all(made), made
