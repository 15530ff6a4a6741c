"""The quiet Sun: the supergranular network and the mixed-polarity field upon it."""

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
"""Time from one random texture to the next, chosen so that cells live 1–2 d: 1.6 d in Hirzberger
et al. (2008, Sol. Phys. 251, 417), 1–2 d in Rieutord & Rincon (2010, Living Rev. 7, 2)."""

CELL_SIGMA_DEG = 0.80
"""Grain of the textures whose borders are the network, chosen so that the cells measure 25–30 Mm
across: 27 Mm in Hirzberger et al. (2008)."""

EVENNESS = 1.0
"""Textures lose what is coarser than so many grains, lest cells differ too much: a choice."""

LANE_WIDTH = 0.30
"""Difference of two textures, in their standard deviation, at which a lane ends: a choice."""

VIEWS_DEG = ((0.0, False), (123.0, True), (211.5, False), (67.5, True))
"""Turns in longitude, and reflection in the equator, that make four textures of one."""

ELEMENT_DAYS = 3
"""Life of a concentration; the flux of the quiet network is replaced in 1.5–3 d
(Schrijver et al. 1997, ApJ 487, 424)."""

ELEMENTS = 70_000
"""Concentrations on the whole Sun at a time: fitted to a quiet MDI disk of 2010-10-15."""

ELEMENT_FLUX_MX = 1.6e19
"""E-folding flux of a concentration in the middle of a lane (the distribution is close to
exponential, Schrijver et al. 1997): fitted to a quiet MDI disk of 2010-10-15."""

GRAINS, CLUMP_SIGMA_DEG = 3, 0.11
"""Pieces that a concentration consists of, and how far from its middle they are: fitted to a quiet
MDI disk of 2010-10-15."""

INTERNETWORK = 0.12
"""Flux of a concentration in the middle of a cell, relative to one in the middle of a lane:
fitted to a quiet MDI disk of 2010-10-15."""

POLARITY_SIGMA_DEG, POLARITY_BIAS = 2.0, 1.0
"""Grain of the regions that one polarity prevails in, and how far: fitted to a quiet MDI disk of
2010-10-15."""

POLARITY_DAYS = 15
"""Time from one pattern of these regions to the next, chosen: concentrations are replaced within
days, but out of the flux of those that were there (Schrijver et al. 1997), so that the sign of a
place lives longer than they do."""

BIPOLES_PER_DAY = 17_000
"""Ephemeral regions on the whole Sun: (1–2)e4 in 3.5 d on a quarter of it (Hagenaar 2000,
BAAS 32, 2, 1.23)."""

BIPOLE_FLUX_MX = 5.3e18
"""E-folding flux of an ephemeral region (Hagenaar, Schrijver & Title 2003, ApJ 584, 1107)."""

BIPOLE_DAYS = 4.4 / 24
"""Life of an ephemeral region (Hagenaar 2000)."""

BIPOLE_DEG = 0.7
"""Distance of its poles in the middle of its life: a choice below the 10 Mm (0.8°) within which
Hagenaar (2000) looks for them."""

GATHERING_DEG = 1.5
"""The network gathers the field from so far, a cell: a choice."""

CORE_SIGMA_DEG, WING_SIGMA_DEG, WING_SHARE = 0.06, 0.35, 0.15
"""Size of a concentration, and size and share of the flux around it: fitted to a quiet MDI disk of
2010-10-15."""


@dataclass(frozen=True, eq=False)
class QuietSun:
    """Of one moment, on one lattice.

    Attributes
    ----------
    lanes
        The supergranular network: 1 in the middle of its lanes, 0 within its cells.
    field_gauss
        Radial field of either polarity, of zero mean.
    """

    lanes: Image
    field_gauss: Image

    @property
    def concentrations(self) -> Image:
        """Where the field of a decayed region gathers: the network, most of all its strong points.

        Blind to polarity, of a mean of 1; the share of the strong points is a choice.
        """
        strength = np.abs(self.field_gauss)
        lanes = self.lanes / self.lanes.mean()
        return np.asarray(0.6 * lanes + 0.4 * strength / strength.mean(), dtype=np.float32)


def quiet(seed: int, day: float, lattice: Lattice) -> QuietSun:
    """The quiet Sun of a seed at a time, alike at near times, the same on every lattice.

    Parameters
    ----------
    day
        Any origin.
    """
    texture = _texture(seed, day)
    network = _lanes(texture, COARSE)
    drawn = network if lattice == COARSE else _lanes(texture, lattice)
    return QuietSun(drawn, _field(_elements(seed, day, network), lattice))


def lanes(seed: int, day: float, lattice: Lattice) -> Image:
    """The supergranular network alone, as in :class:`QuietSun`."""
    return _lanes(_texture(seed, day), lattice)


def _rng(seed: int, stream: int, epoch: int) -> np.random.Generator:
    return np.random.default_rng([seed, stream, epoch % 2**32])


def _texture(seed: int, day: float) -> Image:
    """A turning mixture of the random textures of two epochs, on COARSE: its variance stays."""
    epoch, phase = divmod(day / CELL_DAYS, 1.0)
    past, coming = (_white(_rng(seed, 0, int(epoch) + n), COARSE) for n in (0, 1))
    turn = math.pi / 2 * phase
    mixed = math.cos(turn) * past + math.sin(turn) * coming
    return _grains(mixed, COARSE, CELL_SIGMA_DEG, EVENNESS)


def _white(rng: np.random.Generator, lattice: Lattice) -> Image:
    """As many random numbers to the square degree everywhere."""
    white = rng.standard_normal((lattice.rows, lattice.columns), dtype=np.float32)
    white /= np.sqrt(np.cos(np.radians(lattice.latitude_deg)))[:, None]
    return white


def _grains(white: Image, lattice: Lattice, sigma_deg: float, evenness: float) -> Image:
    """A texture of unit variance, of grains of one size and of no mean over many of them."""
    smooth = lattice.smooth(white, sigma_deg)
    texture = smooth - lattice.smooth(smooth, evenness * sigma_deg)
    return texture / np.float32(math.sqrt(_mean(texture**2, lattice)))


def _lanes(texture: Image, lattice: Lattice) -> Image:
    """The borders of the cells in each of which one of four textures exceeds the others.

    Cells drawn so have lanes that fork three by three, as supergranules do. The four are one
    texture turned about the axis and reflected: neighbours that know nothing of each other.
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
    """All concentrations of a moment."""
    today = int(np.floor(day))
    born = [_concentrations(seed, today - n, day, network) for n in range(ELEMENT_DAYS + 1)]
    born += [_bipoles(seed, today - n, day) for n in (0, 1)]
    return _Elements(*(np.concatenate(part) for part in zip(*born, strict=True)))


def _concentrations(seed: int, birthday: int, day: float, network: Image) -> _Elements:
    """Those of the network and within it, born on one day, that are alive."""
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
    """Pieces of equal flux at some offsets, degrees (west and north, piece, concentration)."""
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
    """The ephemeral regions, born on one day, that are alive: two poles that part from a point."""
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
    """Longitude and latitude spread evenly over the sphere, and age `now` days after midnight."""
    longitude, height, instant = rng.random((3, n), dtype=np.float32)
    latitude = np.degrees(np.arcsin(2 * height - 1))
    return 360 * longitude, latitude, np.float32(now) - instant


def _at(field: Image, longitude_deg: Floats, latitude_deg: Floats) -> Floats:
    """Values of a map at some places, of the nearest cell."""
    step = 180 / field.shape[0]
    row = np.minimum(((latitude_deg + 90) / step).astype(np.int64), field.shape[0] - 1)
    column = (longitude_deg / step).astype(np.int64) % field.shape[1]
    return np.asarray(field[row, column], dtype=np.float32)


def _field(elements: _Elements, lattice: Lattice) -> Image:
    """Gauss: each concentration a core with wings."""
    core = lattice.smooth(_density(elements, lattice), CORE_SIGMA_DEG)
    wing = COARSE.smooth(_density(elements, COARSE), WING_SIGMA_DEG)
    field = (1 - WING_SHARE) * core + WING_SHARE * lattice.resampled(wing)
    return np.asarray(field - _mean(field, lattice), dtype=np.float32)


def _density(elements: _Elements, lattice: Lattice) -> Image:
    return np.asarray(lattice.deposit(*elements) / lattice.cell_cm2, dtype=np.float32)


def _mean(field: Image, lattice: Lattice) -> float:
    return float(np.average(field.mean(axis=1), weights=lattice.cell_cm2[:, 0]))


def on_network(background_gauss: Image, network: Image) -> Image:
    """Gather a smooth field on the network; its mean over a few degrees stays.

    Parameters
    ----------
    background_gauss
        Any lattice.
    network
        Where the field goes, on the same lattice: `lanes`, or `concentrations` for clumps.
    """
    lattice = Lattice(background_gauss.shape[0])
    usual = np.maximum(lattice.smooth(network, GATHERING_DEG), 1e-3)
    share = np.asarray(network / usual, dtype=np.float32)
    missing = lattice.smooth(background_gauss * (1 - share), GATHERING_DEG)
    return np.asarray((background_gauss + missing) * share, dtype=np.float32)
