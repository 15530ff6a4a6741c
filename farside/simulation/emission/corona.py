"""EUV radiance of the simulated Sun, on shells around it, independent of the sign of the field.

Only the absolute field, the open-field map and the size of linked fluxes are used. The structures
(network, plage, loops, holes, bright points, textures) are common to all bands; each band of each
instrument weights them by its :class:`~farside.simulation.emission.responses.Response`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import astropy.units as u
import numpy as np
from numpy.typing import ArrayLike

from farside.simulation.emission.arches import Arches, arch_flux, arches
from farside.simulation.emission.fibrils import StructureDirection
from farside.simulation.emission.filaments import FilamentChannels, channels
from farside.simulation.emission.flares import flares
from farside.simulation.emission.loops import FEET, LOOPS, SHELLS, loop_flux
from farside.simulation.emission.responses import Response
from farside.simulation.grid import COARSE, Degrees, Lattice
from farside.simulation.magnetic.open_field import (
    Coefficients,
    PotentialField,
    harmonics,
    open_cells,
    tapered,
)
from farside.simulation.sun import Surface
from farside.sun.grid import Image

HOLE_EDGE_DEG, HOLE_STEP = 2.0, 0.1
"""Smoothing of the open-field map of 2°, and width of a hole's edge about an open fraction of one
half; a choice."""

HOLE_TEXTURES, HOLE_FRAYING = ((230, 1.0, 1.0), (231, 3.0, 3.0)), 0.13
"""Stream, scale (degrees) and lifetime (days) of the textures that roughen hole edges, and their
amplitude, a choice."""

HOLE_PLAGE = 1.2
"""Field of plage, in 100 G, above which open field is bright nevertheless, a choice."""

CLOSED_ONLY, HOLE_POINTS = 0.8, 0.5
"""Fractions of the light of the diffuse corona and of bright points missing in holes, a choice."""

PLAGE_GAUSS = 100.0
"""Field at which the gains of :class:`Response` are given."""

CHROMOSPHERE_DEG, FINE_CHROMOSPHERE_DEG = 0.2, 0.14
"""Smoothing of the field in the chromosphere, on the coarse grid and on finer ones, a choice:
network in He II is hardly wider than in the photosphere."""

EVEN_DEG = 0.75
"""Smoothing scale at which the mean absolute field is the same on all grids."""

BROAD_DEG = 2.5
"""Smoothing of the field for the diffuse corona, a choice."""

CORE_GAUSS = 25.0
"""Smoothed absolute field above which a filament channel is filled with hot loops, a choice."""

SPOT_GAUSS, SPOT_STEP_GAUSS = 1100.0, 250.0
"""Field at the edge of umbrae, and width of the transition, a choice; the grid of 0.125° resolves
large ones only. The real edge is at 1867 G (Jurčák et al. 2018, A&A 611, L4)."""

LOOP_KNEE = 2.0
"""Radiance above which that of loops grows only with the logarithm of the flux, a choice: the
brightest thousandth of AIA's images is some ten quiet Suns."""

LOOP_ROWS = 720
"""Rows of the finest grid for loops, 0.25°: they are some degrees long and half a degree wide."""

BRIGHT_POINTS, POINT_DEG, POINT_DAYS = 800, 0.45, 0.33
"""Number of bright points on the whole Sun, size and lifetime: 8 h; Golub et al. (1974), ApJ 189,
L93."""

POINT_SCATTER = 0.6
"""Scatter of the logarithm of the peaks of bright points, a choice."""

TEXTURES = {
    "He II": (200, ((0.5, 0.05, 0.45), (1.0, 0.5, 0.25), (4.0, 2.0, 0.30)), 1.0),
    "Fe IX": (203, ((0.5, 0.10, 0.45), (1.2, 0.5, 0.25), (4.0, 2.0, 0.30)), 0.6),
    "Fe XII": (206, ((0.6, 0.25, 0.30), (1.5, 0.7, 0.30), (5.0, 2.0, 0.40)), 1.0),
}
"""Textures of each ion: first random stream; scale (degrees), lifetime (days) and fraction of the
variance of each; fraction of the first two stretched along the horizontal field. A choice."""


THREADS, THREAD_DEG, THREAD_DAYS = 0.35, 0.22, 0.03
"""Standard deviation relative to the other textures, scale and lifetime of the finest texture,
which only grids finer than the coarse one have; a choice."""


@dataclass(frozen=True, eq=False)
class EmissionShell:
    """Emitting shell around the Sun.

    Attributes
    ----------
    radius
        Radius of the shell, solar radii.
    radiance
        Radiance seen from above, (row, column) of the surface's grid, in units of the quiet Sun.
    """

    radius: float
    radiance: Image


@lru_cache(maxsize=2)
def corona_of(surface: Surface) -> SimulatedCorona:
    """Corona above a surface; the last two are cached with everything computed for them."""
    return SimulatedCorona(surface)


class SimulatedCorona:
    """Corona above one surface, computed when a band first needs it.

    Parameters
    ----------
    surface
        Photosphere below; its grid is also that of the corona.
    """

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self.lattice = surface.lattice
        self._shells: dict[str, tuple[EmissionShell, ...]] = {}
        self._loops: dict[str, list[tuple[Image, Image]]] = {}
        self._textures: dict[str, Image] = {}

    def shells(self, name: str) -> tuple[EmissionShell, ...]:
        """Shells that emit in one band, the lowest first.

        Parameters
        ----------
        name
            A key of :data:`~farside.simulation.emission.responses.RESPONSES`, such as ``"AIA
            193"``.
        """
        if name not in self._shells:
            self._shells[name] = tuple(self._lit(self.surface.sun.response(name)))
        return self._shells[name]

    def _lit(self, response: Response) -> Iterator[EmissionShell]:
        base = self._low(response) * self._veil(response) + self._points(response) + self.flaring
        if response.ion not in LOOPS:
            yield EmissionShell(FEET, base)
            return
        feet, *above = self._loops_of(response)
        yield EmissionShell(FEET, base + self.lattice.resampled(feet))
        for radius, level in zip(SHELLS, above, strict=True):
            yield EmissionShell(radius, level)

    def _low(self, response: Response) -> Image:
        """Radiance of network, plage, moss and the diffuse corona, with texture."""
        network = np.float32(response.gain) * _power(self.strength, response.exponent)
        broad = np.float32(response.diffuse) * _power(self.broad, response.diffuse_exponent)
        closed = 1 - np.float32(CLOSED_ONLY) * self.hole
        emission = np.float32(response.floor) + network + self.lattice.resampled(broad) * closed
        return _float(emission * self._texture(response))

    def _veil(self, response: Response) -> Image:
        """Transmission of holes, filaments, filament channels and umbrae."""
        channel = self.channels.channel / (1 + (self.broad * (PLAGE_GAUSS / CORE_GAUSS)) ** 2)
        veil = 1 - np.float32(1 - response.hole) * self.hole
        veil = veil * (1 - np.float32(response.channel) * channel)
        veil *= 1 - np.float32(response.filament) * self.channels.spine
        veil *= 1 - np.float32(response.umbra) * self.umbra
        return _float(veil)

    def _points(self, response: Response) -> Image:
        shown = 1 - np.float32(HOLE_POINTS) * self.hole
        return _float(np.float32(response.points) * self.points * shown)

    @cached_property
    def _map(self) -> Image:
        """Map of the radial field at 1°, gauss."""
        return self.surface.sun.map(self.surface.time)

    @cached_property
    def _coefficients(self) -> Coefficients:
        return tapered(harmonics(self._map))

    @cached_property
    def channels(self) -> FilamentChannels:
        """Filaments and filament channels, 0 to 1."""
        return channels(self.surface.sun, self.surface.time, self._map, self.lattice)

    @cached_property
    def _grain(self) -> StructureDirection:
        return StructureDirection.of(self._coefficients, COARSE)

    @cached_property
    def _arches(self) -> Arches:
        field = PotentialField.of(self._coefficients)
        return arches(self.surface.sun, self.surface.time, np.abs(self._map), field)

    @cached_property
    def hole(self) -> Image:
        """Coronal holes, 0 to 1, with ragged edges."""
        share = self.lattice.resampled(open_cells(self._coefficients))
        ragged = self.lattice.smooth(share, HOLE_EDGE_DEG)
        for stream, scale_deg, life_days in HOLE_TEXTURES:
            ragged += np.float32(HOLE_FRAYING) * self._noise(stream, scale_deg, life_days)
        opened = _logistic((ragged - np.float32(0.5)) / np.float32(HOLE_STEP))
        unlit = _logistic((np.float32(HOLE_PLAGE) - self.strength) / np.float32(HOLE_PLAGE / 4))
        return _float(opened * unlit)

    @cached_property
    def strength(self) -> Image:
        """Absolute field in the chromosphere, in 100 G; its mean is the same on all grids."""
        coarse = COARSE.smooth(self._strength, CHROMOSPHERE_DEG)
        if self.lattice.rows <= COARSE.rows:
            return _float(np.maximum(self.lattice.resampled(coarse), 0) / PLAGE_GAUSS)
        fine = self.lattice.smooth(np.abs(self.surface.radial_field), FINE_CHROMOSPHERE_DEG)
        mean = COARSE.smooth(COARSE.resampled(fine), EVEN_DEG)
        ratio = _float(COARSE.smooth(coarse, EVEN_DEG) / np.maximum(mean, np.float32(1e-3)))
        return _float(np.maximum(fine, 0) * self.lattice.resampled(ratio) / PLAGE_GAUSS)

    @cached_property
    def _strength(self) -> Image:
        """Absolute field on the coarse grid, gauss: its mean depends on the size of the cells."""
        return np.abs(COARSE.resampled(self.surface.radial_field))

    @cached_property
    def umbra(self) -> Image:
        """Umbrae, 0 to 1."""
        excess = np.abs(self.surface.radial_field) - np.float32(SPOT_GAUSS)
        return _logistic(excess / np.float32(SPOT_STEP_GAUSS / 2))

    @cached_property
    def broad(self) -> Image:
        """Absolute field smoothed over `BROAD_DEG`, in 100 G."""
        field = COARSE.smooth(self._strength, BROAD_DEG)
        return self.lattice.resampled(_float(np.maximum(field, 0) / PLAGE_GAUSS))

    @cached_property
    def points(self) -> Image:
        """Bright points, with log-normal peaks of median 1, uniform over the Sun."""
        total = np.zeros((self.lattice.rows, self.lattice.columns), np.float32)
        for stream, share in ((234, 0.0), (235, 0.5)):
            rng = self._rng(stream, POINT_DAYS, share)
            count = rng.poisson(BRIGHT_POINTS / 2)
            longitude = rng.uniform(0, 360, count)
            latitude = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
            peak = rng.lognormal(0.0, POINT_SCATTER, count).astype(np.float32)
            total += self._spots(longitude, latitude, peak, POINT_DEG)
        return total

    @cached_property
    def flaring(self) -> Image:
        """Radiance of flares in progress, in units of the quiet Sun."""
        total = np.zeros((self.lattice.rows, self.lattice.columns), np.float32)
        for flare in flares(self.surface.sun, self.surface.time):
            place = np.array([flare.longitude_deg]), np.array([flare.latitude_deg])
            peak = np.array([flare.radiance], np.float32)
            total += self._spots(*place, peak, flare.size_deg)
        return total

    def _spots(self, longitude: Degrees, latitude: Degrees, peak: Image, size_deg: float) -> Image:
        """Map of Gaussian spots of given peaks and one standard deviation."""
        area = np.float32(2 * np.pi * (size_deg / self.lattice.step_deg) ** 2)
        narrowed = peak * area * np.cos(np.radians(latitude)).astype(np.float32)
        cosine = np.cos(np.radians(self.lattice.latitude_deg))[:, None]
        spots = self.lattice.deposit(longitude, latitude, narrowed) / np.maximum(cosine, 0.02)
        return np.maximum(self.lattice.smooth(_float(spots), size_deg), 0)

    def _texture(self, response: Response) -> Image:
        """Log-normal texture of mean 1, the same for all bands of an ion."""
        spread = np.float32(response.scatter)
        return _float(np.exp(spread * self._ion_texture(response.ion) - spread**2 / 2))

    def _ion_texture(self, ion: str) -> Image:
        """Texture of unit variance of an ion, cached."""
        if ion not in self._textures:
            first, scales, stretched_share = TEXTURES[ion]
            *fine, broad = (
                np.float32(np.sqrt(share)) * COARSE.noise(self._rng(stream, life_days), scale_deg)
                for stream, (scale_deg, life_days, share) in enumerate(scales, first)
            )
            grain = fine[0] + fine[1]
            stretched = self._grain.stretched(grain)
            stretched *= grain.std() / stretched.std()
            grain = (
                stretched_share * stretched + np.float32(np.sqrt(1 - stretched_share**2)) * grain
            )
            self._textures[ion] = self.lattice.resampled(_float(grain + broad)) + self._threads
        return self._textures[ion]

    @cached_property
    def _threads(self) -> Image:
        """Finest texture, if the grid resolves it, else zero."""
        if self.lattice.rows <= COARSE.rows:
            return np.zeros((self.lattice.rows, self.lattice.columns), np.float32)
        return np.float32(THREADS) * self._noise(209, THREAD_DEG, THREAD_DAYS)

    def _rng(self, stream: int, life_days: float, shift: float = 0.0) -> np.random.Generator:
        time = self.surface.time + shift * life_days * u.day
        return self.surface.sun.rng(stream, time, life_days)

    def _noise(self, stream: int, scale_deg: float, life_days: float) -> Image:
        return self.lattice.noise(self._rng(stream, life_days), scale_deg)

    def _loops_of(self, response: Response) -> list[Image]:
        """Radiance of loops and arches on the shell of the footpoints and on the others."""
        if response.ion not in self._loops:
            lattice = Lattice(min(self.lattice.rows, LOOP_ROWS))
            sun, time, loops = self.surface.sun, self.surface.time, LOOPS[response.ion]
            inner, long = (
                loop_flux(sun, time, loops, lattice),
                arch_flux(self._arches, loops, lattice),
            )
            self._loops[response.ion] = list(zip(inner, long, strict=True))
        gains = np.float32(response.loops / PLAGE_GAUSS), np.float32(response.arches / PLAGE_GAUSS)
        knee = np.float32(LOOP_KNEE)
        return [
            knee * np.log1p((gains[0] * inner + gains[1] * long) / knee)
            for inner, long in self._loops[response.ion]
        ]


def _power(value: Image, exponent: float) -> Image:
    power = np.zeros_like(value)
    return np.power(value, np.float32(exponent), where=value > 0, out=power)


def _logistic(value: Image) -> Image:
    return _float(1 / (1 + np.exp(-np.clip(value, -30, 30))))


def _float(values: ArrayLike) -> Image:
    return np.asarray(values, dtype=np.float32)
