"""Reading a global map of another observatory, or an earlier one of Farside, as a base map."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from farside.errors import (
    FarsideError,
    ImplausibleGeometryError,
    InputError,
    MissingMetadataError,
    NotFitsError,
)
from farside.io.fits import HEAD_BYTES, Cards, head_cards, open_images, text, unpack
from farside.io.source import Source, bytes_of, naming_errors
from farside.quality import Quality
from farside.sun.carrington_grid import CarringtonGrid, Degrees, Map, shift_longitude
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.map import OWN_INSTRUMENT, BaseMap, SynchronicMap
from farside.synchronic.synoptic import (
    YEARS,
    SynopticMap,
    check_field,
    is_plausible_time,
    read_synoptic_map,
)

MAX_MAP_BYTES = 64 * 2**20
"""Largest file of a map, packed or unpacked. The largest in use, of HMI at 0.1°, has 21 MB."""


def read_base(source: Source, name: str = "", *, max_bytes: int = MAX_MAP_BYTES) -> BaseMap:
    """Read a map of GONG, ADAPT, HMI (synoptic or daily frame) or Farside.

    The file may be gzipped. Missing and impossible values are NaN, up to
    :data:`farside.synchronic.synoptic.MISSING_LIMIT` of the sphere. Of ADAPT's realisations the
    mean is taken.

    Parameters
    ----------
    source
        A path, the bytes of a file or an open binary file.
    name
        Name in error messages of bytes that have none of their own.
    max_bytes
        Largest size accepted, packed or unpacked.

    Raises
    ------
    NotFitsError, FileTooLargeError, UnsupportedImageError, DegenerateFieldError
        The file is not a map of these kinds, or not of the radial field.
    MissingMetadataError, ImplausibleGeometryError
        Time, unit or coordinates are missing or contradict each other.
    DamagedImageError
        Too many values are missing, or a map of Farside was altered after it was written.
    """
    data, name = bytes_of(source, name, max_bytes)
    digest = hashlib.sha256(data).hexdigest()
    with naming_errors(name or "map without a name"):
        data = unpack(data, max_bytes)
        images = open_images(data)
        cards = images[0].cards
        if text(cards, "CONTENT") == synchronic_fits.CONTENT:
            own = _own(data)
            return replace(own.to_base_map(name, digest), quality=own.quality)
        synoptic = read_synoptic_map(images)
        check_field(synoptic.field_gauss, synoptic.grid)
        return _base(synoptic, name, digest, cards)


def is_map(source: Source) -> bool:
    """Whether a file is a map of the whole Sun by its header, which alone is read.

    An open file is left at its start.
    """
    head, _ = bytes_of(source, "", HEAD_BYTES)
    if hasattr(source, "seek"):
        source.seek(0)
    try:
        cards = head_cards(head)
    except InputError:
        return False  # its reader says what is wrong with it
    return (
        text(cards, "CTYPE1").startswith("CRLN")
        or text(cards, "MODEL") == "ADAPT"
        or text(cards, "CONTENT") == synchronic_fits.CONTENT
    )


def _own(data: bytes) -> SynchronicMap:
    """Read a map of Farside and check its time: a CHECKSUM does not prove who wrote the file."""
    try:
        own = synchronic_fits.read(data)
    except FarsideError:
        raise
    except Exception as error:  # astropy raises errors of any kind on corrupt tables
        raise NotFitsError(f"unreadable map of Farside: {error!r}") from error
    if not is_plausible_time(own.time):
        raise ImplausibleGeometryError(
            f"DATE-OBS is {own.time}, expected a time from {YEARS[0]} to {YEARS[1]}"
        )
    return own


def _base(synoptic: SynopticMap, name: str, digest: str, cards: Cards) -> BaseMap:
    """Base map whose columns begin at longitude 0."""
    own = text(cards, "ORIGIN").startswith("Farside")
    sigma = synoptic.sigma_gauss
    return BaseMap(
        field_gauss=_turned(synoptic.field_gauss, synoptic.edge_deg),
        grid=synoptic.grid,
        time=synoptic.time,
        # A map of Farside in GONG's or ADAPT's layout is no measurement of theirs.
        instrument=OWN_INSTRUMENT if own else synoptic.instrument,
        name=name,
        sha256=digest,
        age_days=_spread(synoptic.age_days(synoptic.grid.longitude_deg), synoptic.grid),
        sigma_gauss=None if sigma is None else np.abs(_turned(sigma, synoptic.edge_deg)),
        quality=_quality(cards) if own else Quality.GOOD,
        synchronic=own or synoptic.instrument == "ADAPT",
    )


def _quality(cards: Cards) -> Quality:
    bits = cards.get("QUALITY", 0)
    if isinstance(bits, bool) or not isinstance(bits, int) or not 0 <= bits <= sum(Quality):
        raise MissingMetadataError(f"QUALITY is {bits!r}, expected 0 to {sum(Quality)}")
    return Quality(bits)


def _turned(values: Map, degrees: float) -> Map:
    """Map shifted in longitude; cells that a missing pixel is moved to are NaN, and only those."""
    missing = np.isnan(values)
    cells = degrees * values.shape[1] / 360
    lost = np.roll(missing, int(np.floor(cells)), axis=1) | np.roll(
        missing, int(np.ceil(cells)), axis=1
    )
    return np.where(lost, np.nan, shift_longitude(np.where(missing, 0.0, values), degrees))


def _spread(by_longitude: Degrees, grid: CarringtonGrid) -> Map:
    return np.tile(by_longitude, (grid.rows, 1))
