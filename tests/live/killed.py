"""Rounds of ``farside live`` at hours of a simulated day, some ended by SIGKILL at a step.

``python -m tests.live.killed CONFIG`` reads an hour and a step a line: the step to die at, -1 for
none and 0 not to count either. Each is a fork of its own, so that only the first pays for the
imports. It answers with the signal that ended the fork, its exit code, and the steps it took.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from threading import Event

from farside.archive.store import open_archive
from farside.fetch.archives import load_archives
from farside.live.live import Live
from farside.live.metrics import LiveMetrics
from farside.live.settings import load_settings
from tests.archive.killed import WATCHED, Steps, Uncounted
from tests.live.day import BEGIN, PRODUCER

STEPS = (*WATCHED, "live/live.py", "live/asked.py", "archive/drop.py", "fetch/connection.py")


def run_round(config: Path, hours: float) -> int:
    settings = load_settings(config)
    archives = load_archives(settings.archives, settings.mirror)
    with open_archive(settings.archive) as archive:
        return Live(
            settings,
            archive,
            Uncounted(PRODUCER) if sys.getprofile() else PRODUCER,
            archives,
            Event(),
            LiveMetrics(),
            now=lambda: BEGIN + timedelta(hours=hours),
        ).run_round()


def main() -> None:
    config = Path(sys.argv[1])
    for line in sys.stdin:
        hours, last = map(int, line.split())
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            steps = Steps(last, STEPS)
            sys.setprofile(steps if last else None)
            run_round(config, hours)
            sys.setprofile(None)
            os.write(writer, str(steps.count).encode())
            os._exit(0)
        os.close(writer)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reader) as counted:
            taken = counted.read() or "0"
        print(os.WTERMSIG(status), os.WEXITSTATUS(status), taken, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
