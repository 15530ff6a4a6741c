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


def test_metrics_are_closed_and_probes_are_not(closed: Server) -> None:
    assert httpx.get(f"{closed.url}/metrics").status_code == 401
    assert httpx.get(f"{closed.url}/livez").is_success
    bearer = {"authorization": f"Bearer {KEY}"}
    text = httpx.get(f"{closed.url}/farside/metrics", headers=bearer, timeout=PATIENCE_S).text
    assert 'farside_key_requests_total{key="swpc",outcome="ok"}' in text
