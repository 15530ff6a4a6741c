"""What something on the Sun was seen in: one image, or a part of a map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from farside.errors import InputError, SetError
from farside.io.fits import MAX_BYTES, primary_cards, unpack
from farside.io.source import about, bytes_of
from farside.quality import Quality
from farside.sun.observer import Observer, View
from farside.synchronic import fits as native
from farside.synchronic.disk import MapDisk, read_generated, read_measured
from farside.synchronic.map import Kind, MapSource, SynchronicMap


@dataclass(frozen=True)
class Sighting:
    """From what, and from where, something was seen.

    Attributes
    ----------
    kind, instrument
        Observed or generated; ``"HMI"``, or the spacecraft whose view was generated.
    model
        Name and version, of a generated one.
    view
        From where, and when.
    name, quality
        Of the file.
    """

    kind: Kind
    instrument: str
    model: str
    view: View
    name: str
    quality: Quality

    @classmethod
    def of_disk(cls, disk: MapDisk) -> Sighting:
        """What is seen on a disk."""
        made_by = disk.generator
        return cls(
            kind="generated" if made_by else "observed",
            instrument=disk.instrument,
            model=f"{made_by.model} {made_by.version}" if made_by else "",
            view=disk.view,
            name=disk.name,
            quality=disk.quality,
        )

    @classmethod
    def of_source(cls, source: MapSource, observer: Observer, given: NamedMap) -> Sighting:
        """What is seen where a map is from one of its disks."""
        made_by = source.generator
        return cls(
            kind=source.kind,
            instrument=source.instrument,
            model=f"{made_by.model} {made_by.version}" if made_by else "",
            view=View(observer, source.time),
            name=given.name,
            quality=given.map.quality,
        )


@dataclass(frozen=True, eq=False)
class NamedMap:
    """A synchronic map and the name of its file."""

    name: str
    map: SynchronicMap


@dataclass(frozen=True)
class Skipped:
    """A file in which nothing was seen, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


Given = MapDisk | NamedMap | Skipped
"""What was read, or could not be."""


def read(path: Path) -> Given:
    """Read an HMI magnetogram, a product of ``farside generate`` or a native synchronic map.

    Plain or gzip. What cannot be used is skipped, so that one bad file does not end a series.

    Raises
    ------
    OSError
        There is no such file.
    """
    data, _ = bytes_of(path, "", MAX_BYTES)
    try:
        with about(path.name):
            cards = primary_cards(unpack(data))
        if native.is_native(cards):
            return NamedMap(path.name, native.read(data))
        read_disk = read_generated if cards.get("AIGEN") is True else read_measured
        return read_disk(data, path.name)
    except (InputError, SetError) as error:
        return Skipped(path.name, str(error))
