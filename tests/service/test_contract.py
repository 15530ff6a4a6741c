"""What the outermost layer makes of whatever lies below it."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from farside.errors import BadQualityError
from service.contract import Contract
from service.metrics import Metrics
from service.settings import Settings
from service.worker import Worker
from tests.service.fakes import FakeEngine


def asked_of(app: ASGIApp) -> httpx.Response:
    worker = Worker(Settings(retry_after_s=3), FakeEngine(), Metrics(CollectorRegistry()))
    layer = Contract(app, worker=lambda: worker, endpoints=frozenset({"/x"}))

    async def story() -> httpx.Response:
        transport = httpx.ASGITransport(layer)
        async with httpx.AsyncClient(transport=transport, base_url="http://sun.test") as client:
            return await client.get("/x")

    answer = asyncio.run(story())
    worker.close()
    return answer


def raising(error: Exception) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    return app


def test_a_good_answer_passes_and_gains_a_request_id() -> None:
    answer = asked_of(JSONResponse({"a": 1}, headers={"X-A": "b"}))
    assert (answer.status_code, answer.json(), answer.headers["x-a"]) == (200, {"a": 1}, "b")
    assert len(answer.headers["x-request-id"]) == 32


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
