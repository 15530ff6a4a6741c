"""What the outermost layer makes of whatever lies below it."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from farside.errors import (
    BadQualityError,
    EngineUnavailableError,
    ObjectStoreError,
    OverloadedError,
)
from service.metrics import Metrics
from service.middleware import ErrorEnvelope
from service.settings import Settings
from service.worker import Worker
from tests.service.fakes import FakeEngine


def asked_of(app: ASGIApp, path: str = "/x", root_path: str = "") -> httpx.Response:
    settings = Settings(retry_after_s=3, root_path=root_path)
    worker = Worker(settings, FakeEngine(), Metrics(CollectorRegistry()))
    layer = ErrorEnvelope(app, worker=lambda: worker, endpoints=frozenset({"/x"}))

    async def story() -> httpx.Response:
        transport = httpx.ASGITransport(layer)
        async with httpx.AsyncClient(transport=transport, base_url="http://sun.test") as client:
            return await client.get(path)

    answer = asyncio.run(story())
    worker.close()
    return answer


@pytest.mark.parametrize("path", ["/healthz", "/assets", "/static_content", "/x/y"])
def test_what_the_framework_serves_besides_is_not_there(path: str) -> None:
    answer = asked_of(JSONResponse({"a": 1}), path)
    assert (answer.status_code, answer.json()["type"]) == (404, "RequestError")


def test_a_slash_at_the_end_makes_no_difference() -> None:
    assert asked_of(JSONResponse({"a": 1}), "/x/").status_code == 200


@pytest.mark.parametrize("path", ["/x", "/sun/farside/x", "/sun/farside/x/"])
def test_a_proxy_may_leave_its_path_or_take_it_away(path: str) -> None:
    assert asked_of(JSONResponse({"a": 1}), path, "/sun/farside").status_code == 200


@pytest.mark.parametrize("path", ["/sun/farsidex", "/sun/x", "/sun/farside/sun/farside/x"])
def test_another_path_than_that_of_the_proxy_is_not_there(path: str) -> None:
    assert asked_of(JSONResponse({"a": 1}), path, "/sun/farside").status_code == 404


def test_a_parameter_that_nobody_knows_is_refused_like_such_a_field() -> None:
    answer = asked_of(JSONResponse({"a": 1}), "/x?format=png")
    assert answer.status_code == 400
    assert "no parameter 'format'" in answer.json()["error"]


@pytest.mark.parametrize(
    "address", ["10.96.14.2:8001", "triton:8001", "[fe80::1]:8001", "ipv4:127.0.0.1:8001"]
)
def test_the_address_of_an_engine_is_for_the_log_alone(address: str) -> None:
    answer = asked_of(raising(EngineUnavailableError(f"no answer from Triton at {address}: away")))
    assert answer.json()["error"] == "no answer from Triton at its address: away"


def test_the_address_of_an_object_store_is_for_the_log_alone() -> None:
    answer = asked_of(raising(ObjectStoreError("s3://sun/in: no answer of http://minio.lan:9000/")))
    assert answer.json()["error"] == "s3://sun/in: no answer of http://its address/"


def test_a_range_beyond_the_end_says_how_long_the_content_is() -> None:
    answer = asked_of(PlainTextResponse("", 416, {"content-range": "bytes */9"}))
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */9")
    assert answer.json()["type"] == "RequestError"


def raising(error: Exception) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    return app


def test_a_good_answer_passes_and_gains_a_request_id() -> None:
    answer = asked_of(JSONResponse({"a": 1}, headers={"X-A": "b"}))
    assert (answer.status_code, answer.json(), answer.headers["x-a"]) == (200, {"a": 1}, "b")
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "refusal",
    [
        PlainTextResponse("no", 401, headers={"WWW-Authenticate": "Bearer"}),
        JSONResponse({"detail": "no"}, 401, headers={"WWW-Authenticate": "Bearer"}),
    ],
)
def test_the_refusal_of_an_authentication_layer_is_the_same_object(refusal: Response) -> None:
    answer = asked_of(refusal)
    assert answer.status_code == 401
    assert set(answer.json()) == {"error", "type", "files", "request_id"}
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_service_that_is_not_ready_says_when_to_ask_again() -> None:
    answer = asked_of(PlainTextResponse("not ready", 503))
    assert answer.json()["type"] == "EngineUnavailableError"
    assert answer.headers["retry-after"] == "3"


def test_an_error_below_is_answered_with_its_sentence_and_files() -> None:
    answer = asked_of(raising(BadQualityError("bit 3 is set", ("AIA 304 x",))))
    assert answer.status_code == 422
    assert (answer.json()["error"], answer.json()["files"]) == ("bit 3 is set", ["AIA 304 x"])


def test_an_unexpected_error_shows_nothing_of_the_inside() -> None:
    answer = asked_of(raising(KeyError("/srv/secret")))
    assert answer.status_code == 500
    assert "secret" not in answer.text


def refused_while_sending(pieces: int, headers: dict[str, str], *, stalls: bool = False) -> int:
    """Refuse a request of so many pieces at once; say how many were read before the answer."""
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        if taken == pieces and stalls:
            await asyncio.Event().wait()
        taken += 1
        return {"type": "http.request", "body": b"A" * 10**6, "more_body": taken < pieces or stalls}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            before.append((message["status"], taken))

    before: list[tuple[int, int]] = []
    raw = [(key.encode(), value.encode()) for key, value in headers.items()]
    worker = Worker(Settings(max_upload_mb=20), FakeEngine(), Metrics(CollectorRegistry()))
    full = raising(OverloadedError("all places are taken"))
    layer = ErrorEnvelope(full, worker=lambda: worker, endpoints=frozenset({"/x"}))
    scope = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "headers": raw}
    asyncio.run(layer(scope, receive, send))
    worker.close()
    ((status, count),) = before
    assert status == 429
    return count


def test_a_refusal_waits_for_the_end_of_the_body_so_that_its_client_reads_it() -> None:
    assert refused_while_sending(9, {}) == 9


def test_a_client_that_asks_before_it_sends_is_refused_before_it_sends() -> None:
    assert refused_while_sending(9, {"expect": "100-continue"}) == 0


def test_no_more_of_a_refused_body_is_read_than_an_upload_may_hold() -> None:
    assert refused_while_sending(50, {}) == 21


def test_a_refused_body_that_stalls_is_not_waited_for_long() -> None:
    assert refused_while_sending(3, {}, stalls=True) == 3
