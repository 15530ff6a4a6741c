"""What lies in the drop folders: read once, when it is whole, and again when it changes."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from farside.archive.clock import instant
from farside.archive.index import Arrival, Index
from farside.errors import InputError
from farside.observation import read
from farside.product import quoted, unquoted
from farside.quality import Quality

_log = logging.getLogger(__name__)

PARTIAL_ENDINGS = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload")
"""What programs call a file that is still arriving."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def scan(
    folders: Sequence[Path], index: Index, settle_s: float, leave_out: Path, stop: Event
) -> list[Arrival]:
    """Read what is new or has changed; give every file that can be used, once for each content.

    Parameters
    ----------
    folders
        Searched with all that is below them. Nothing in them is touched.
    settle_s
        How long a file must have been left alone before it is read.
    leave_out
        The archive, where it lies in one of the folders.
    stop
        Once set, no more files are read.
    """
    known = index.arrivals()
    here: dict[str, Arrival] = {}
    for path in _files(folders, leave_out):
        if stop.is_set():
            break
        arrival = _arrival(path, known, index, settle_s)
        if arrival is not None and not arrival.error:
            here.setdefault(arrival.sha256, arrival)
    return sorted(here.values(), key=lambda arrival: (arrival.time, arrival.path))


def remembered(index: Index) -> list[Arrival]:
    """Every file that was read before and is still there, once for each content."""
    here: dict[str, Arrival] = {}
    for _, arrival in sorted(index.arrivals().items()):
        if not arrival.error and _fingerprint(path_of(arrival)) == arrival.fingerprint:
            here.setdefault(arrival.sha256, arrival)
    return sorted(here.values(), key=lambda arrival: (arrival.time, arrival.path))


def path_of(arrival: Arrival) -> Path:
    """Where the file lies."""
    return Path(unquoted(arrival.path))


def _files(folders: Sequence[Path], leave_out: Path) -> Iterator[Path]:
    for folder in folders:
        for parent, below, names in os.walk(folder.resolve(), onerror=_raise):
            below[:] = sorted(
                name
                for name in below
                if not name.startswith(".") and Path(parent, name) != leave_out.resolve()
            )
            for name in sorted(names):
                if not name.startswith(".") and not name.lower().endswith(PARTIAL_ENDINGS):
                    yield Path(parent, name)


def _raise(error: OSError) -> None:
    """A folder that cannot be listed is an error: it may hold all there is."""
    raise error


def _arrival(
    path: Path, known: dict[str, Arrival], index: Index, settle_s: float
) -> Arrival | None:
    """What is at a path, as remembered or read now; None while it is not whole."""
    fingerprint = _fingerprint(path)
    if fingerprint is None:
        return None
    before = known.get(quoted(str(path)))
    if before is not None and before.fingerprint == fingerprint:
        return before
    if _seconds_alone(path) < settle_s:
        return None
    arrival = _read(path, fingerprint)
    if arrival is None or _fingerprint(path) != fingerprint:
        return None
    index.note_arrival(arrival)
    if arrival.error:
        _log.warning("unusable file=%s error=%s", path, arrival.error)
    else:
        flags = ",".join(arrival.quality.names()) or "good"
        _log.info("arrived %s quality=%s file=%s", arrival, flags, path)
    return arrival


def _fingerprint(path: Path) -> str | None:
    """Of a plain file that is there. The change time is one that no program can set."""
    try:
        found = path.stat()
    except OSError:
        return None
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}" if path.is_file() else None


def _seconds_alone(path: Path) -> float:
    """Since the file last changed; one from the future, by another clock, is old enough."""
    try:
        seconds = time.time() - path.stat().st_ctime
    except OSError:
        return 0.0
    return seconds if seconds >= 0 else float("inf")


def _read(path: Path, fingerprint: str) -> Arrival | None:
    try:
        origin = read(path).origin
    except InputError as error:
        reason = f"{type(error).__name__}: {error}"
        return Arrival(
            quoted(str(path)), fingerprint, "", "", "", _NEVER, 0.0, Quality.GOOD, reason
        )
    except OSError as error:
        _log.warning("not readable file=%s error=%s", path, error)
        return None
    return Arrival(
        path=quoted(str(path)),
        fingerprint=fingerprint,
        sha256=origin.sha256,
        instrument=origin.instrument,
        band=origin.band,
        time=instant(origin.time),
        longitude_deg=origin.observer.longitude_deg,
        quality=origin.quality,
    )
