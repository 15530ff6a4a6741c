"""Reading the inputs of a track: disks and maps, and the image that shows a region."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from farside.errors import InputError, SetError
from farside.io.fits import MAX_BYTES, primary_cards, unpack
from farside.io.source import bytes_of, naming_errors
from farside.quality import Quality
from farside.sun.observer import Observer, View
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.disk import MapDisk, read_generated, read_observed
from farside.synchronic.map import MapSource, SourceKind, SynchronicMap


@dataclass(frozen=True)
class ImageSource:
    """Image that shows a region: a disk, or the source of a part of a map.

    Attributes
    ----------
    kind
        Whether the field was observed or generated.
    instrument
        ``"HMI"``, or for a generated field the spacecraft.
    model
        Name and version of the model; empty for an observed field.
    view
        Observer and time.
    name, quality
        Name of the file and its quality bits.
    """

    kind: SourceKind
    instrument: str
    model: str
    view: View
    name: str
    quality: Quality

    @classmethod
    def of_disk(cls, disk: MapDisk) -> ImageSource:
        """Image of a disk."""
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
    def of_source(cls, source: MapSource, observer: Observer, given: NamedMap) -> ImageSource:
        """Image of a part of a map, from the source that this part comes from."""
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
    """Synchronic map and the name of its file."""

    name: str
    map: SynchronicMap


@dataclass(frozen=True)
class Skipped:
    """File that gave no point, and the reason."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


TrackInput = MapDisk | NamedMap | Skipped
"""Input of a track: a disk, a map, or a file that could not be read."""


def read(path: Path) -> TrackInput:
    """Read an HMI magnetogram, a product of ``farside generate`` or a native synchronic map.

    The file may be gzipped. A file that cannot be used is returned as skipped, so that it does not
    end a series.

    Raises
    ------
    OSError
        The file does not exist or cannot be opened.
    """
    data, _ = bytes_of(path, "", MAX_BYTES)
    try:
        with naming_errors(path.name):
            cards = primary_cards(unpack(data))
        if synchronic_fits.is_synchronic_map(cards):
            return NamedMap(path.name, synchronic_fits.read(data))
        read_disk = read_generated if cards.get("AIGEN") is True else read_observed
        return read_disk(data, path.name)
    except (InputError, SetError) as error:
        return Skipped(path.name, str(error))
