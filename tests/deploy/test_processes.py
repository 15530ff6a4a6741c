"""An interrupted run of the tests leaves no program behind."""

import subprocess
import sys
from pathlib import Path

from tests.support.live import ROOT, eventually

RUN = """
import subprocess
from deploy.local_triton.processes import following
process = subprocess.Popen(following(["sleep", "3600"]))
print(process.pid, flush=True)
process.wait()
"""


def runs(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def test_a_program_ends_with_the_run_that_is_killed() -> None:
    command = [sys.executable, "-c", RUN]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:  # noqa: S603  ours
        assert run.stdout
        pid = int(run.stdout.readline())
        assert runs(pid)
        run.kill()
    eventually(lambda: not runs(pid))
