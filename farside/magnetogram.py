"""A generated magnetogram: a FITS product and back; every header card in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from astropy.io import fits
from astropy.time import Time

from farside.grid import Grid, Image
from farside.observation import Origin, Source
from farside.observer import Observer
from farside.quality import Quality
from farside.recipe import Role


@dataclass(frozen=True)
class Generator:
    """What made a magnetogram.

    Attributes
    ----------
    model, version, identity
        Name and version from the Recipe, sha256 of the tensors.
    trained_on
        ``"SIMULATED"``, ``"OBSERVED"`` or ``"NONE"``.
    engine, precision
        What ran it, as in ``"torch"``, ``"float32"``.
    saturation_gauss
        Field strength at which the model saturates, if it does.
    """

    model: str
    version: str
    identity: str
    trained_on: Literal["SIMULATED", "OBSERVED", "NONE"]
    engine: str
    precision: str
    saturation_gauss: float | None = None


@dataclass(frozen=True)
class Input:
    """One image that a magnetogram was made from, and the role it was given in."""

    role: Role
    origin: Origin


@dataclass(frozen=True, eq=False)
class Magnetogram:
    """Line-of-sight field in gauss as the far-side spacecraft would have measured it.

    Attributes
    ----------
    image
        Gauss, positive towards the observer, (y, x) on `grid`, NaN outside the mask.
    time
        Mean time of the observations, UTC, to the millisecond.
    observer
        The far-side spacecraft.
    spacecraft
        ``"STEREO_A"`` or ``"STEREO_B"``.
    inputs
        In the order of the Recipe's channels.
    sigma
        One standard deviation in gauss, where the model gives it.
    """

    image: Image
    grid: Grid
    time: Time
    observer: Observer
    spacecraft: str
    quality: Quality
    generator: Generator
    inputs: tuple[Input, ...]
    sigma: Image | None = None

    def to_hdus(self) -> fits.HDUList:
        raise NotImplementedError

    def to_bytes(self) -> bytes:
        raise NotImplementedError

    def write(self, path: Path) -> None:
        raise NotImplementedError

    @classmethod
    def read(cls, source: Source) -> Magnetogram:
        raise NotImplementedError
