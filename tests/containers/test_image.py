"""What a container engine would build and run: the Dockerfile's own commands in clean folders.

In a mount namespace the image's folders lie over this machine's, and the commands run as they
stand. Then the service runs by its CMD, as its USER, with every file system read-only but /tmp.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from deploy.local_triton.processes import PATIENCE_S, following
from farside.model.checkpoint import FILE_NAME
from tests.containers.dockerfile import stages, steps_of
from tests.support.live import ROOT, free_port

FOLDERS = ("/opt/farside", "/srv/farside", "/build")
"""What the stages make; the rest of the image is the machine's own here."""


def namespace() -> list[str]:
    """The command that gives a process mounts of its own."""
    command = ["unshare", "--mount", "--propagation", "private"]
    if os.geteuid() != 0 or subprocess.run([*command, "true"], check=False).returncode:  # noqa: S603
        pytest.skip("mount namespaces need root here: run as root, or build the image")
    return command


def inside(image: Path, script: str, *prefix: str) -> list[str]:
    """Give the command that runs a script with the image's folders in their places."""
    mounts = []
    for folder in FOLDERS:
        own = image / folder.strip("/")
        own.mkdir(parents=True, exist_ok=True)
        mounts.append(f"mount --bind {own} {folder}")
    return [*namespace(), "sh", "-ec", "\n".join([*mounts, *prefix, script])]


def built(image: Path, target: str) -> dict[str, str]:
    """Do what the Dockerfile says for a stage; give the environment that it sets."""
    environment: dict[str, str] = {"PATH": f"{Path(sys.base_prefix) / 'bin'}:{os.environ['PATH']}"}
    where = Path("/")
    for word, rest in steps_of(target):
        if word == "ENV":
            for name, value in (pair.split("=", 1) for pair in shlex.split(rest)):
                environment[name] = value.replace("$PATH", environment["PATH"])
        elif word == "WORKDIR":
            where = Path(rest)
        elif word == "COPY" and not rest.startswith("--from"):
            *names, last = rest.split()
            for name in names:
                _copy(name, image / str(where).strip("/") / last)
        elif word == "RUN":
            keep = {k: v for k, v in os.environ.items() if k.startswith(("PIP_", "HTTP", "http"))}
            command = inside(image, f"mkdir -p {where} && cd {where}\n{rest}")
            subprocess.run(command, env=keep | environment, check=True, timeout=900)  # noqa: S603
    return environment


def _copy(name: str, to: Path) -> None:
    if (ROOT / name).is_dir():
        shutil.copytree(ROOT / name, to, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        to.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, to)


@pytest.fixture
def _mount_points() -> Iterator[None]:
    """Empty folders to mount the image's own over."""
    made = [Path(folder) for folder in FOLDERS if not Path(folder).exists()]
    for folder in made:
        folder.mkdir()
    yield
    for folder in made:
        folder.rmdir()


@contextmanager
def running(image: Path, target: str, environment: dict[str, str]) -> Iterator[str]:
    """Start the container's CMD until the block ends; give its address."""
    port = free_port()
    command = json.loads(stages()["service"].last("CMD"))
    command[command.index("--port") + 1] = str(port)
    user = stages()["service"].last("USER").split(":")[0]
    read_only = (
        "mount -t tmpfs tmpfs /tmp",
        "awk '{print $5}' /proc/self/mountinfo | grep -vE '^/(tmp|proc|sys|dev)(/|$)' | "
        'while read m; do mount -o remount,bind,ro "$m" 2>/dev/null || true; done',
        "cd /srv/farside",
        "for f in /srv/farside /opt/farside /var; do ! touch $f/x 2>/dev/null || exit 9; done",
    )
    # It may read what is root's, since this machine's own Python may lie there; not write it.
    rights = f"setpriv --reuid {user} --regid {user} --clear-groups --no-new-privs"
    rights += " --inh-caps -all,+dac_read_search --ambient-caps -all,+dac_read_search"
    rights += " --bounding-set -all,+dac_read_search"
    script = f"exec {rights} {shlex.join(command)}"
    log = image / f"{target}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603  our own command
            following(inside(image, script, *read_only)), env=environment, stdout=out, stderr=out
        )
        try:
            url = f"http://127.0.0.1:{port}"
            end = time.monotonic() + PATIENCE_S
            while process.poll() is None and time.monotonic() < end and not _ready(url):
                time.sleep(0.5)
            assert _ready(url), log.read_text()
            yield url
        finally:
            process.terminate()
            assert process.wait(PATIENCE_S) == 0


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=PATIENCE_S).is_success
    except httpx.TransportError:
        return False


@pytest.mark.soak
@pytest.mark.usefixtures("_mount_points")
def test_the_image_for_a_cpu_serves_as_a_number_with_nothing_to_write_to_but_tmp(
    tmp_path: Path,
) -> None:
    packages = built(tmp_path, "packages-cpu")
    environment = built(tmp_path, "cpu")
    assert packages["PATH"].startswith("/opt/farside/bin:")
    with running(tmp_path, "cpu", environment) as url:
        models = httpx.get(f"{url}/models", timeout=PATIENCE_S).json()["models"]
        shipped = {path.parts[-3] for path in (ROOT / "model_repository").glob(f"*/*/{FILE_NAME}")}
        assert {model["name"] for model in models} == shipped
        metrics = httpx.get(f"{url}/metrics", timeout=PATIENCE_S).text
        assert re.search(r'farside_model_info\{.*engine="openvino"', metrics)
