"""The real service with API keys, in a folder of a site."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local_triton.processes import PATIENCE_S
from farside.client import Client
from farside.errors import UnknownKeyError
from farside.keys import make_key
from farside.simulation.instruments.files import SimulatedSet
from tests.support.live import Server, serving

KEY, KNOWN = make_key("swpc")


@pytest.fixture(scope="module")
def closed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("closed")
    (folder / "keys").write_text(KNOWN.line())
    with serving(
        folder,
        model_repository=repository,
        threads=1,
        api_keys_file=folder / "keys",
        metrics_open=False,
        root_path="/farside",
    ) as running:
        yield running


def test_a_client_with_a_key_gets_its_product_and_one_without_does_not(
    closed: Server, simulated: SimulatedSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = (simulated.observations, simulated.references)
    with Client(f"{closed.url}/farside", api_key=KEY) as client:
        assert client.generate_bytes(*files).startswith(b"SIMPLE")
    with Client(closed.url) as client:
        assert client.ready()
        with pytest.raises(UnknownKeyError, match="got none, expected an API key"):
            client.generate_bytes(*files)
    monkeypatch.setenv("FARSIDE_API_KEY", KEY)
    with Client(closed.url) as client:
        assert list(client.models()) == ["tiny"]
    assert '"key": "swpc"' in closed.log.read_text()
    assert KEY not in closed.log.read_text()


def test_an_upload_without_a_key_is_refused_before_it_is_sent(closed: Server) -> None:
    port = int(closed.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as wire:
        head = "Host: sun\r\nContent-Length: 100000000\r\nExpect: 100-continue"
        wire.sendall(f"POST /generate HTTP/1.1\r\n{head}\r\n\r\n".encode())
        assert wire.recv(12) == b"HTTP/1.1 401"


@pytest.mark.parametrize(
    "path",
    [
        "/models/", "//models", "/%6dodels", "/models%2f", "/models;livez", "/models?livez",
        "/livez/../models", "/livez/%2e%2e/models", "/livez%00/../models", "/./models",
        "/farside/models", "/farside/farside/models", "/farside//models", "/farside/../models",
        "/farside/livez/../models", "http://sun/models", "/metrics/", "/farside/metrics",
    ],
)  # fmt: skip
def test_no_way_of_writing_an_address_leads_past_the_keys(closed: Server, path: str) -> None:
    port = int(closed.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: sun\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    assert answer.split()[1] in {b"400", b"401", b"404"}, answer


def test_a_request_that_was_let_in_is_finished_when_its_key_is_taken_away_meanwhile(
    closed: Server, simulated: SimulatedSet
) -> None:
    other, line = make_key("ukmo")
    file = closed.log.parent / "keys"
    form = httpx.Request(
        "POST",
        f"{closed.url}/generate",
        headers={"authorization": f"Bearer {KEY}"},
        files=[
            (role, path.read_bytes())
            for role, paths in (
                ("observation", simulated.observations),
                ("reference", simulated.references),
            )
            for path in paths
        ],
    )
    body = form.read()
    port = int(closed.url.rpartition(":")[2])
    head = [f"{name}: {value}" for name, value in form.headers.items()]
    head = ["POST /generate HTTP/1.1", *head, "Connection: close", "Expect: 100-continue", "", ""]
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as wire:
            wire.sendall("\r\n".join(head).encode())
            assert wire.recv(12) == b"HTTP/1.1 100"
            file.write_text(line.line())
            assert (status_of(closed, KEY), status_of(closed, other)) == (401, 200)
            wire.sendall(body)
            answer = b"".join(iter(lambda: wire.recv(65536), b""))
        assert b"HTTP/1.1 200 OK" in answer, answer
    finally:
        file.write_text(KNOWN.line())
    assert (status_of(closed, KEY), status_of(closed, other)) == (200, 401)


def status_of(server: Server, key: str) -> int:
    bearer = {"authorization": f"Bearer {key}"}
    return httpx.get(f"{server.url}/models", headers=bearer, timeout=PATIENCE_S).status_code


def test_metrics_are_closed_and_probes_are_not(closed: Server) -> None:
    assert httpx.get(f"{closed.url}/metrics").status_code == 401
    assert httpx.get(f"{closed.url}/livez").is_success
    bearer = {"authorization": f"Bearer {KEY}"}
    text = httpx.get(f"{closed.url}/farside/metrics", headers=bearer, timeout=PATIENCE_S).text
    assert 'farside_key_requests_total{key="swpc",outcome="ok"}' in text
