"""Places, turns, deadlines and clients that leave: the real endpoints around a one-line network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

import httpx
import numpy as np
import pytest
from starlette.types import ASGIApp, Message

from deploy.local_triton.processes import PATIENCE_S
from farside.errors import EngineFailedError
from farside.magnetogram.magnetogram import Magnetogram
from farside.simulation.instruments.files import SimulatedSet
from service.settings import Settings
from tests.service.fakes import FakeEngine, service, service_of, worker_of
from tests.support.moved_files import with_cards

Parts = list[tuple[str, tuple[str, bytes]]]


@pytest.fixture(scope="module")
def files(simulated: SimulatedSet) -> Parts:
    return parts_of(simulated)


def parts_of(written: SimulatedSet) -> Parts:
    roles = {"observation": written.observations, "reference": written.references}
    return [(role, (p.name, p.read_bytes())) for role, paths in roles.items() for p in paths]


def with_field_reversed(part: tuple[str, tuple[str, bytes]]) -> tuple[str, tuple[str, bytes]]:
    """The same magnetogram of the opposite polarity."""
    role, (name, content) = part
    return role, (name, with_cards(content, BSCALE=f"{-0.1:>20}"))


@asynccontextmanager
async def client_of(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sun.test") as client:
        yield client


async def shown(client: httpx.AsyncClient, number: str) -> None:
    """Wait until the metrics show a number."""
    async with asyncio.timeout(PATIENCE_S):
        while number not in (await client.get("/metrics")).text:
            await asyncio.sleep(0.02)


async def begun(engine: FakeEngine) -> None:
    """Wait until a forward has begun."""
    assert await asyncio.to_thread(engine.begun.acquire, timeout=PATIENCE_S)


async def post_and_leave(app: ASGIApp, files: Parts, leave: asyncio.Event) -> int:
    """Post as a client that closes the connection once `leave` is set; give the status."""
    request = httpx.Request("POST", "http://sun.test/generate", files=files)
    body = [request.read()]
    status: list[int] = []

    async def receive() -> Message:
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    headers = [(key.lower(), value) for key, value in request.headers.raw]
    scope = {"type": "http", "method": "POST", "path": "/generate", "headers": headers}
    await app(scope | {"query_string": b"", "raw_path": b"/generate"}, receive, send)
    return status[0]


def test_seven_files_become_a_product_that_says_what_made_it(files: Parts) -> None:
    async def story() -> httpx.Response:
        async with client_of(service(FakeEngine())) as client:
            return await client.post("/generate", files=files, data={"model": "tiny"})

    answer = asyncio.run(story())
    assert answer.status_code == 200, answer.text
    product = Magnetogram.read(BytesIO(answer.content))
    assert answer.headers["content-type"] == "application/fits"
    assert answer.headers["x-farside-model"] == "tiny 1"
    assert answer.headers["x-farside-identity"] == "ab" * 32
    bits, *names = answer.headers["x-farside-quality"].split()
    assert (int(bits), tuple(names)) == (product.quality, product.quality.names())
    assert "farside_STEREO_A_20260214T0000" in answer.headers["content-disposition"]
    assert len(product.inputs) == 7


def test_the_order_of_the_files_does_not_matter(files: Parts) -> None:
    async def story() -> list[Magnetogram]:
        async with client_of(service(FakeEngine())) as client:
            orders = (files, files[::-1])
            answers = [await client.post("/generate", files=order) for order in orders]
            return [Magnetogram.read(BytesIO(answer.content)) for answer in answers]

    one, other = asyncio.run(story())
    assert np.array_equal(one.image, other.image, equal_nan=True)


def test_a_picture_is_a_png(files: Parts) -> None:
    async def story() -> httpx.Response:
        async with client_of(service(FakeEngine())) as client:
            return await client.post("/generate", files=files, data={"format": "png"})

    answer = asyncio.run(story())
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG\r\n")


def test_past_the_queue_requests_are_refused_and_the_queue_is_served(files: Parts) -> None:
    engine = FakeEngine()
    engine.go.clear()

    async def story() -> tuple[httpx.Response, list[httpx.Response]]:
        settings = Settings(queue_size=1, waiting=0, retry_after_s=7)
        async with client_of(service(engine, settings)) as client:
            waiting = [asyncio.create_task(client.post("/generate", files=files)) for _ in range(2)]
            await begun(engine)
            refused = await client.post("/generate", files=files)
            engine.go.set()
            return refused, await asyncio.gather(*waiting)

    refused, served = asyncio.run(story())
    assert refused.status_code == 429
    assert refused.json()["type"] == "OverloadedError"
    assert refused.headers["retry-after"] == "7"
    assert [answer.status_code for answer in served] == [200, 200]
    assert engine.most_at_once == 1


def test_files_of_the_next_request_are_read_while_the_network_runs(files: Parts) -> None:
    engine = FakeEngine()
    engine.go.clear()

    async def story() -> None:
        async with client_of(service(engine)) as client:
            first = asyncio.create_task(client.post("/generate", files=files))
            await begun(engine)
            second = asyncio.create_task(client.post("/generate", files=files))
            await shown(client, 'seconds_count{stage="prepare"} 2.0')
            assert (engine.at_once, engine.sizes) == (1, [])
            engine.go.set()
            assert [answer.status_code for answer in await asyncio.gather(first, second)] == [
                200
            ] * 2

    asyncio.run(story())


def test_requests_that_wait_run_together_where_it_pays_and_each_gets_its_own(files: Parts) -> None:
    other = [*files[:-1], with_field_reversed(files[-1])]
    engine = FakeEngine(batch=4)
    engine.go.clear()

    async def story() -> list[httpx.Response]:
        async with client_of(service(engine)) as client:
            first = asyncio.create_task(client.post("/generate", files=files))
            await begun(engine)
            asked = [client.post("/generate", files=sent) for sent in (other, files, other)]
            others = [asyncio.create_task(one) for one in asked]
            await shown(client, 'queue_depth{stage="infer"} 3.0')
            engine.go.set()
            return await asyncio.gather(first, *others)

    images = [Magnetogram.read(answer.content).image for answer in asyncio.run(story())]
    assert engine.sizes == [1, 3]
    assert np.array_equal(images[0], images[2], equal_nan=True)
    assert np.array_equal(images[1], images[3], equal_nan=True)
    assert not np.array_equal(images[0], images[1], equal_nan=True)


def test_at_triton_requests_are_side_by_side_so_that_it_can_batch_them(files: Parts) -> None:
    engine = FakeEngine()
    engine.go.clear()

    async def story() -> list[int]:
        settings = Settings(triton_url="sun.test:8001", triton_requests=3)
        async with client_of(service(engine, settings)) as client:
            asked = [asyncio.create_task(client.post("/generate", files=files)) for _ in range(4)]
            for _ in range(3):
                await begun(engine)
            await shown(client, 'queue_depth{stage="infer"} 1.0')
            engine.go.set()
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    assert asyncio.run(story()) == [200] * 4
    assert engine.most_at_once == 3


def test_a_client_that_leaves_is_not_run_with_those_it_waited_with(files: Parts) -> None:
    engine = FakeEngine(batch=4)
    engine.go.clear()

    async def story() -> list[int]:
        app = service(engine)
        async with client_of(app) as client:
            leave = asyncio.Event()
            first = asyncio.create_task(client.post("/generate", files=files))
            await begun(engine)
            stays = asyncio.create_task(client.post("/generate", files=files))
            leaves = asyncio.create_task(post_and_leave(app, files, leave))
            await shown(client, 'queue_depth{stage="infer"} 2.0')
            leave.set()
            gone = await leaves
            engine.go.set()
            return [gone, *(one.status_code for one in await asyncio.gather(first, stays))]

    assert asyncio.run(story()) == [499, 200, 200]
    assert engine.sizes == [1, 1]


def test_a_request_past_the_queue_is_refused_before_its_upload(files: Parts) -> None:
    engine = FakeEngine()
    engine.go.clear()

    async def endless() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    async def story() -> httpx.Response:
        async with client_of(service(engine, Settings(queue_size=0, waiting=0))) as client:
            running = asyncio.create_task(client.post("/generate", files=files))
            await begun(engine)
            kind = {"content-type": "multipart/form-data; boundary=x"}
            async with asyncio.timeout(PATIENCE_S):
                refused = await client.post("/generate", content=endless(), headers=kind)
            engine.go.set()
            await running
            return refused

    assert asyncio.run(story()).status_code == 429


def test_a_client_that_leaves_the_queue_gives_up_its_place_and_its_forward(files: Parts) -> None:
    engine = FakeEngine()
    engine.go.clear()

    async def story() -> tuple[int, list[int]]:
        app = service(engine, Settings(queue_size=1))
        async with client_of(app) as client:
            running = asyncio.create_task(client.post("/generate", files=files))
            await begun(engine)
            leave = asyncio.Event()
            waiting = asyncio.create_task(post_and_leave(app, files, leave))
            await asyncio.sleep(0.2)
            leave.set()
            gone = await waiting
            next_one = asyncio.create_task(client.post("/generate", files=files))
            await asyncio.sleep(0.1)
            engine.go.set()
            return gone, [answer.status_code for answer in await asyncio.gather(running, next_one)]

    gone, served = asyncio.run(story())
    assert gone == 499
    assert served == [200, 200]
    assert engine.sizes == [1, 1]


def test_a_forward_whose_client_leaves_finishes_before_the_next_begins(files: Parts) -> None:
    engine = FakeEngine()
    engine.go.clear()

    async def story() -> tuple[int, int]:
        app = service(engine)
        async with client_of(app) as client:
            leave = asyncio.Event()
            running = asyncio.create_task(post_and_leave(app, files, leave))
            await begun(engine)
            leave.set()
            gone = await running
            next_one = asyncio.create_task(client.post("/generate", files=files))
            await asyncio.sleep(0.5)
            assert engine.at_once == 1
            engine.go.set()
            return gone, (await next_one).status_code

    assert asyncio.run(story()) == (499, 200)
    assert (engine.sizes, engine.most_at_once) == ([1, 1], 1)


def test_past_the_deadline_the_answer_is_504_and_the_next_request_is_served(files: Parts) -> None:
    engine = FakeEngine()
    engine.go.clear()

    async def story() -> tuple[httpx.Response, httpx.Response]:
        worker = worker_of(engine, Settings(deadline_s=1.0))
        async with client_of(service_of(worker)) as client:
            late = await client.post("/generate", files=files)
            worker.settings = Settings(deadline_s=PATIENCE_S)  # for a machine with much else to do
            engine.go.set()
            return late, await client.post("/generate", files=files)

    late, good = asyncio.run(story())
    assert (late.status_code, late.json()["type"]) == (504, "DeadlineError")
    assert good.status_code == 200


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (EngineFailedError("out of memory"), 424, "EngineFailedError"),
        (ZeroDivisionError("secret"), 500, "FarsideError"),
    ],
)
def test_an_engine_that_fails_is_told_apart_from_a_broken_service(
    error: Exception, status: int, kind: str, files: Parts
) -> None:
    async def story() -> httpx.Response:
        async with client_of(service(FakeEngine(error=error))) as client:
            return await client.post("/generate", files=files)

    answer = asyncio.run(story())
    assert (answer.status_code, answer.json()["type"]) == (status, kind)
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("loaded", "default", "asked", "status", "sentence"),
    [
        (("tiny",), None, None, 200, ""),
        (("tiny", "other"), None, "other", 200, ""),
        (("tiny", "other"), "other", None, 200, ""),
        (("tiny", "other"), None, None, 400, "expected one of tiny, other"),
        (("tiny",), None, "huge", 422, "'huge'"),
    ],
)
def test_a_request_finds_its_model(
    loaded: tuple[str, ...],
    default: str | None,
    asked: str | None,
    status: int,
    sentence: str,
    files: Parts,
) -> None:
    async def story() -> httpx.Response:
        app = service(FakeEngine(*loaded), Settings(default_model=default))
        async with client_of(app) as client:
            data = {"model": asked} if asked else {}
            return await client.post("/generate", files=files, data=data)

    answer = asyncio.run(story())
    assert answer.status_code == status
    assert sentence in (answer.text if sentence else "")


@pytest.mark.parametrize(("default", "told"), [("huge", True), ("tiny", False), (None, False)])
def test_a_default_model_that_is_not_loaded_is_told_at_the_start(
    default: str | None, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    worker_of(FakeEngine("tiny"), Settings(default_model=default)).check_default_model()
    sentence = "FARSIDE_DEFAULT_MODEL is huge, expected one of the loaded models, tiny"
    assert (sentence in caplog.text) == told
