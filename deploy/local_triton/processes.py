"""Programs that end with the one that started them, and how long to wait for them.

The tests start theirs in the same way. The limit only ends what hangs: beside busy programs all
takes many times as long, and a slow machine is no failure.
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

PATIENCE_S = 600
"""For a program to start, to answer or to end: seconds on a quiet machine."""

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
            process.wait(PATIENCE_S)
        finally:
            process.kill()
