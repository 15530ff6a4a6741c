"""Traces and log lines of the running service: off means off."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local_triton.processes import PATIENCE_S
from farside.simulation.instruments.files import SimulatedSet
from tests.support.live import Server, eventually, serving
from tests.support.map_files import MapFiles

TRACED = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
"""The client's own trace, which it wants to be continued."""


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Take what is sent by OTLP; give the address, and the bodies as they come."""
    bodies: list[bytes] = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
    threading.Thread(target=server.serve_forever).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", bodies
    finally:
        server.shutdown()
        server.server_close()


def lines(server: Server) -> list[dict[str, Any]]:
    """The lines of requests in the log."""
    text = [line for line in server.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in map(json.loads, text) if line["logger"] == "farside.request"]


def generate(server: Server, files: SimulatedSet, request_id: str) -> dict[str, Any]:
    """Post a set, and give the line that the log has of it."""
    parts = [("observation", (p.name, p.read_bytes())) for p in files.observations]
    parts += [("reference", (p.name, p.read_bytes())) for p in files.references]
    headers = TRACED | {"x-request-id": request_id}
    httpx.post(f"{server.url}/generate", files=parts, headers=headers, timeout=PATIENCE_S)
    return line_of(server, request_id)


def line_of(server: Server, request_id: str) -> dict[str, Any]:
    """Wait for the line of a request."""

    def found() -> list[dict[str, Any]]:
        return [line for line in lines(server) if line["request_id"] == request_id]

    eventually(found, 20)
    (line,) = found()
    return line


def test_a_product_leaves_one_line_with_its_images_and_stages(
    server: Server, simulated: SimulatedSet
) -> None:
    line = generate(server, simulated, "logged-1")
    assert (line["status"], line["outcome"], line["model"]) == (200, "ok", "tiny")
    assert [one["instrument"] for one in line["inputs"]] == ["EUVI-A"] * 3 + ["AIA"] * 3 + ["HMI"]
    assert line["inputs"][0]["time"].startswith("2026-02-14T")
    wanted = {"upload", "read", "register", "encode", "infer", "decode", "write", "queue"}
    assert wanted <= set(line["stages"])
    assert sum(line["stages"].values()) <= line["seconds"] * 1.01


def test_a_map_leaves_one_line_with_its_sources_and_stages(
    server: Server, map_files: MapFiles
) -> None:
    disks = {"observed": map_files.observed, "generated": map_files.generated}
    parts = [(role, (path.name, path.read_bytes())) for role, path in disks.items()]
    headers = {"x-request-id": "logged-3"}
    httpx.post(f"{server.url}/synchronic", files=parts, headers=headers, timeout=PATIENCE_S)
    line = line_of(server, "logged-3")
    given = [(one["role"], one["instrument"]) for one in line["inputs"]]
    assert given == [("observed", "HMI"), ("generated", "STEREO_A")]
    assert "NO_BASE" in line["quality"]
    assert {"upload", "merge", "queue"} <= set(line["stages"])


def test_nothing_that_an_upload_holds_is_written(server: Server) -> None:
    secret = b"SIMPLE  = the-secret-of-the-upload"
    headers = {"x-request-id": "logged-2"}
    files = [("observation", ("a.fits", secret))]
    answer = httpx.post(f"{server.url}/generate", files=files, headers=headers)
    assert answer.status_code == 400
    eventually(lambda: "logged-2" in server.log.read_text(), 20)
    assert "the-secret" not in server.log.read_text()


@pytest.mark.soak
def test_off_nothing_is_sent_whatever_client_and_environment_ask_for(
    repository: Path,
    simulated: SimulatedSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with collector() as (address, bodies):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", address)
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        with serving(tmp_path, model_repository=repository, threads=1) as server:
            generate(server, simulated, "untraced")
    assert bodies == []


@pytest.mark.soak
def test_on_a_request_becomes_a_span_of_its_clients_trace(
    repository: Path, simulated: SimulatedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    with (
        collector() as (address, bodies),
        serving(tmp_path, model_repository=repository, threads=1, trace_url=address) as server,
    ):
        line = generate(server, simulated, "traced")
        eventually(lambda: any(b"farside.infer_seconds" in body for body in bodies), 30)
    assert line["trace_id"] == "ab" * 16
    assert any(bytes.fromhex("ab" * 16) in body for body in bodies)
    assert not any(b"readyz" in body for body in bodies)
