"""Scan drop folders: each file is read once when complete, and again when it changes."""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from farside.archive.index import Arrival, Index
from farside.archive.sets import MAP_BAND, MAP_INSTRUMENT
from farside.archive.times import to_datetime
from farside.errors import InputError
from farside.io.cards import quote_name, unquote_name
from farside.observation.image import read_origin
from farside.quality import Quality
from farside.synchronic.base import is_map, read_base

_log = logging.getLogger(__name__)

PARTIAL_ENDINGS = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload")
"""Name endings of files that are still being transferred."""

RECORD_ENDINGS = (".json",)
"""Name endings of records beside the images, such as those of `farside fetch`."""

FILES_PER_TRANSACTION = 100
"""Files entered into the index in one transaction; each transaction waits for the disk."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Found:
    """Path found in a drop folder: fingerprint, change time, and why it must not be read."""

    path: str
    fingerprint: str
    changed: float
    error: str = ""


def scan(
    folders: Sequence[Path], index: Index, settle_s: float, leave_out: Path, stop: Event
) -> list[Arrival]:
    """Read new and changed files of the drop folders; return the usable ones without duplicates.

    Only headers are read: damaged pixels are found when the image is used.

    Parameters
    ----------
    folders
        Drop folders, searched recursively. Nothing in them is changed.
    settle_s
        Time a file must be unchanged before it is read, seconds.
    leave_out
        Folder to skip: the archive, if it is inside a drop folder.
    stop
        Event that ends the scan.
    """
    known = index.arrivals()
    here: dict[str, Arrival] = {}
    noted: list[Arrival] = []
    try:
        for found in _files(folders, leave_out):
            if stop.is_set():
                break
            before = known.get(quote_name(found.path))
            if before is None or before.fingerprint != found.fingerprint:
                before = _arrival(found, settle_s)
                if before is not None:
                    noted.append(before)
                if len(noted) >= FILES_PER_TRANSACTION:
                    index.note_arrivals(noted)
                    noted = []
            if before is not None and not before.error:
                here.setdefault(before.sha256, before)
    finally:
        if noted:
            index.note_arrivals(noted)
    return sorted(here.values(), key=lambda arrival: (arrival.time, arrival.path))


def known_arrivals(index: Index) -> list[Arrival]:
    """Usable files that were read earlier and are unchanged, without duplicates."""
    here: dict[str, Arrival] = {}
    for _, arrival in sorted(index.arrivals().items()):
        if not arrival.error and _fingerprint(path_of(arrival)) == arrival.fingerprint:
            here.setdefault(arrival.sha256, arrival)
    return sorted(here.values(), key=lambda arrival: (arrival.time, arrival.path))


def path_of(arrival: Arrival) -> Path:
    """Path of the file of an arrival."""
    return Path(unquote_name(arrival.path))


def _files(folders: Sequence[Path], leave_out: Path) -> Iterator[_Found]:
    """Files of all folders, sorted by name; a folder that cannot be listed is skipped.

    Raises
    ------
    OSError
        If no folder can be listed.
    """
    roots = [os.path.realpath(folder) for folder in folders]
    failure: OSError | None = None
    listed = False
    for root in roots:
        try:
            entries = _listed(root)
        except OSError as error:
            failure = error
            _log.warning("not listed folder=%s error=%s", root, error)
            continue
        listed = True
        yield from _below(entries, roots, os.path.realpath(leave_out))
    if failure and not listed:
        raise failure


def _below(entries: list[os.DirEntry[str]], roots: list[str], leave_out: str) -> Iterator[_Found]:
    for entry in entries:
        if entry.name.startswith(".") or entry.path == leave_out:
            continue
        if entry.is_dir(follow_symlinks=False):
            try:
                inside = _listed(entry.path)
            except OSError as error:
                yield _Found(entry.path, _fingerprint(entry.path), 0.0, f"folder: {error.strerror}")
                continue
            yield from _below(inside, roots, leave_out)
        elif not entry.name.lower().endswith(PARTIAL_ENDINGS + RECORD_ENDINGS):
            yield from _file(entry, roots)


def _file(entry: os.DirEntry[str], roots: list[str]) -> Iterator[_Found]:
    try:
        status = entry.stat()
        if not stat.S_ISREG(status.st_mode):
            return
        error = ""
        if entry.is_symlink() and not _is_within(os.path.realpath(entry.path), roots):
            error = "a link that leads out of the folder is not followed"
    except OSError:  # gone meanwhile, or a link to nothing
        return
    yield _Found(entry.path, _printed(status), status.st_ctime, error)


def _listed(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _is_within(path: str, roots: list[str]) -> bool:
    return any(path.startswith(f"{root}/") for root in roots)


def _arrival(found: _Found, settle_s: float) -> Arrival | None:
    """Read a file; None while it is incomplete."""
    if found.error:
        arrival = _unusable(found, found.error)
    else:
        if seconds_since(found.changed) < settle_s:
            return None
        read_now = _read(found)
        if read_now is None or _fingerprint(found.path) != found.fingerprint:
            return None
        arrival = read_now
    if arrival.error:
        _log.warning("unusable file=%s error=%s", found.path, arrival.error)
    else:
        flags = ",".join(arrival.quality.names()) or "good"
        _log.info("arrived %s quality=%s file=%s", arrival, flags, found.path)
    return arrival


def _fingerprint(path: str | Path) -> str:
    """Size, modification and change time (which no program can set); empty if there is no file."""
    try:
        return _printed(Path(path).stat())
    except OSError:
        return ""


def _printed(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def seconds_since(changed: float) -> float:
    """Age of the last change; a time in the future (another clock) counts as infinitely old."""
    seconds = time.time() - changed
    return seconds if seconds >= 0 else float("inf")


def _unusable(found: _Found, reason: str) -> Arrival:
    return Arrival(
        quote_name(found.path), found.fingerprint, "", "", "", _NEVER, 0.0, Quality.GOOD, reason
    )


def _read(found: _Found) -> Arrival | None:
    path = found.path
    try:
        return _known(path, found.fingerprint)
    except (InputError, PermissionError) as error:
        return _unusable(found, f"{type(error).__name__}: {error}")
    except OSError as error:
        _log.warning("not readable file=%s error=%s", path, error)
        return None
    except Exception as error:
        # Whatever fails in the reader, one bad file must not block the others.
        _log.exception("reader failed file=%s", path)
        return _unusable(found, f"{type(error).__name__}: {error}")


def _known(path: str, fingerprint: str) -> Arrival:
    try:
        origin = read_origin(path)
    except InputError:
        if not is_map(Path(path)):
            raise
        return _known_map(path, fingerprint)
    return Arrival(
        path=quote_name(path),
        fingerprint=fingerprint,
        sha256=origin.sha256,
        instrument=origin.instrument,
        band=origin.band,
        time=to_datetime(origin.time),
        longitude_deg=origin.observer.longitude_deg,
        quality=origin.quality,
    )


def _known_map(path: str, fingerprint: str) -> Arrival:
    """Entry of a synoptic map, which has no observer: its time is that which it describes."""
    found = read_base(Path(path))
    return Arrival(
        path=quote_name(path),
        fingerprint=fingerprint,
        sha256=found.sha256,
        instrument=MAP_INSTRUMENT,
        band=MAP_BAND,
        time=to_datetime(found.time),
        longitude_deg=0.0,
        quality=found.quality,
    )
