"""Simulated drawings in all styles, with the true magnetogram and EUV images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from astropy.time import Time

from farside.disk.registration import Disk
from farside.magnetogram.stack import Stack
from farside.observation.image import Origin
from farside.quality import Quality
from farside.simulation.drawings.drawing import LIMB_MU, draw_on_grid
from farside.simulation.drawings.styles import DRAWING_STYLES
from farside.simulation.instruments.registered import BANDS, render_view
from farside.simulation.magnetic.spots import spots_of
from farside.simulation.sun import SimulatedSun
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import project
from farside.sun.observer import Observer, View, earth
from training.data.campaign import date_at
from training.data.simulated import lattice_for

STREAM = 1610
"""Seed component of this module's random numbers."""

STRANGERS = 500_000
"""First seed of the suns of the shuffled-input control."""

DARKEST = 0.01
"""Least brightness in units of the disk's median: that of the Recipes."""

QUIET_TIME, QUIET_SUNS = Time("2019-12-01T00:00:00"), 3
"""Minimum of the simulated cycles, and number of suns averaged there."""


@dataclass(frozen=True, eq=False)
class SunImages:
    """Magnetogram, and brightness by band in units of the disk's median; NaN off the disk."""

    field: Image
    brightness: Mapping[str, Image]


@dataclass(frozen=True, eq=False)
class DrawnSun:
    """Simulated drawing with its truth.

    Attributes
    ----------
    seed
        Seed of the Sun.
    hand
        Drawing style, a key of :data:`~farside.simulation.drawings.styles.DRAWING_STYLES`.
    has_spots
        Whether a spot of any size is on the disk, drawn or not.
    drawing, other
        Model inputs: the drawing, and that of another Sun at this time in this style.
    truth
        Images of HMI and AIA from Earth, with their noise.
    """

    seed: int
    hand: str
    has_spots: bool
    drawing: Stack
    other: Stack
    truth: SunImages

    @property
    def view(self) -> View:
        """View from Earth."""
        return View(self.drawing.observer, self.drawing.time)


def drawn_suns(seed: int, dates: int, grid: Grid) -> Iterator[DrawnSun]:
    """Draw one Sun at random dates of cycles 24 and 25, the styles in turn.

    Parameters
    ----------
    seed
        Seed of the Sun; the first style follows the last one of the Sun before.
    """
    sun, stranger = SimulatedSun(seed), SimulatedSun(STRANGERS + seed)
    hands = list(DRAWING_STYLES)
    shares = np.random.default_rng([seed, STREAM]).uniform(size=dates)
    for number, share in enumerate(shares):
        time = date_at(share)
        observer, hand = earth(time), hands[(seed * dates + number) % len(hands)]
        rng = np.random.default_rng([seed, STREAM, number])
        yield DrawnSun(
            seed=seed,
            hand=hand,
            has_spots=has_spots(sun, observer, time),
            drawing=_drawn(sun, hand, observer, time, grid, rng),
            other=_drawn(stranger, hand, observer, time, grid, rng),
            truth=seen_from_earth(sun, time, grid, rng),
        )


def has_spots(sun: SimulatedSun, observer: Observer, time: Time) -> bool:
    """Whether a spot is on the disk, except at its very edge."""
    spots = spots_of(sun, time)
    longitude, latitude = (
        np.array([getattr(spot, f"{name}_deg") for spot in spots])
        for name in ("longitude", "latitude")
    )
    mu = project(longitude, latitude, observer, time)[2]
    return bool((mu > LIMB_MU).any())


def seen_from_earth(
    sun: SimulatedSun, time: Time, grid: Grid, rng: np.random.Generator
) -> SunImages:
    """Render the images that SDO takes of a Sun."""
    on_disk = grid.on_disk()
    *euv, field = render_view(sun.at(time, lattice_for(grid)), earth(time), "SDO", grid, rng)
    brightness = {
        band: _inside(np.maximum(plane / np.median(plane[on_disk]), DARKEST), grid)
        for band, plane in zip(BANDS["SDO"], euv, strict=True)
    }
    return SunImages(_inside(field, grid), brightness)


def quiet_sun(grid: Grid) -> SunImages:
    """Baseline of a quiet Sun: no field, and mean brightness by distance from disk centre.

    The mean is over some suns at the minimum of the cycle.
    """
    views = [
        seen_from_earth(
            SimulatedSun(STRANGERS + seed), QUIET_TIME, grid, np.random.default_rng([seed, STREAM])
        )
        for seed in range(QUIET_SUNS)
    ]
    mean = {
        band: np.mean([view.brightness[band] for view in views], axis=0) for band in BANDS["SDO"]
    }
    blank = np.zeros((grid.size_px, grid.size_px), np.float32)
    rings = {band: _by_rings(image, grid) for band, image in mean.items()}
    return SunImages(_inside(blank, grid), rings)


def _by_rings(image: Image, grid: Grid) -> Image:
    """Replace an image by its means over rings, one pixel wide, around disk centre."""
    on_disk, ring = grid.on_disk(), np.rint(grid.radius_px()).astype(int)
    total = np.bincount(ring[on_disk], image[on_disk])
    mean = total / np.maximum(np.bincount(ring[on_disk]), 1)
    return _inside(mean[np.minimum(ring, len(mean) - 1)], grid)


def _drawn(
    sun: SimulatedSun,
    hand: str,
    observer: Observer,
    time: Time,
    grid: Grid,
    rng: np.random.Generator,
) -> Stack:
    image = draw_on_grid(sun, time, DRAWING_STYLES[hand], grid, rng)
    origin = Origin("DRAWING", "WHITE", time, observer, f"by {hand}", "")
    disk = Disk(_inside(image, grid), grid, origin)
    return Stack((disk,), time, observer, "EARTH", Quality.GOOD)


def _inside(image: Image, grid: Grid) -> Image:
    return np.where(grid.on_disk(), image, np.nan).astype(np.float32)
