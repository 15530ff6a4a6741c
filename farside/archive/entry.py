"""What the index says of a product; all of it is read from the product's file and its name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from farside.archive.naming import Name
from farside.archive.times import instant
from farside.io.fits import primary_cards, unpack
from farside.io.product_reader import time_of
from farside.magnetogram.magnetogram import Magnetogram
from farside.quality import Quality
from farside.synchronic import fits as native

Kind = Literal["magnetogram", "map"]

PROVISIONAL = Quality.BEACON | Quality.NEAR_REAL_TIME | Quality.OLD_REFERENCE
"""Bits that files which come later can take away."""


@dataclass(frozen=True)
class Product:
    """One file of the archive.

    Attributes
    ----------
    name
        Where it lies.
    kind
        A far-side magnetogram, or a synchronic map.
    spacecraft
        Whose view it is; empty of a map.
    model, version, identity
        What generated it, or the disks in it.
    time
        That it was observed, or is of.
    made
        When.
    quality, sha256
        Its flags, and the hash of its file.
    superseded_by
        The issue that took its place; None while it is the current one.
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
class Ingredient:
    """One file that a product was made from.

    Attributes
    ----------
    role
        Of a magnetogram: observation or reference; of a map: observed, generated or base.
    instrument, time, quality
        What it is.
    filename, sha256
        Of the file.
    """

    role: str
    instrument: str
    time: datetime
    quality: Quality
    filename: str
    sha256: str


def provisional(quality: Quality) -> int:
    """How many flags are set that better files could take away."""
    return (quality & PROVISIONAL).bit_count()


def describe(name: Name, content: bytes) -> tuple[Product, tuple[Ingredient, ...]]:
    """Read a product's own word on itself.

    Raises
    ------
    InputError
        It is no product, or was altered since it was written.
    """
    cards = primary_cards(unpack(content))
    made = instant(time_of(cards, "DATE"))
    is_map = native.is_native(cards)
    digest = hashlib.sha256(content).hexdigest()
    if is_map:
        return _map(name, content, made, digest)
    return _magnetogram(name, content, made, digest)


def _magnetogram(
    name: Name, content: bytes, made: datetime, digest: str
) -> tuple[Product, tuple[Ingredient, ...]]:
    product = Magnetogram.read(content)
    generator = product.generator
    described = Product(
        name=name,
        kind="magnetogram",
        spacecraft=product.spacecraft,
        model=generator.model,
        version=generator.version,
        identity=generator.identity,
        time=instant(product.time),
        made=made,
        quality=product.quality,
        sha256=digest,
    )
    origins = ((given.role, given.origin) for given in product.inputs)
    return described, tuple(
        Ingredient(role, f"{o.instrument} {o.band}", instant(o.time), o.quality, o.name, o.sha256)
        for role, o in origins
    )


def _map(
    name: Name, content: bytes, made: datetime, digest: str
) -> tuple[Product, tuple[Ingredient, ...]]:
    product = native.read(content)
    generators = [source.generator for source in product.sources if source.generator]
    generator = generators[0] if generators else None
    described = Product(
        name=name,
        kind="map",
        spacecraft="",
        model=generator.model if generator else "",
        version=generator.version if generator else "",
        identity=generator.identity if generator else "",
        time=instant(product.time),
        made=made,
        quality=product.quality,
        sha256=digest,
    )
    return described, tuple(
        Ingredient(s.kind, s.instrument, instant(s.time), s.quality, s.name, s.sha256)
        for s in product.sources
        if s.sha256
    )
