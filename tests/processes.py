"""Programs that tests start, which end with the run of the tests, and how long tests wait.

The limits only end what hangs. Beside busy programs all takes many times as long, and a slow
machine is no failure.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

START_S = 600
"""Until a program has started: seconds on a quiet machine."""

ANSWER_S = 300
"""For one request, one command, or the end of a program."""

_FOLLOW = """
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""


def following(command: Sequence[str]) -> list[str]:
    """Give a command the SIGTERM of a parent that ends, even by ``kill -9``: see prctl(2)."""
    return [sys.executable, "-ISc", _FOLLOW, str(os.getpid()), *command]


@contextmanager
def started(
    command: Sequence[str],
    log: IO[bytes],
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block ends; end it by `stop`, and by SIGKILL if that does not."""
    process = subprocess.Popen(  # noqa: S603  our own command
        following(command), cwd=cwd, env=env, stdout=log, stderr=log
    )
    try:
        yield process
    finally:
        try:
            process.send_signal(stop)  # none where it has ended and was waited for
            process.wait(ANSWER_S)
        finally:
            process.kill()
