"""Instrument files of another time, made of those of one simulated scene."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import astropy.units as u

from farside.observation.image import read
from farside.simulation.instruments.files import SimulatedSet
from farside.sun.observer import earth

_TIMES = ("DATE-OBS", "DATE-AVG", "T_OBS")
_TIME = re.compile(r"(\d{4})(.)(\d\d)(.)(\d\d)(.)(\d\d):(\d\d):(\d\d)")


def with_cards(content: bytes, **cards: str) -> bytes:
    """Put values, as they stand in a header, in place of those that are there."""
    for keyword, value in cards.items():
        found = re.search(re.escape(f"{keyword:<8}= ".encode()) + b".{70}", content, re.DOTALL)
        assert found, f"no {keyword}"
        content = content.replace(found[0], f"{keyword:<8}= {value:<70}".encode(), 1)
    return content


def moved(path: Path, time: timedelta, content: bytes | None = None) -> bytes:
    """The same picture at another time, from the same Stonyhurst longitude; SDO is at Earth."""
    content = path.read_bytes() if content is None else content
    for keyword in _TIMES:
        if f"{keyword:<8}= ".encode() in content:
            later = _TIME.sub(lambda match: _later(match, time), _card(content, keyword))
            content = with_cards(content, **{keyword: later})
    origin = read(path).origin
    then = origin.time + time.total_seconds() * u.s
    place = earth(then) if origin.instrument in ("AIA", "HMI") else origin.observer
    content = with_cards(content, CRLT_OBS=f"{place.latitude_deg:>20.6f}")
    if b"HGLT_OBS= " in content:
        content = with_cards(content, HGLT_OBS=f"{place.latitude_deg:>20.6f}")
    return with_cards(content, CRLN_OBS=f"{place.carrington_longitude_deg(then):>20.6f}")


def moved_set(files: SimulatedSet, time: timedelta, folder: Path) -> SimulatedSet:
    """Write all images of a set at another time, under their names; the truth stays where it is."""
    folder.mkdir(parents=True)

    def write(path: Path) -> Path:
        (folder / path.name).write_bytes(moved(path, time))
        return folder / path.name

    observations, references = (
        tuple(map(write, paths)) for paths in (files.observations, files.references)
    )
    return SimulatedSet(observations, references, files.truth)


def _card(content: bytes, keyword: str) -> str:
    start = content.index(f"{keyword:<8}= ".encode()) + 10
    return content[start : start + 70].decode("latin-1").split("/")[0].strip()


def _later(match: re.Match[str], time: timedelta) -> str:
    form = f"%Y{match[2]}%m{match[4]}%d{match[6]}%H:%M:%S"
    return (datetime.strptime(match[0], form) + time).strftime(form)
