"""API keys: who gets in, how much of the service, and what is told of it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from farside import keys as api_keys
from farside.keys import ApiKey, make_key
from service.errors import KeyLimitError
from service.keys import KeyCheck, KeyLimits, Keys, open_paths
from service.logs import JsonFormatter
from service.middleware import ErrorEnvelope
from service.openapi import document
from service.routes import ENDPOINTS, ROUTES
from service.settings import Settings, SettingsError
from service.worker import Worker
from tests.service.fakes import FakeEngine, worker_of

KEY, KNOWN = make_key("swpc")


def layers(worker: Worker) -> ASGIApp:
    app = Starlette(routes=ROUTES)
    app.state.worker = worker
    checked = KeyCheck(app, Keys(worker.settings))
    return ErrorEnvelope(checked, worker=lambda: worker, endpoints=ENDPOINTS)


class Asked:
    """Clients of one service, in this process."""

    def __init__(self, settings: Settings) -> None:
        self.worker = worker_of(FakeEngine(), settings)
        self.open_paths = open_paths(settings)
        self._app = layers(self.worker)

    def __call__(
        self,
        method: str,
        path: str,
        key: str = "",
        headers: Mapping[bytes, bytes] | None = None,
        content: AsyncIterator[bytes] | None = None,
    ) -> httpx.Response:
        sent = {b"authorization": f"Bearer {key}".encode()} if key else {}

        async def story() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://sun") as client:
                return await client.request(
                    method, path, headers=sent | dict(headers or {}), content=content
                )

        return asyncio.run(story())


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"# clients\n{KNOWN.line()}  # by mail\n")
    return path


@pytest.fixture
def asked(lines: Path) -> Asked:
    return Asked(Settings(api_keys_file=lines))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"authorization": b"Bearer farside_unknown"},
        {b"authorization": f"Basic {KEY}".encode()},
        {b"authorization": b"Bearer"},
        {b"authorization": b"Bearer \xff"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/models"), ("POST", "/generate")])
def test_without_a_known_key_the_answer_is_401_and_the_error_of_all_errors(
    method: str, path: str, headers: dict[bytes, bytes], asked: Asked
) -> None:
    answer = asked(method, path, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (401, "UnknownKeyError")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/page/api.js", "/openapi.json", "/docs.json", "/metrics"]
)
def test_what_is_open_needs_no_key(path: str, asked: Asked) -> None:
    assert asked("GET", path).is_success


def test_the_metrics_are_closed_by_choice(lines: Path) -> None:
    asked = Asked(Settings(api_keys_file=lines, metrics_open=False))
    assert asked("GET", "/metrics").status_code == 401
    assert asked("GET", "/metrics", KEY).is_success


def test_a_known_key_opens_the_service(asked: Asked) -> None:
    assert asked("GET", "/models", KEY).is_success
    assert asked("POST", "/generate", KEY).json()["type"] == "RequestError"  # no form


def test_a_key_is_checked_before_the_body_is_read(asked: Asked) -> None:
    read: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(b"--b\r\n")
        yield read[0]

    kind = {b"content-type": b"multipart/form-data; boundary=b", b"expect": b"100-continue"}
    answer = asked("POST", "/generate", headers=kind, content=body())
    assert (answer.status_code, read) == (401, [])
    assert asked.worker.in_flight == 0


def test_a_key_for_some_endpoints_is_refused_at_the_others() -> None:
    key, known = make_key("prometheus", only=("metrics", "models"))
    asked = Asked(Settings(api_keys=known.line(), metrics_open=False))
    assert asked("GET", "/metrics", key).is_success
    answer = asked("POST", "/generate", key)
    assert (answer.status_code, answer.json()["type"]) == (403, "KeyNotAllowedError")
    assert "opens metrics, models, got a request for generate" in answer.json()["error"]


def test_a_key_is_limited_to_endpoints_that_there_are(asked: Asked) -> None:
    closed = {path.split("/")[1] for path in ENDPOINTS} - {
        path.split("/")[1] for path in asked.open_paths
    }
    assert set(api_keys.ENDPOINTS) == (closed | {"metrics"}) - {"schema.json"}
    with pytest.raises(SettingsError, match="line 1: only: got 'metrix', expected of generate"):
        Keys(Settings(api_keys=f"{KNOWN.line()} only=metrix"))


def test_keys_are_rotated_without_a_restart(lines: Path, asked: Asked) -> None:
    new, known = make_key("swpc")
    lines.write_text(f"{KNOWN.line()}\n{known.line()}\n")
    assert asked("GET", "/models", KEY).is_success
    assert asked("GET", "/models", new).is_success
    other = lines.with_suffix(".new")
    other.write_text(f"{known.line()}\n")
    other.replace(lines)
    assert asked("GET", "/models", KEY).status_code == 401
    assert asked("GET", "/models", new).is_success
    lines.write_text("")
    assert asked("GET", "/models", new).status_code == 401


def test_a_file_that_is_wrong_or_gone_leaves_the_keys_as_they_were_and_is_told(
    lines: Path, asked: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    lines.write_text(f"swpc {KEY}\n")  # the key, in place of its hash
    assert asked("GET", "/models", KEY).is_success
    lines.unlink()
    assert asked("GET", "/models", KEY).is_success
    told = [message for message in caplog.messages if "as before" in message]
    assert len(told) == 2
    assert f"{lines}, line 1: got another text than a line of an API key" in told[0]
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(api_keys="swpc secret"), r"FARSIDE_API_KEYS, line 1: .*expected NAME sha256:"),
        (Settings(api_keys=f"{KNOWN.line()};{KNOWN.line()}"), "line 2: got the key of another"),
        (Settings(api_keys_file=Path("/nowhere")), "FARSIDE_API_KEYS_FILE: /nowhere does not read"),
        (Settings(api_keys="", api_keys_file=Path("/nowhere")), "got both .*expected one of them"),
    ],
)
def test_keys_that_cannot_be_read_end_the_start(settings: Settings, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Keys(settings)


def test_uploads_of_a_minute_and_at_a_time_are_limited_by_the_key() -> None:
    seconds = [0.0]
    limits = KeyLimits(lambda: seconds[0])
    key, other = ApiKey("a", "", per_minute=3, places=2), ApiKey("b", "")
    with limits.admit(key), limits.admit(key):
        with pytest.raises(KeyLimitError, match="2 uploads of a run"), limits.admit(key):
            pass
        with limits.admit(other), limits.admit(other), limits.admit(other):
            pass
    seconds[0] = 40.0
    with limits.admit(key):
        pass
    with pytest.raises(KeyLimitError, match="3 uploads of a in a minute") as refused:
        limits.admit(key).__enter__()
    assert refused.value.wait_s == 20
    seconds[0] = 60.0  # the first two are a minute old
    for _ in range(2):
        with limits.admit(key):
            pass
    with pytest.raises(KeyLimitError):
        limits.admit(key).__enter__()


def test_a_limit_of_a_key_is_429_and_says_how_long_to_wait() -> None:
    key, known = make_key("swpc", per_minute=1)
    asked = Asked(Settings(api_keys=known.line()))
    assert asked("POST", "/generate", key).status_code == 415  # no form, but it counts
    answer = asked("POST", "/generate", key)
    assert (answer.status_code, answer.json()["type"]) == (429, "OverloadedError")
    assert 50 < int(answer.headers["retry-after"]) <= 60
    assert asked("GET", "/models", key).is_success


def test_two_clients_that_send_the_same_idempotency_key_have_a_job_each(tmp_path: Path) -> None:
    (one, first), (two, second) = make_key("swpc"), make_key("ukmo")
    lines = f"{first.line()};{second.line()}"
    asked = Asked(Settings(api_keys=lines, jobs=tmp_path, job_inputs=("file:///data/",)))
    headers = {b"content-type": b"application/json", b"idempotency-key": b"0123456789abcdef" * 2}

    def submitted(key: str, path: str = "/jobs") -> httpx.Response:
        async def body() -> AsyncIterator[bytes]:
            yield b'{"kind": "addresses", "observation": ["file:///data/euvi.fts"]}'

        return asked("POST", path, key, headers, body())

    of_one, of_two = submitted(one), submitted(two)
    assert of_one.json()["id"] == submitted(one).json()["id"] != of_two.json()["id"]
    for answer in (of_one, submitted(one, "/jobs/")):
        address = answer.url.join(answer.headers["location"]).path
        assert address == f"/jobs/{of_one.json()['id']}"
    assert asked.worker.jobs
    asked.worker.jobs.close()


def test_log_and_metrics_tell_the_client_by_name_and_never_the_key(
    asked: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        asked("GET", "/models", KEY)
        asked("GET", "/models", "farside_wrong")
    shape = JsonFormatter()
    told = [json.loads(shape.format(one)) for one in caplog.records if one.name.endswith("request")]
    assert [(line.get("key"), line["status"]) for line in told] == [("swpc", 200), (None, 401)]
    metrics = asked("GET", "/metrics").text
    assert 'farside_key_requests_total{key="swpc",outcome="ok"} 1.0' in metrics
    assert not any(secret in metrics + str(told) for secret in (KEY, "farside_wrong", KNOWN.digest))


def test_the_document_says_what_needs_a_key(lines: Path) -> None:
    text = document(Settings(api_keys_file=lines, metrics_open=False, root_path="/farside"))
    assert text["components"]["securitySchemes"] == {"key": {"type": "http", "scheme": "bearer"}}
    closed = {
        path
        for path, operations in text["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
        if operation.get("security") == [{"key": []}] and "401" in operation["responses"]
    }
    described = {"/docs", "/docs.json", "/openapi.json"}
    assert closed == set(text["paths"]) - {"/", "/page/{name}", "/livez", "/readyz"} - described
    assert text["servers"] == [{"url": "/farside"}]
    assert "securitySchemes" not in document(Settings())["components"]


def test_the_environment_holds_lines_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    other, known = make_key("ukmo")
    monkeypatch.setitem(os.environ, "FARSIDE_API_KEYS", f"{KNOWN.line()}; {known.line()}")
    keys = Keys(Settings())
    assert (keys.find(KEY), keys.find(other), keys.find("x")) == (KNOWN, known, None)
    assert str(keys) == "2 API keys of 2 clients"
