"""The program that starts the workers, with workers that do nothing."""

from __future__ import annotations

import subprocess
import sys

from deploy.local_triton.processes import PATIENCE_S
from tests.support.live import ROOT

UNABLE = """
from circus.watcher import Watcher
from service.supervisor import Supervisor

worker = Watcher("service", "false", copy_env=True)
Supervisor([worker]).start()
"""

STOPPED_AT_A_RESTART = """
import os, signal
from pathlib import Path
from circus.watcher import Watcher
from service.metrics import SHARED
from service.supervisor import Supervisor

def spawning(watcher, **_):
    mark = Path(watcher.env[SHARED]) / "started"
    if mark.exists():
        os.kill(os.getpid(), signal.SIGTERM)
        print("signal at a restart")
    mark.touch()
    return True

worker = Watcher("service", "true", copy_env=True, hooks={"before_spawn": (spawning, False)})
Supervisor([worker]).start()
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_a_signal_to_stop_that_comes_while_a_worker_is_started_is_not_forgotten() -> None:
    done = run(STOPPED_AT_A_RESTART)
    assert (done.returncode, done.stdout) == (0, "signal at a restart\n"), done.stderr


def test_workers_that_end_before_any_has_started_end_the_service() -> None:
    done = run(UNABLE)
    *_, last = done.stderr.splitlines()
    assert "Traceback" not in done.stderr
    assert (done.returncode, last) == (1, "farside: no worker is left; the log says why")
