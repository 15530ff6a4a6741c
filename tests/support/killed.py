"""Work in a process of its own, some of it ended by SIGKILL: at a step, or after some time.

``python -m tests.support.killed MODULE:FUNCTION FILES ARGUMENT…`` reads a line for each piece of
work: further arguments of the function, the step to die at and the seconds to die after, as JSON.
Each piece is a fork of its own, so that only the first pays for the imports. The answer is the
signal that ended the fork, its exit code, and the steps that it took.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from deploy.local_triton.processes import following
from tests.support.live import ROOT

UNCOUNTED = -1
"""Step at which nobody dies, while all are counted."""


@dataclass
class Forks:
    """Where pieces of work are done one after another, each in a fork."""

    process: subprocess.Popen[str]

    def run(self, *given: object, die_at: int = 0, die_after_s: float | None = None) -> int:
        """How many steps it took, where they were counted; -1 if it was killed."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([given, die_at, die_after_s]) + "\n")
        self.process.stdin.flush()
        ended_by, code, steps = map(int, self.process.stdout.readline().split())
        assert (ended_by, code) in {(0, 0), (signal.SIGKILL, 0)}
        return -1 if ended_by else steps


@contextmanager
def forks(work: str, *arguments: object, watched: tuple[str, ...] = ()) -> Iterator[Forks]:
    """Start the process that does some work, ``module:function``, until the block ends.

    A step is a call or a return in one of the files `watched`: between any two a kill may come.
    """
    command = [sys.executable, "-m", __name__, work, ",".join(watched), *map(str, arguments)]
    with subprocess.Popen(  # noqa: S603  our own command
        following(command),
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Forks(process)


class Steps:
    """Counts, and ends the process at one."""

    def __init__(self, last: int, watched: tuple[str, ...]) -> None:
        self.count = 0
        self._last = last
        self._watched = watched

    def __call__(self, frame: FrameType, _event: str, _argument: object) -> None:
        if frame.f_code.co_filename.endswith(self._watched):
            self.count += 1
            if self.count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def uncounted() -> Iterator[None]:
    """Do not look at every call for a while: that would take many times as long."""
    steps = sys.getprofile()
    sys.setprofile(None)
    yield
    sys.setprofile(steps)


def main() -> None:
    work, watched, *arguments = sys.argv[1:]
    module, _, function = work.partition(":")
    do = getattr(importlib.import_module(module), function)
    for line in sys.stdin:
        given, die_at, die_after_s = json.loads(line)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            steps = Steps(die_at, tuple(watched.split(",")))
            sys.setprofile(steps if die_at else None)
            do(*arguments, *given)
            sys.setprofile(None)
            os.write(writer, str(steps.count).encode())
            os._exit(0)
        os.close(writer)
        life = os.pidfd_open(child)
        if not select.select([life], [], [], die_after_s)[0]:
            signal.pidfd_send_signal(life, signal.SIGKILL)
        os.close(life)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reader) as counted:
            taken = counted.read() or "0"
        print(os.WTERMSIG(status), os.WEXITSTATUS(status), taken, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
