"""Rounds of ``farside live`` at hours of a simulated day."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from threading import Event

from farside.archive.store import open_archive
from farside.fetch.archives import load_archives
from farside.live.live import Live
from farside.live.metrics import LiveMetrics
from farside.live.settings import load_settings
from tests.archive.killed import WATCHED, Uncounted
from tests.live.day import BEGIN, PRODUCER

STEPS = (*WATCHED, "live/live.py", "live/asked.py", "archive/drop.py", "fetch/connection.py")


def run_round(config: str | Path, hours: float) -> int:
    settings = load_settings(Path(config))
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
