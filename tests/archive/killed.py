"""Looks into a drop folder, and ``farside watch`` of one, to be killed at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from astropy.time import Time

import farside.model.engines.openvino  # noqa: F401  else every fork would import it again
from farside.archive.producer import Producer
from farside.archive.schedule import Plan
from farside.cli.app import app
from farside.model.engine import Model
from tests.archive.drop import PRODUCER, look
from tests.support.killed import uncounted

WATCHED = ("archive/store.py", "archive/index.py", "farside/io/atomic.py")
"""Where a step is a call or a return."""


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


def look_once(folder: str, archive: str) -> None:
    look(Path(folder), Path(archive), Uncounted(), Plan(), 0.0, Event())


def watch(*arguments: str) -> None:
    assert app(["watch", *arguments], standalone_mode=False) in {0, None}
