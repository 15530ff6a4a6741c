"""Metrics of ``farside live``, served over HTTP for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from farside.archive.index import Index
from farside.archive.status import WatchMetrics, metric_lines


@dataclass
class LiveMetrics:
    """Metrics of one ``farside live``: those of the watch, and of the public archives.

    Attributes
    ----------
    waiting
        Sets, magnetograms of the day and base maps that are missing or could be better.
    unreachable
        Sets in a row that no archive answered for in the last round.
    silences_s
        Age of the newest magnetogram of each spacecraft, seconds.
    """

    watch: WatchMetrics = field(default_factory=lambda: WatchMetrics(None))
    waiting: int = 0
    unreachable: int = 0
    silences_s: Mapping[str, float] = field(default_factory=dict)

    def count_requests(self, *, waiting: int, unreachable: int) -> None:
        """Note what the archives were asked for in a round."""
        self.waiting, self.unreachable = waiting, unreachable

    def write(self, index: Index, made: int, silences_s: Mapping[str, float]) -> None:
        """Note a completed round."""
        self.silences_s = silences_s
        self.watch.write(index, made)

    def write_unreachable(self) -> None:
        """Note a round that failed: service, folder or disk unreachable."""
        self.watch.write_unreachable()

    def text(self) -> str:
        """Metrics in Prometheus' text format."""
        silences = [(f'{{spacecraft="{name}"}}', s) for name, s in self.silences_s.items()]
        lines = [
            *metric_lines(
                "farside_live_waiting_sets",
                "gauge",
                "sets that are missing or could be better",
                [("", self.waiting)],
            ),
            *metric_lines(
                "farside_live_unreachable_sets",
                "gauge",
                "sets in a row that no archive answered for",
                [("", self.unreachable)],
            ),
            *metric_lines(
                "farside_live_silence_seconds",
                "gauge",
                "age of the newest magnetogram of a spacecraft",
                silences,
            ),
        ]
        return self.watch.text() + "\n".join(lines) + "\n"


class _Handler(BaseHTTPRequestHandler):
    metrics: LiveMetrics

    def log_message(self, *_: object) -> None:
        """Log no scrapes."""

    def do_GET(self) -> None:
        """Answer /metrics and /livez."""
        pages = {"/metrics": self.metrics.text(), "/livez": "alive\n"}
        body = pages.get(self.path, "").encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(metrics: LiveMetrics, address: str | None) -> Iterator[None]:
    """Serve ``/metrics`` and ``/livez`` at an address such as ``127.0.0.1:9465``, if there is one.

    Raises
    ------
    OSError
        The address cannot be listened on.
    """
    if address is None:
        yield
        return
    host, _, port = address.rpartition(":")
    handler = type("Handler", (_Handler,), {"metrics": metrics})
    with ThreadingHTTPServer((host, int(port)), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
