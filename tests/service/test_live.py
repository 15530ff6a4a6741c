"""The service as a user starts it, over the wire."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import socket
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from astropy.io import fits

from farside.magnetogram import Magnetogram
from farside.simulation.files import SimulatedSet
from tests.live import Server


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as connected:
        yield connected


def test_ready(client: httpx.Client) -> None:
    for path in ("/livez", "/readyz", "/models", "/metrics", "/docs.json", "/", "/nothing"):
        r = client.get(path)
        print(path, r.status_code, dict(r.headers), r.text[:200])
    r = client.post("/livez"); print(r.status_code, r.text, dict(r.headers))
    r = client.post("/models"); print(r.status_code, r.text, dict(r.headers))
    r = client.post("/generate"); print(r.status_code, r.text, dict(r.headers))


def test_gen(client, simulated, server):
    before = server.scratch_files()
    files = [("observation", (p.name, p.read_bytes())) for p in simulated.observations] + [("reference", (p.name, p.read_bytes())) for p in simulated.references]
    import time; t=time.time()
    r = client.post("/generate", files=files)
    print(time.time()-t, r.status_code, dict(r.headers), r.text[:300])
    t=time.time()
    r = client.post("/generate", files=files, data={"format":"png"})
    print(time.time()-t, r.status_code, dict(r.headers), r.text[:300])
    print(before, server.scratch_files())
    print(client.get("/metrics").text)
    print(server.log.read_text())
