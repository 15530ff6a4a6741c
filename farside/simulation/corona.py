"""EUV radiance of the simulated Sun, on shells about it: it never knows the sign of the field.

Of the field only its absolute value is used, of open field only its share, of linked feet only the
size of their fluxes. What is there (network, plage, loops, holes, bright points, textures) is the
same for all; each band of each instrument weighs it by its own :class:`Response`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import astropy.units as u
import numpy as np
from numpy.typing import ArrayLike

from farside.grid import Image
from farside.simulation.flares import flares
from farside.simulation.lattice import COARSE, Degrees, Lattice
from farside.simulation.loops import FEET, LOOPS, SHELLS, drawn
from farside.simulation.openfield import open_field
from farside.simulation.sun import Surface

HOLE_EDGE_DEG, HOLE_STEP = 2.0, 0.1
"""Over which the open field, found on 2°, is smoothed, and the share of it over which a hole's edge
goes from dark to bright, about one half; a choice."""

HOLE_TEXTURES, HOLE_FRAYING = ((230, 1.0, 1.0), (231, 3.0, 3.0)), 0.13
"""Stream, scale in degrees and life in days of what frays the edges, and by how much, a choice."""

HOLE_PLAGE = 1.2
"""Plage, in 100 G, above which open field shines nevertheless, a choice."""

CLOSED_ONLY, HOLE_POINTS = 0.8, 0.5
"""Shares of the plage's and of the bright points' light that are missing in holes, a choice."""

PLAGE_GAUSS = 100.0
"""Field at which the gains of :class:`Response` are given."""

QUIET_GAUSS, BROAD_GAUSS = 4.0, 6.0
"""Mean absolute field of the quiet Sun in the chromosphere and in the diffuse corona: its light is
already in the network."""

CHROMOSPHERE_DEG, BROAD_DEG = 0.3, 2.5
"""Standard deviations over which both of them see the field, a choice."""

SPOT_GAUSS = 900.0
"""Field above which plage and moss grow dark: umbrae, a choice."""

LOOP_ROWS = 720
"""Of the finest lattice for loops, 0.25°: they are some degrees long and half a degree wide."""

BRIGHT_POINTS, POINT_DEG, POINT_DAYS = 800, 0.45, 0.33
"""Number on the whole Sun at any time, size and life: 8 h; Golub et al. (1974), ApJ 189, L93."""

POINT_SCATTER = 0.6
"""Of the logarithm of their peaks, a choice."""

TEXTURES = {
    "He II": (200, ((0.3, 0.05, 0.4), (1.0, 0.5, 0.35), (4.0, 2.0, 0.25))),
    "Fe IX": (203, ((0.3, 0.10, 0.4), (1.0, 0.5, 0.3), (4.0, 2.0, 0.3))),
    "Fe XII": (206, ((0.75, 0.25, 0.3), (1.5, 0.7, 0.3), (5.0, 2.0, 0.4))),
}
"""First of the streams, and scale in degrees, life in days and share of the variance, a choice."""


@dataclass(frozen=True)
class Response:
    """How one band of one instrument answers; radiances in units of the quiet Sun's disk centre.

    Attributes
    ----------
    ion
        A key of :data:`TEXTURES`, and of :data:`~farside.simulation.loops.LOOPS` if it has loops.
    network
        Contrast of the network.
    exponent, gain
        Of plage and moss: ``gain · (|B| / 100 G)^exponent``.
    diffuse, diffuse_exponent
        The same of the diffuse corona over the field's mean of degrees.
    loops
        Radiance of loops, for 100 Mx cm⁻² of linked flux along them.
    points
        Radiance of a bright point.
    hole
        Radiance inside a coronal hole.
    scatter
        Standard deviation of the logarithm of the radiance at a given field.
    limb
        Share of the optically thin brightening towards the limb that it shows.
    scale_height
        Of the emission beyond the limb, solar radii.
    """

    ion: str
    network: float
    exponent: float
    gain: float
    diffuse: float
    diffuse_exponent: float
    loops: float
    points: float
    hole: float
    scatter: float
    limb: float
    scale_height: float


RESPONSES = {
    "AIA 304": Response("He II", 0.85, 0.65, 2.5, 0.30, 0.8, 0.0, 0.6, 0.80, 0.55, 0.10, 0.012),
    "EUVI 304": Response("He II", 0.75, 0.60, 2.2, 0.45, 0.8, 0.0, 0.6, 0.72, 0.53, 0.18, 0.016),
    "AIA 171": Response("Fe IX", 0.22, 0.75, 1.6, 0.8, 0.7, 32.0, 1.2, 0.55, 0.42, 0.55, 0.05),
    "EUVI 171": Response("Fe IX", 0.18, 0.70, 1.5, 0.9, 0.7, 27.0, 1.1, 0.60, 0.40, 0.50, 0.055),
    "AIA 193": Response("Fe XII", 0.06, 0.85, 1.3, 2.6, 1.0, 32.0, 1.6, 0.22, 0.36, 0.60, 0.075),
    "EUVI 195": Response("Fe XII", 0.05, 0.80, 1.2, 3.0, 0.95, 28.0, 1.5, 0.27, 0.34, 0.55, 0.08),
}
"""Exponents lie near 0.7 ± 0.2, that of a transition-region line against |B| in active regions
(Fludra & Ireland 2004, IAU Symp. 219); the gains at 304 Å are such that plage and the active
network come out near 4.8 and 2.1 quiet chromospheres (Worden et al. 1999, ApJ 511, 965). The rest
is a choice."""


@dataclass(frozen=True, eq=False)
class Shell:
    """Radiance of one shell about the Sun, seen from above, (row, column) of the surface's lattice.

    Attributes
    ----------
    radius
        Solar radii.
    radiance
        In units of the quiet Sun.
    """

    radius: float
    radiance: Image


@lru_cache(maxsize=2)
def corona_of(surface: Surface) -> Corona:
    """The corona above a surface; the last two are kept with all that was made for them."""
    return Corona(surface)


class Corona:
    """The light above one surface, made when a band first asks for it.

    Parameters
    ----------
    surface
        Its lattice is the corona's.
    """

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self.lattice = surface.lattice
        self._shells: dict[str, tuple[Shell, ...]] = {}
        self._loops: dict[str, list[Image]] = {}
        self._textures: dict[str, Image] = {}

    def shells(self, name: str) -> tuple[Shell, ...]:
        """The shells that shine in one band, the lowest first.

        Parameters
        ----------
        name
            A key of :data:`RESPONSES`, such as ``"AIA 193"``.
        """
        if name not in self._shells:
            self._shells[name] = tuple(self._lit(RESPONSES[name]))
        return self._shells[name]

    def _lit(self, response: Response) -> Iterator[Shell]:
        texture = self._texture(response)
        base = self._calm(response) * texture + self._active(response, texture)
        if response.loops == 0.0:
            yield Shell(FEET, base + self.flaring)
            return
        gain = np.float32(response.loops / PLAGE_GAUSS)
        feet, *above = self._loops_of(response.ion)
        yield Shell(FEET, base + self.lattice.resampled(gain * feet) + self.flaring)
        for radius, level in zip(SHELLS, above, strict=True):
            yield Shell(radius, gain * level)

    def _calm(self, response: Response) -> Image:
        """The quiet Sun: network, bright points and coronal holes."""
        network = 1 + np.float32(response.network) * (self.network - 1)
        dark = 1 - np.float32(1 - response.hole) * self.hole
        points = (
            np.float32(response.points) * self.points * (1 - np.float32(HOLE_POINTS) * self.hole)
        )
        calm: Image = network * dark + points
        return calm

    def _active(self, response: Response, texture: Image) -> Image:
        """Plage, moss, and the diffuse corona about regions and their remains."""
        lit = np.float32(response.gain) * _power(self.plage, response.exponent)
        broad = np.float32(response.diffuse) * _power(self.broad, response.diffuse_exponent)
        closed = 1 - np.float32(CLOSED_ONLY) * self.hole
        active: Image = (lit + self.lattice.resampled(broad)) * texture * closed
        return active

    @cached_property
    def hole(self) -> Image:
        """Coronal holes, 0 to 1, with ragged edges."""
        share = self.lattice.resampled(open_field(self.surface.sun.map(self.surface.time)))
        ragged = self.lattice.smooth(share, HOLE_EDGE_DEG)
        for stream, scale_deg, life_days in HOLE_TEXTURES:
            ragged += np.float32(HOLE_FRAYING) * self._noise(stream, scale_deg, life_days)
        opened = _logistic((ragged - np.float32(0.5)) / np.float32(HOLE_STEP))
        unlit = _logistic((np.float32(HOLE_PLAGE) - self.plage) / np.float32(HOLE_PLAGE / 4))
        return _float(opened * unlit)

    @cached_property
    def network(self) -> Image:
        """The network as the chromosphere has it: wider than in the photosphere, of mean 1."""
        wide = self.lattice.smooth(self.surface.lanes, CHROMOSPHERE_DEG)
        return _float(wide / wide.mean())

    @cached_property
    def plage(self) -> Image:
        """Absolute field in the chromosphere, in 100 G, less the quiet Sun's; less in spots."""
        field = COARSE.smooth(self._strength, CHROMOSPHERE_DEG)
        excess = np.maximum(field - np.float32(QUIET_GAUSS), 0) / np.float32(PLAGE_GAUSS)
        excess /= 1 + (field / np.float32(SPOT_GAUSS)) ** 2
        return self.lattice.resampled(excess)

    @cached_property
    def _strength(self) -> Image:
        """Absolute field in gauss, on one lattice: its mean depends on the size of the cells."""
        return np.abs(COARSE.resampled(self.surface.radial_field))

    @cached_property
    def broad(self) -> Image:
        """Mean absolute field over degrees in units of 100 G, less the quiet Sun's."""
        field = COARSE.smooth(self._strength, BROAD_DEG)
        return _float(np.maximum(field - np.float32(BROAD_GAUSS), 0) / np.float32(PLAGE_GAUSS))

    @cached_property
    def points(self) -> Image:
        """Bright points, their peaks log-normal about 1: small bipoles all over the Sun."""
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
        """Flares in progress, in units of the quiet Sun."""
        total = np.zeros((self.lattice.rows, self.lattice.columns), np.float32)
        for flare in flares(self.surface.sun, self.surface.time):
            place = np.array([flare.longitude_deg]), np.array([flare.latitude_deg])
            peak = np.array([flare.radiance], np.float32)
            total += self._spots(*place, peak, flare.size_deg)
        return total

    def _spots(self, longitude: Degrees, latitude: Degrees, peak: Image, size_deg: float) -> Image:
        """Round spots of some peaks and one standard deviation."""
        area = np.float32(2 * np.pi * (size_deg / self.lattice.step_deg) ** 2)
        narrowed = peak * area * np.cos(np.radians(latitude)).astype(np.float32)
        cosine = np.cos(np.radians(self.lattice.latitude_deg))[:, None]
        spots = self.lattice.deposit(longitude, latitude, narrowed) / np.maximum(cosine, 0.02)
        return np.maximum(self.lattice.smooth(_float(spots), size_deg), 0)

    def _texture(self, response: Response) -> Image:
        """Log-normal scatter of mean 1, the same for both instruments' bands of an ion."""
        spread = np.float32(response.scatter)
        return _float(np.exp(spread * self._ion_texture(response.ion) - spread**2 / 2))

    def _ion_texture(self, ion: str) -> Image:
        """Scatter of unit variance, made once."""
        if ion not in self._textures:
            first, scales = TEXTURES[ion]
            texture = np.zeros((self.lattice.rows, self.lattice.columns), np.float32)
            for stream, (scale_deg, life_days, share) in enumerate(scales, first):
                texture += np.float32(np.sqrt(share)) * self._noise(stream, scale_deg, life_days)
            self._textures[ion] = texture
        return self._textures[ion]

    def _rng(self, stream: int, life_days: float, shift: float = 0.0) -> np.random.Generator:
        time = self.surface.time + shift * life_days * u.day
        return self.surface.sun.rng(stream, time, life_days)

    def _noise(self, stream: int, scale_deg: float, life_days: float) -> Image:
        return self.lattice.noise(self._rng(stream, life_days), scale_deg)

    def _loops_of(self, ion: str) -> list[Image]:
        """Linked flux along loops, gauss, on the shell of the feet and on the others, made once."""
        if ion not in self._loops:
            lattice = Lattice(min(self.lattice.rows, LOOP_ROWS))
            sun, time = self.surface.sun, self.surface.time
            self._loops[ion] = drawn(sun, time, LOOPS[ion], lattice)
        return self._loops[ion]


def _power(value: Image, exponent: float) -> Image:
    power = np.zeros_like(value)
    return np.power(value, np.float32(exponent), where=value > 0, out=power)


def _logistic(value: Image) -> Image:
    return _float(1 / (1 + np.exp(-np.clip(value, -30, 30))))


def _float(values: ArrayLike) -> Image:
    return np.asarray(values, dtype=np.float32)
