"""A process that looks into a drop folder, and kills itself with SIGKILL at a step of its filing.

``python -m tests.archive.killed FOLDER ARCHIVE`` reads a number a line: the step to die at, -1 for
none and 0 not to count either. Each is a fork of its own, so that only the first pays for the
imports. It answers with the signal that ended the fork, its exit code, and the steps it took.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import FrameType

from astropy.time import Time

from farside.archive.producer import Producer
from farside.archive.schedule import Plan
from farside.model.engine import Model
from tests.archive.drop import PRODUCER, look

WATCHED = ("archive/store.py", "archive/index.py", "farside/io/atomic.py")
"""Where a step is a call or a return: between any two of them a kill may come."""


@dataclass(frozen=True)
class Uncounted:
    """Makes products without a look at every call: that would take many times as long."""

    producer: Producer = PRODUCER

    def model(self) -> Model:
        return self.producer.model()

    def magnetogram(self, observations: Sequence[Path], references: Sequence[Path]) -> bytes:
        with uncounted():
            return self.producer.magnetogram(observations, references)

    def synchronic_map(
        self, observed: Sequence[Path], generated: Sequence[Path], base: Path | None, time: Time
    ) -> bytes:
        with uncounted():
            return self.producer.synchronic_map(observed, generated, base, time)


@contextmanager
def uncounted() -> Iterator[None]:
    steps = sys.getprofile()
    sys.setprofile(None)
    yield
    sys.setprofile(steps)


class Steps:
    """Counts, and ends the process at one."""

    def __init__(self, last: int, watched: tuple[str, ...] = WATCHED) -> None:
        self.count = 0
        self._last = last
        self._watched = watched

    def __call__(self, frame: FrameType, _event: str, _argument: object) -> None:
        if frame.f_code.co_filename.endswith(self._watched):
            self.count += 1
            if self.count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    folder, archive = map(Path, sys.argv[1:])
    PRODUCER.model()
    for line in sys.stdin:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            steps = Steps(int(line))
            sys.setprofile(steps if int(line) else None)
            look(folder, archive, Uncounted(), Plan(), 0.0, Event())
            sys.setprofile(None)
            os.write(writer, str(steps.count).encode())
            os._exit(0)
        os.close(writer)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reader) as counted:
            steps_taken = counted.read() or "0"
        print(os.WTERMSIG(status), os.WEXITSTATUS(status), steps_taken, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
