"""How the service starts, or does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from deploy.local_triton.processes import PATIENCE_S
from farside.simulation.instruments.files import SimulatedSet
from tests.support.live import ROOT, Server, free_port, serving

SERVE = (sys.executable, "-m", "bentoml", "serve", "service.app:FarsideService")


def test_a_variable_that_is_no_setting_ends_the_start_with_one_line(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603  # our own arguments
        SERVE,
        cwd=ROOT,
        env=os.environ | {"FARSIDE_TREADS": "2", "BENTOML_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("farside: no such setting: FARSIDE_TREADS")


def test_a_worker_that_cannot_start_ends_the_start_with_one_line_that_says_why(
    tmp_path: Path,
) -> None:
    damaged = tmp_path / "models" / "tiny" / "1" / "model.safetensors"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"no weights")
    done = subprocess.run(  # noqa: S603  # our own arguments
        [*SERVE, "--host", "127.0.0.1", "--port", str(free_port())],
        cwd=ROOT,
        env=os.environ
        | {"FARSIDE_MODEL_REPOSITORY": str(tmp_path / "models"), "BENTOML_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "farside: no worker is left; the log says why\n")
    (line,) = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    assert line["level"] == "CRITICAL"
    assert line["message"].startswith("cannot start: tiny/1/model.safetensors does not read")


@pytest.mark.soak
def test_a_bento_is_built_without_a_network_and_serves(repository: Path, tmp_path: Path) -> None:
    subprocess.run(  # our own arguments
        [sys.executable, "-m", "bentoml", "build"],
        cwd=ROOT,
        env=os.environ | {"BENTOML_HOME": str(tmp_path / "bentoml")},
        capture_output=True,
        timeout=PATIENCE_S,
        check=True,
    )
    (source,) = (tmp_path / "bentoml" / "bentos" / "farside").glob("*/src")
    packed = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    wanted = {
        "farside",
        "service",
        "model_repository",
        "requirements.lock",
        "docs",
        "bentofile.yaml",
    }
    assert {path.parts[0] for path in packed} <= wanted
    kinds = {".py", ".toml", ".html", ".css", ".js", ".svg"}
    kinds |= {".lock", ".md", ".npz", ".safetensors", ".yaml"}
    assert {path.suffix for path in packed} <= kinds
    with serving(tmp_path, "farside:latest", model_repository=repository) as server:
        assert "tiny" in httpx.get(f"{server.url}/models").text


@pytest.mark.soak
def test_several_workers_answer_and_their_numbers_add_up(
    repository: Path, simulated: SimulatedSet, tmp_path: Path
) -> None:
    files = [("observation", (p.name, p.read_bytes())) for p in simulated.observations]
    files += [("reference", (p.name, p.read_bytes())) for p in simulated.references]
    with serving(tmp_path, model_repository=repository, threads=1, workers=2) as server:
        for _ in range(12):
            assert httpx.post(f"{server.url}/generate", files=files, timeout=PATIENCE_S).is_success
        text = httpx.get(f"{server.url}/metrics").text
    assert 'farside_requests_total{endpoint="/generate",model="tiny",outcome="ok"} 12.0' in text


def test_a_second_start_that_fails_is_one_line_and_leaves_the_numbers_of_the_first(
    server: Server,
) -> None:
    httpx.get(f"{server.url}/models").raise_for_status()
    port = server.url.rpartition(":")[2]
    done = subprocess.run(  # noqa: S603  # our own arguments
        [*SERVE, "--host", "127.0.0.1", "--port", port],
        cwd=ROOT,
        env=os.environ | {"BENTOML_HOME": str(server.scratch.parent / "bentoml")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 1
    assert f"farside: cannot listen on http://127.0.0.1:{port}: Address already" in done.stderr
    assert "Traceback" not in done.stderr
    assert "farside_requests_total{" in httpx.get(f"{server.url}/metrics").text
