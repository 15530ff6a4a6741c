"""Metrics of `farside watch`: a file for the textfile collector of node_exporter."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from farside.archive.index import Index
from farside.io.atomic import atomic_path

_log = logging.getLogger(__name__)


@dataclass
class WatchMetrics:
    """Metrics of one `farside watch`, written after each round.

    Attributes
    ----------
    path
        File to write; None for no file.
    made
        Number of products since the start.
    """

    path: Path | None
    made: int = 0
    _away: bool = False
    _round_s: float = 0.0
    _counts: tuple[tuple[str, float], ...] = ()

    def write(self, index: Index, made: int) -> None:
        """Write the metrics after a completed round."""
        self.made += made
        self._round_s = time.time()
        self._counts = index.counts()
        self._write(away=False)

    def write_unreachable(self) -> None:
        """Write the metrics after a round that failed: service, folder or disk unreachable."""
        self._write(away=True)

    def _write(self, *, away: bool) -> None:
        self._away = away
        if self.path is None:
            return
        try:
            with atomic_path(self.path) as temporary:
                temporary.write_text(self.text())
                temporary.chmod(0o644)
        except OSError as error:
            _log.warning("no metrics file=%s error=%s", self.path, error)

    def text(self) -> str:
        """Metrics in Prometheus' text format."""
        lines = [
            *_metric("away", "gauge", "1 while service, folder or disk is unreachable", self._away),
            *_metric("round_timestamp_seconds", "gauge", "end of the last round", self._round_s),
            *_metric("products_total", "counter", "products made since the start", self.made),
        ]
        for name, value in self._counts:
            lines += _metric(name, "gauge", "from the index of the archive", value)
        return "\n".join(lines) + "\n"


def metric_lines(
    name: str, kind: str, meaning: str, samples: Iterable[tuple[str, float]]
) -> list[str]:
    """Lines of one metric; each sample has its labels, as in ``{spacecraft="A"}``, or none."""
    head = [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
    return [*head, *(f"{name}{labels} {float(value):.15g}" for labels, value in samples)]


def _metric(name: str, kind: str, meaning: str, value: float) -> list[str]:
    return metric_lines(f"farside_watch_{name}", kind, meaning, [("", value)])
