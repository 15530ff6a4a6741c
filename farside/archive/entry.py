"""Index entry of a product, read from the product's FITS file and its name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from farside.archive.naming import Name
from farside.archive.times import to_datetime
from farside.io.fits import primary_cards, unpack
from farside.io.product_reader import time_of
from farside.magnetogram.magnetogram import Magnetogram
from farside.quality import Quality
from farside.synchronic import fits as synchronic_fits

Kind = Literal["magnetogram", "map"]

PROVISIONAL_FLAGS = (
    Quality.BEACON | Quality.NEAR_REAL_TIME | Quality.OLD_REFERENCE | Quality.MAP_REFERENCE
)
"""Quality flags that later input files can remove."""


@dataclass(frozen=True)
class ArchivedProduct:
    """One product of the archive, as the index describes it.

    Attributes
    ----------
    name
        Series, slot and issue, which give the path.
    kind
        Far-side magnetogram or synchronic map.
    spacecraft
        Observer of a magnetogram; empty for a map.
    model, version, identity
        Model of the magnetogram, or of the magnetograms in a map.
    time
        Time of the observation or of the map, UTC.
    made
        Time of production, UTC.
    quality, sha256
        Quality flags, and SHA-256 of the file.
    superseded_by
        Issue that replaced this one; None for the current issue.
    """

    name: Name
    kind: Kind
    spacecraft: str
    model: str
    version: str
    identity: str
    time: datetime
    made: datetime
    quality: Quality
    sha256: str
    superseded_by: Name | None = None


@dataclass(frozen=True)
class ProductInput:
    """One input file of a product.

    Attributes
    ----------
    role
        Observation or reference of a magnetogram; observed, generated or base of a map.
    instrument, time, quality
        Instrument and band, time of observation (UTC) and quality flags.
    filename, sha256
        Name and SHA-256 of the file.
    """

    role: str
    instrument: str
    time: datetime
    quality: Quality
    filename: str
    sha256: str


def count_provisional(quality: Quality) -> int:
    """Number of quality flags that better input files could remove."""
    return (quality & PROVISIONAL_FLAGS).bit_count()


def describe(name: Name, content: bytes) -> tuple[ArchivedProduct, tuple[ProductInput, ...]]:
    """Read the index entry of a product and its inputs from the FITS file.

    Raises
    ------
    InputError
        If the file is not a product, or was altered after it was written.
    """
    cards = primary_cards(unpack(content))
    made = to_datetime(time_of(cards, "DATE"))
    is_map = synchronic_fits.is_synchronic_map(cards)
    digest = hashlib.sha256(content).hexdigest()
    if is_map:
        return _map(name, content, made, digest)
    return _magnetogram(name, content, made, digest)


def _magnetogram(
    name: Name, content: bytes, made: datetime, digest: str
) -> tuple[ArchivedProduct, tuple[ProductInput, ...]]:
    product = Magnetogram.read(content)
    generator = product.generator
    described = ArchivedProduct(
        name=name,
        kind="magnetogram",
        spacecraft=product.spacecraft,
        model=generator.model,
        version=generator.version,
        identity=generator.identity,
        time=to_datetime(product.time),
        made=made,
        quality=product.quality,
        sha256=digest,
    )
    origins = ((given.role, given.origin) for given in product.inputs)
    return described, tuple(
        ProductInput(
            role, f"{o.instrument} {o.band}", to_datetime(o.time), o.quality, o.name, o.sha256
        )
        for role, o in origins
    )


def _map(
    name: Name, content: bytes, made: datetime, digest: str
) -> tuple[ArchivedProduct, tuple[ProductInput, ...]]:
    product = synchronic_fits.read(content)
    generators = [source.generator for source in product.sources if source.generator]
    generator = generators[0] if generators else None
    described = ArchivedProduct(
        name=name,
        kind="map",
        spacecraft="",
        model=generator.model if generator else "",
        version=generator.version if generator else "",
        identity=generator.identity if generator else "",
        time=to_datetime(product.time),
        made=made,
        quality=product.quality,
        sha256=digest,
    )
    return described, tuple(
        ProductInput(s.kind, s.instrument, to_datetime(s.time), s.quality, s.name, s.sha256)
        for s in product.sources
        if s.sha256
    )
