"""Quiet Sun: supergranular network, and its mixed-polarity field."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from farside.simulation.grid import COARSE, Degrees, Lattice
from farside.sun.grid import Image

Floats = NDArray[np.float32]

CELL_DAYS = 3.0
"""Time between random textures, chosen so that cells live 1–2 d: 1.6 d in Hirzberger et al. (2008,
Sol. Phys. 251, 417), 1–2 d in Rieutord & Rincon (2010, Living Rev. 7, 2)."""

CELL_SIGMA_DEG = 0.80
"""Standard deviation of the textures whose borders are the network, chosen so that the cells are
25–30 Mm wide: 27 Mm in Hirzberger et al. (2008)."""

EVENNESS = 1.0
"""Scale of the high-pass filter of the textures, in their standard deviation, which makes the cells
of similar size: a choice."""

LANE_WIDTH = 0.30
"""Half width of a lane, as a difference of two textures in their standard deviation: a choice."""

VIEWS_DEG = ((0.0, False), (123.0, True), (211.5, False), (67.5, True))
"""Shift in longitude, and reflection at the equator, of the four textures made from one."""

ELEMENT_DAYS = 3
"""Lifetime of a concentration; the flux of the quiet network is replaced in 1.5–3 d
(Schrijver et al. 1997, ApJ 487, 424)."""

ELEMENTS = 70_000
"""Number of concentrations on the whole Sun: fitted to a quiet MDI disk of 2010-10-15."""

ELEMENT_FLUX_MX = 1.6e19
"""E-folding flux of a concentration in the middle of a lane (the distribution is close to
exponential, Schrijver et al. 1997): fitted to a quiet MDI disk of 2010-10-15."""

GRAINS, CLUMP_SIGMA_DEG = 3, 0.11
"""Number of pieces of a concentration, and their distance from its centre: fitted to a quiet MDI
disk of 2010-10-15."""

INTERNETWORK = 0.12
"""Flux of a concentration at the centre of a cell, relative to one in the middle of a lane: fitted
to a quiet MDI disk of 2010-10-15."""

POLARITY_SIGMA_DEG, POLARITY_BIAS = 2.0, 1.0
"""Scale of the areas with a dominant polarity, and strength of the bias: fitted to a quiet MDI disk
of 2010-10-15."""

POLARITY_DAYS = 15
"""Time between patterns of dominant polarity, a choice: concentrations are replaced within days,
but from the flux of earlier ones (Schrijver et al. 1997), so the local sign outlives them."""

BIPOLES_PER_DAY = 17_000
"""Emergence rate of ephemeral regions on the whole Sun: (1–2)e4 in 3.5 d on a quarter of it
(Hagenaar 2000, BAAS 32, 2, 1.23)."""

BIPOLE_FLUX_MX = 5.3e18
"""E-folding flux of an ephemeral region (Hagenaar, Schrijver & Title 2003, ApJ 584, 1107)."""

BIPOLE_DAYS = 4.4 / 24
"""Lifetime of an ephemeral region (Hagenaar 2000)."""

BIPOLE_DEG = 0.7
"""Separation of its polarities at half its lifetime: a choice below the 10 Mm (0.8°) within which
Hagenaar (2000) searches for pairs."""

GATHERING_DEG = 1.5
"""Distance over which the network collects the field, about a cell: a choice."""

CORE_SIGMA_DEG, WING_SIGMA_DEG, WING_SHARE = 0.06, 0.35, 0.15
"""Standard deviations of the core and the wing of a concentration, and fraction of its flux in the
wing: fitted to a quiet MDI disk of 2010-10-15."""


@dataclass(frozen=True, eq=False)
class QuietSun:
    """Quiet Sun at one time, on one grid.

    Attributes
    ----------
    lanes
        Supergranular network, (row, column): 1 in the middle of its lanes, 0 within its cells.
    field_gauss
        Radial field of mixed polarity and zero mean, (row, column), gauss.
    """

    lanes: Image
    field_gauss: Image

    @property
    def concentrations(self) -> Image:
        """Weight by which the field of decayed regions is distributed over the network, of mean 1.

        Independent of polarity; the share of the strong concentrations is a choice.
        """
        strength = np.abs(self.field_gauss)
        lanes = self.lanes / self.lanes.mean()
        return np.asarray(0.6 * lanes + 0.4 * strength / strength.mean(), dtype=np.float32)


def quiet(seed: int, day: float, lattice: Lattice) -> QuietSun:
    """Quiet Sun of a seed at a time, continuous in time and consistent on every grid.

    Parameters
    ----------
    seed
        Seed of the Sun.
    day
        Time in days, from any origin.
    lattice
        Grid of the result.
    """
    texture = _texture(seed, day)
    network = _lanes(texture, COARSE)
    drawn = network if lattice == COARSE else _lanes(texture, lattice)
    return QuietSun(drawn, _field(_elements(seed, day, network), lattice))


def lanes(seed: int, day: float, lattice: Lattice) -> Image:
    """Supergranular network alone, as in :class:`QuietSun`."""
    return _lanes(_texture(seed, day), lattice)


def _rng(seed: int, stream: int, epoch: int) -> np.random.Generator:
    return np.random.default_rng([seed, stream, epoch % 2**32])


def _texture(seed: int, day: float) -> Image:
    """Blend of the random textures of two epochs at constant variance, on COARSE."""
    epoch, phase = divmod(day / CELL_DAYS, 1.0)
    past, coming = (_white(_rng(seed, 0, int(epoch) + n), COARSE) for n in (0, 1))
    turn = math.pi / 2 * phase
    mixed = math.cos(turn) * past + math.sin(turn) * coming
    return _grains(mixed, COARSE, CELL_SIGMA_DEG, EVENNESS)


def _white(rng: np.random.Generator, lattice: Lattice) -> Image:
    """White noise of equal variance per square degree everywhere."""
    white = rng.standard_normal((lattice.rows, lattice.columns), dtype=np.float32)
    white /= np.sqrt(np.cos(np.radians(lattice.latitude_deg)))[:, None]
    return white


def _grains(white: Image, lattice: Lattice, sigma_deg: float, evenness: float) -> Image:
    """Band-passed texture of unit variance: grains of one size."""
    smooth = lattice.smooth(white, sigma_deg)
    texture = smooth - lattice.smooth(smooth, evenness * sigma_deg)
    return texture / np.float32(math.sqrt(_mean(texture**2, lattice)))


def _lanes(texture: Image, lattice: Lattice) -> Image:
    """Lanes between cells, in each of which one of four textures exceeds the others.

    Such lanes meet in threes, as those of supergranules do. The four textures are one, shifted in
    longitude and reflected, and so locally independent.
    """
    fine = lattice.resampled(texture)
    a, b, c, d = (_view(fine, turn, flip, lattice) for turn, flip in VIEWS_DEG)
    high, other = np.maximum(a, b), np.maximum(c, d)
    second = np.maximum(np.minimum(high, other), np.maximum(np.minimum(a, b), np.minimum(c, d)))
    gap = np.maximum(high, other) - second
    return np.asarray(np.exp(-((gap / LANE_WIDTH) ** 2)), dtype=np.float32)


def _view(texture: Image, turn_deg: float, flip: bool, lattice: Lattice) -> Image:
    rows = texture[::-1] if flip else texture
    return np.roll(rows, round(turn_deg / lattice.step_deg), axis=1)


class _Elements(NamedTuple):
    longitude_deg: Degrees
    latitude_deg: Degrees
    flux_mx: Floats


def _elements(seed: int, day: float, network: Image) -> _Elements:
    """All concentrations at a time."""
    today = int(np.floor(day))
    born = [_concentrations(seed, today - n, day, network) for n in range(ELEMENT_DAYS + 1)]
    born += [_bipoles(seed, today - n, day) for n in (0, 1)]
    return _Elements(*(np.concatenate(part) for part in zip(*born, strict=True)))


def _concentrations(seed: int, birthday: int, day: float, network: Image) -> _Elements:
    """Living concentrations of network and internetwork, born on one day."""
    rng = _rng(seed, 1, birthday)
    n = round(ELEMENTS / ELEMENT_DAYS)
    longitude, latitude, age = _births(rng, n, day - birthday)
    flux = ELEMENT_FLUX_MX * rng.standard_exponential(n, dtype=np.float32)
    bias = POLARITY_BIAS * _at(_polarity(seed, birthday), longitude, latitude)
    sign = np.sign(0.5 + 0.5 * np.tanh(bias) - rng.random(n, dtype=np.float32))
    offset = CLUMP_SIGMA_DEG * rng.standard_normal((2, GRAINS, n), dtype=np.float32)
    phase = age / ELEMENT_DAYS
    alive = (phase > 0) & (phase < 1)
    place = INTERNETWORK + (1 - INTERNETWORK) * _at(network, longitude, latitude)
    flux *= sign * place * np.sin(np.pi * phase)
    return _split(longitude[alive], latitude[alive], flux[alive], offset[..., alive])


def _split(longitude: Floats, latitude: Floats, flux: Floats, offset: Floats) -> _Elements:
    """Pieces of equal flux at offsets in degrees (west and north, piece, concentration)."""
    west, north = offset.astype(np.float64)
    away = west / np.cos(np.radians(latitude))
    pieces = np.tile(flux / np.float32(len(west)), len(west))
    return _Elements((longitude + away).ravel(), (latitude + north).ravel(), pieces)


def _polarity(seed: int, birthday: int) -> Image:
    lattice = Lattice(180)
    epoch, phase = divmod(birthday / POLARITY_DAYS, 1.0)
    past, coming = (_white(_rng(seed, 2, int(epoch) + n), lattice) for n in (0, 1))
    turn = math.pi / 2 * phase
    white = math.cos(turn) * past + math.sin(turn) * coming
    return _grains(white, lattice, POLARITY_SIGMA_DEG, 1.0)


def _bipoles(seed: int, birthday: int, day: float) -> _Elements:
    """Living ephemeral regions, born on one day: two polarities separating from a point."""
    rng = _rng(seed, 3, birthday)
    n = BIPOLES_PER_DAY
    longitude, latitude, age = _births(rng, n, day - birthday)
    flux = BIPOLE_FLUX_MX * rng.standard_exponential(n, dtype=np.float32)
    axis = 2 * np.pi * rng.random(n, dtype=np.float32)
    phase = age / BIPOLE_DAYS
    alive = (phase > 0) & (phase < 1)
    west, north = BIPOLE_DEG * phase * np.array([np.cos(axis), np.sin(axis)])
    offset = np.array([[west, -west], [north, -north]])[..., alive]
    flux *= np.sin(np.pi * phase)
    bipoles = _split(longitude[alive], latitude[alive], flux[alive], offset)
    sign = np.repeat(np.array([1, -1], dtype=np.float32), alive.sum())
    return bipoles._replace(flux_mx=bipoles.flux_mx * sign)


def _births(rng: np.random.Generator, n: int, now: float) -> tuple[Floats, Floats, Floats]:
    """Longitude and latitude, uniform on the sphere, and age `now` days after midnight."""
    longitude, height, instant = rng.random((3, n), dtype=np.float32)
    latitude = np.degrees(np.arcsin(2 * height - 1))
    return 360 * longitude, latitude, np.float32(now) - instant


def _at(field: Image, longitude_deg: Floats, latitude_deg: Floats) -> Floats:
    """Values of a map in the nearest cell to each point."""
    step = 180 / field.shape[0]
    row = np.minimum(((latitude_deg + 90) / step).astype(np.int64), field.shape[0] - 1)
    column = (longitude_deg / step).astype(np.int64) % field.shape[1]
    return np.asarray(field[row, column], dtype=np.float32)


def _field(elements: _Elements, lattice: Lattice) -> Image:
    """Field of the concentrations, gauss: each is a core with a wing."""
    core = lattice.smooth(_density(elements, lattice), CORE_SIGMA_DEG)
    wing = COARSE.smooth(_density(elements, COARSE), WING_SIGMA_DEG)
    field = (1 - WING_SHARE) * core + WING_SHARE * lattice.resampled(wing)
    return np.asarray(field - _mean(field, lattice), dtype=np.float32)


def _density(elements: _Elements, lattice: Lattice) -> Image:
    return np.asarray(lattice.deposit(*elements) / lattice.cell_cm2, dtype=np.float32)


def _mean(field: Image, lattice: Lattice) -> float:
    return float(np.average(field.mean(axis=1), weights=lattice.cell_cm2[:, 0]))


def on_network(background_gauss: Image, network: Image) -> Image:
    """Concentrate a smooth field on the network, conserving its mean over a few degrees.

    Parameters
    ----------
    background_gauss
        Smooth radial field, (row, column) of any grid.
    network
        Weight of each cell on the same grid: `lanes`, or `concentrations` for clumps.
    """
    lattice = Lattice(background_gauss.shape[0])
    usual = np.maximum(lattice.smooth(network, GATHERING_DEG), 1e-3)
    share = np.asarray(network / usual, dtype=np.float32)
    missing = lattice.smooth(background_gauss * (1 - share), GATHERING_DEG)
    return np.asarray((background_gauss + missing) * share, dtype=np.float32)
