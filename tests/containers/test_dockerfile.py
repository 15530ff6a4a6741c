"""The image by its Dockerfile: lint, pins, no root, and the service as `make serve` starts it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local_triton.processes import PATIENCE_S
from tests.containers.dockerfile import stages, steps_of
from tests.support.live import ROOT

WITHOUT_ENGINES = """
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("torch", "openvino"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import service.app, farside.model.engines.triton, farside.solarwind, farside.plots.magnetogram
"""

FILES = ("Dockerfile", "export/Dockerfile.tensorrt")


@pytest.mark.parametrize("path", FILES)
def test_hadolint_finds_nothing(path: str) -> None:
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert program, "no hadolint beside this python: make install"
    done = subprocess.run(  # noqa: S603  our own arguments
        [program, "--no-color", path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_what_is_copied_is_there_and_is_sent_to_the_engine() -> None:
    sent = (ROOT / ".dockerignore").read_text().split()
    for word, rest in (step for stage in stages().values() for step in stage.steps):
        if word != "COPY" or rest.startswith("--from"):
            continue
        for name in rest.split()[:-1]:
            assert (ROOT / name).exists(), name
            # The whole of it: buildah finds nothing of a folder of which files alone are named.
            assert f"!{name}" in sent, name


def test_formats_that_are_built_are_not_sent_to_the_engine() -> None:
    sent = (ROOT / ".dockerignore").read_text().split()
    ignored = (ROOT / ".gitignore").read_text().split()
    built = {line.rstrip("/") for line in ignored if line.startswith("model_repository/")}
    assert built
    assert built <= set(sent)


def test_the_base_image_is_pinned() -> None:
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", stages()["base"].parent)


def test_every_locked_package_but_torch_has_its_hashes() -> None:
    locked = {
        name: set((ROOT / name).read_text().splitlines())
        for name in ("requirements.lock", "requirements-dev.lock")
    }
    assert locked["requirements.lock"] < locked["requirements-dev.lock"]
    lines = (ROOT / "requirements.hashes").read_text().splitlines()
    hashed = re.compile(r"([\w.-]+==[\w.!+]+)( --hash=sha256:[0-9a-f]{64})+")
    found = {match[1] for line in lines if (match := hashed.fullmatch(line))}
    (torch,) = locked["requirements-dev.lock"] - found
    assert re.fullmatch(r"torch==[\d.]+", torch)  # CUDA or CPU: the installer chooses
    assert len(found) == len(lines)


@pytest.mark.parametrize("target", ["packages-cpu", "packages-gpu"])
def test_what_the_lock_names_is_installed_by_its_hash(target: str) -> None:
    installs = [
        command
        for word, rest in steps_of(target)
        for command in rest.split("&&")
        if word == "RUN" and re.search(r"--requirement \S+\.lock", command)
    ]
    assert installs
    assert all("--require-hashes" in command for command in installs)


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_the_container_runs_as_nobody_in_particular_and_writes_under_tmp(target: str) -> None:
    said = dict(steps_of(target))
    assert said["USER"] == "10001:10001"
    assert int(said["USER"].split(":")[0]) > 0
    homes = re.findall(r"(?:HOME|CONFIGDIR)=(\S+)", " ".join(rest for _, rest in steps_of(target)))
    assert homes
    assert all(home.startswith("/tmp") for home in homes)  # noqa: S108  of the container


def test_the_container_starts_what_make_serve_starts() -> None:
    command = json.loads(stages()["service"].last("CMD"))
    makefile = (ROOT / "Makefile").read_text()
    (served,) = re.findall(r"^\t\$\(BIN\)/(bentoml serve .+)$", makefile, re.M)
    of_make = served.replace("$(HOST)", "0.0.0.0").replace("$(PORT)", "3000").split()  # noqa: S104  of the container
    assert command == of_make
    assert stages()["service"].last("EXPOSE") in command
    assert f":{command[command.index('--port') + 1]}/readyz" in stages()["service"].last(
        "HEALTHCHECK"
    )


def test_what_only_the_embedded_engines_need_is_not_where_triton_has_the_weights() -> None:
    assert not [rest for word, rest in steps_of("gpu") if word == "COPY" and "model_rep" in rest]
    subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", WITHOUT_ENGINES], cwd=ROOT, check=True, timeout=PATIENCE_S
    )
