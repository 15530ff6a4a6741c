"""Open field by a potential-field source-surface (PFSS) model, in spherical harmonics.

Schatten, Wilcox & Ness (1969, Sol. Phys. 6, 442); Altschuler & Newkirk (1969, Sol. Phys. 9, 131).
Radii are in solar radii.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from farside.simulation.grid import Lattice
from farside.sun.grid import Image
from farside.sun.spherical_harmonics import fejer_weights, legendre_tables

MAX_DEGREE = 40
"""Highest degree of the spherical harmonics: features of some 4.5°."""

SOURCE_SURFACE = 2.5
"""Radius of the source surface, as chosen by Altschuler & Newkirk (1969)."""

OPEN_LATTICE = Lattice(90)
"""Grid of the open field, 2°: one field line is traced from the middle of each cell."""

STEP = 0.04
"""Step of a traced line, as a fraction of its radius (a choice)."""

STEPS = 200
"""Number of steps after which a line counts as closed (a choice): at least eight solar radii."""

Coefficients = NDArray[np.complex128]
"""Harmonic coefficients of the photospheric radial field, (degree l, order m ≥ 0), gauss.

The harmonics are orthonormal."""

Values = NDArray[np.floating]
"""Real array: float64, or float32 for the field that lines are traced through."""


def harmonics(field_gauss: Image) -> Coefficients:
    """Expand a radial field in spherical harmonics up to degree 40, without the monopole.

    The values are those at the middles of the cells. Latitudes are weighted by Fejér's first rule,
    which is exact for polynomials of sin(latitude): a field of degree 40 is recovered exactly.
    Coefficients within the rounding error of float32 are set to zero.

    Parameters
    ----------
    field_gauss
        Radial field, (row, column) of a :class:`~farside.simulation.grid.Lattice` of at least 81
        rows.

    Raises
    ------
    ValueError
        Another shape, or a value that is not finite.
    """
    rows, columns = _checked(field_gauss)
    order = np.arange(MAX_DEGREE + 1)
    spectrum = np.fft.rfft(field_gauss.astype(np.float64), axis=1)[:, : MAX_DEGREE + 1]
    spectrum *= np.exp(-1j * np.pi / columns * order) * (2 * np.pi / columns)
    spectrum *= fejer_weights(rows)[:, None]
    found: Coefficients = np.einsum("mrl,rm->lm", _lattice_legendre(rows).value, spectrum)
    found[0] = 0
    found[np.abs(found) < np.finfo(np.float32).eps * np.abs(field_gauss).max()] = 0
    return found


def tapered(coefficients: Coefficients) -> Coefficients:
    """Taper the high degrees by Lanczos's factor, sin(x)/x with x = π l / 41.

    A truncated series rings around active regions (Tóth et al. 2011, ApJ 732, 102), which puts
    spots of false polarity, and so of closed field, into the weak field of coronal holes.
    """
    degree = np.arange(len(coefficients))
    faded: Coefficients = coefficients * np.sinc(degree / len(coefficients))[:, None]
    return faded


def magnetic_field(coefficients: Coefficients, radius: float, lattice: Lattice) -> Values:
    """Vector field of the model at one radius: radial, southward and eastward components.

    With R the source surface, B = -∇Ψ and, for each harmonic of the photospheric radial field,
    Ψ = (r^-(l+1) - R^-(2l+1) r^l) / (l + 1 + l R^-(2l+1)).

    Returns
    -------
    Values
        Field, (component, row, column), gauss.

    Raises
    ------
    ValueError
        The radius is not between the photosphere and the source surface.
    """
    if not 1 <= radius <= SOURCE_SURFACE:
        raise ValueError(f"radius is {radius}, expected 1 to {SOURCE_SURFACE} solar radii")
    waves = _waves(np.radians(lattice.longitude_deg, dtype=np.float64))
    parts = _synthesis(coefficients, np.array([radius]), _lattice_legendre(lattice.rows), waves)
    return parts[..., 0].swapaxes(1, 2)


def radial_field(coefficients: Coefficients, radius: float, lattice: Lattice) -> Values:
    """Radial field of the model at one radius, gauss, (row, column)."""
    radial: Values = magnetic_field(coefficients, radius, lattice)[0]
    return radial


def open_field(field_gauss: Image) -> Image:
    """Open-field map: cells whose field line reaches the source surface.

    One line is traced upwards from the middle of each 2° cell, along B or against it; the result
    is the same for B and -B, bit for bit. A map without field has no open field.

    Parameters
    ----------
    field_gauss
        Radial field as for :func:`harmonics`, which also has the errors raised.

    Returns
    -------
    Image
        1 in open and 0 in closed cells, (90, 180).
    """
    return open_cells(tapered(harmonics(field_gauss)))


def open_cells(coefficients: Coefficients) -> Image:
    """Open-field map as by :func:`open_field`, from harmonic coefficients."""
    shape = OPEN_LATTICE.rows, OPEN_LATTICE.columns
    if not coefficients.any():
        return np.zeros(shape, dtype=np.float32)
    return _reaches_source_surface(PotentialField.of(coefficients), _feet()).reshape(shape)


@dataclass(frozen=True)
class _Legendre:
    """Normalised associated Legendre functions at given colatitudes, each (m, row, l).

    Attributes
    ----------
    value, slope, over_sine
        P, dP/dθ and m P / sin θ.
    """

    value: Values
    slope: Values
    over_sine: Values

    @classmethod
    def at(cls, colatitude: Values) -> _Legendre:
        """Functions at colatitudes; beyond a pole they continue along the opposite meridian."""
        order = np.arange(MAX_DEGREE + 1)[:, None, None]
        tables = legendre_tables(colatitude, MAX_DEGREE)
        sine = np.sin(colatitude)[:, None]
        # scipy takes |sin θ|, which is even about the pole even if m is odd.
        value, slope = tables * np.sign(sine) ** order
        return cls(value, slope, order * value / sine)

    def single(self) -> _Legendre:
        """Copy in float32."""
        return _Legendre(*(table.astype(np.float32) for table in astuple(self)))


@dataclass(frozen=True)
class _Nodes:
    """Grid for tracing lines: longitude by colatitude by logarithm of the radius.

    Cells are as high as wide. The first longitude is repeated at the end, and there is a row beyond
    each pole, so that every point is between nodes.
    """

    rows: int

    @property
    def step(self) -> float:
        """Step between nodes along a meridian, radians, and in ln r."""
        return np.pi / self.rows

    @cached_property
    def longitude(self) -> Values:
        """Longitude of the nodes, radians."""
        return np.arange(2 * self.rows + 1) * self.step

    @cached_property
    def colatitude(self) -> Values:
        """Colatitude of the nodes, radians."""
        return (np.arange(self.rows + 2) - 0.5) * self.step

    @cached_property
    def radius(self) -> Values:
        """Radius of the nodes, solar radii."""
        return np.geomspace(1, SOURCE_SURFACE, round(np.log(SOURCE_SURFACE) / self.step) + 1)

    @cached_property
    def legendre(self) -> _Legendre:
        """Legendre functions at the colatitudes, float32."""
        return _Legendre.at(self.colatitude).single()

    @cached_property
    def waves(self) -> Image:
        """Fourier waves at the longitudes, float32."""
        return _waves(self.longitude).astype(np.float32)

    def cell(self, place: Image) -> tuple[NDArray[np.int64], Image]:
        """Cell around each point: flat index of its first corner, and the position within it.

        Parameters
        ----------
        place
            Cartesian coordinates, (3, line), solar radii.

        Returns
        -------
        tuple
            Index, (line,), and fraction of the cell along each axis, (3, line).
        """
        x, y, z = place
        radius = np.sqrt((place**2).sum(axis=0))
        longitude = np.arctan2(y, x) % np.float32(2 * np.pi)
        position = np.stack([longitude, np.arccos(np.clip(z / radius, -1, 1)), np.log(radius)])
        position /= np.array([self.step, self.step, np.log(self.radius[1])], np.float32)[:, None]
        position[1] += 0.5
        last = np.array([2 * self.rows, self.rows + 1, len(self.radius) - 1], np.float32) - 1
        first = np.clip(np.floor(position), 0, last[:, None])
        i, j, k = first.astype(np.int64)
        corner = (i * len(self.colatitude) + j) * len(self.radius) + k
        return corner, np.clip(position - first, 0, 1)


_NODES = _Nodes(90)
"""Nodes every 2° (a choice): with 0.75° and steps of 0.01, about 0.1 % of the cells differ."""


@dataclass(frozen=True)
class PotentialField:
    """Potential field between photosphere and source surface, tabulated on nodes.

    Attributes
    ----------
    field_gauss
        Cartesian components on the nodes: three flattened arrays (longitude, colatitude, radius).
    """

    field_gauss: tuple[Image, Image, Image]

    @classmethod
    def of(cls, coefficients: Coefficients) -> PotentialField:
        """Potential field of harmonic coefficients."""
        nodes = _NODES
        radial, south, east = _synthesis(coefficients, nodes.radius, nodes.legendre, nodes.waves)
        colatitude = nodes.colatitude.astype(np.float32)[:, None]
        longitude = nodes.longitude.astype(np.float32)[:, None, None]
        outward = radial * np.sin(colatitude) + south * np.cos(colatitude)
        x = outward * np.cos(longitude) - east * np.sin(longitude)
        y = outward * np.sin(longitude) + east * np.cos(longitude)
        z = radial * np.cos(colatitude) - south * np.sin(colatitude)
        return cls((x.ravel(), y.ravel(), z.ravel()))

    def direction(self, place: Image) -> Image:
        """Unit vectors along B at points (3, line), Cartesian, interpolated linearly."""
        corner, share = _NODES.cell(place)
        field = np.stack([_between(part, corner, share) for part in self.field_gauss])
        strength = np.sqrt((field**2).sum(axis=0))
        unit: Image = field / np.maximum(strength, np.finfo(np.float32).tiny)
        return unit


def trace_field_lines(field: PotentialField, feet: Image, step: float, steps: int) -> Image:
    """Trace field lines upwards from the photosphere, by second-order steps.

    The lines are the same for B and -B, bit for bit. A line that returns to the photosphere stops.

    Parameters
    ----------
    field
        Field to trace through.
    feet
        Footpoints, Cartesian, (3, line), solar radii.
    step
        Length of a step, solar radii.
    steps
        Number of steps.

    Returns
    -------
    Image
        Points, Cartesian, (step, 3, line), solar radii; the first are the footpoints.
    """
    places = np.empty((steps + 1, *feet.shape), np.float32)
    places[0] = feet
    length = np.float32(step) * np.sign((field.direction(feet) * feet).sum(axis=0))
    for number in range(steps):
        place = places[number]
        halfway = place + length / 2 * field.direction(place)
        places[number + 1] = place + length * field.direction(halfway)
        length = np.where((places[number + 1] ** 2).sum(axis=0) > 1, length, np.float32(0))
    return places


def _between(values: Image, corner: NDArray[np.int64], share: Image) -> Image:
    """Linear interpolation of one component between the eight corners of each cell."""
    row = len(_NODES.radius)
    column = row * len(_NODES.colatitude)
    edge = corner + np.array([0, row, column, column + row])[:, None]
    low, high = values.take(edge), values.take(edge + 1)
    low += (high - low) * share[2]
    low, high = low[0::2], low[1::2]
    low += (high - low) * share[1]
    value: Image = low[0] + (low[1] - low[0]) * share[0]
    return value


def _reaches_source_surface(corona: PotentialField, feet: Image) -> Image:
    """1 for each line from `feet` that reaches the source surface, else 0, (line,)."""
    reached = np.zeros(feet.shape[1], dtype=np.float32)
    line, place, radius = np.arange(feet.shape[1]), feet, np.ones_like(reached)
    upwards = np.sign((corona.direction(feet) * feet).sum(axis=0))
    for _ in range(STEPS):
        step = np.float32(STEP) * radius * upwards
        halfway = place + step / 2 * corona.direction(place)
        place = place + step * corona.direction(halfway)
        radius = np.sqrt((place**2).sum(axis=0))
        reached[line[radius >= SOURCE_SURFACE]] = 1
        going = np.flatnonzero((radius > 1) & (radius < SOURCE_SURFACE))
        line, place, radius, upwards = line[going], place[:, going], radius[going], upwards[going]
    return reached


def _synthesis(
    coefficients: Coefficients, radius: Values, legendre: _Legendre, waves: Values
) -> Values:
    """Radial, southward and eastward components, (3, longitude, colatitude, radius)."""
    radial, potential = _radial_functions(radius)
    series = coefficients.T[:, :, None]  # (m, l, 1)
    return np.stack(
        [
            _wave_sum(legendre.value, series * radial, waves),
            _wave_sum(legendre.slope, -series * potential / radius, waves),
            _wave_sum(legendre.over_sine, -1j * series * potential / radius, waves),
        ]
    )


def _wave_sum(table: Values, series: Coefficients, waves: Values) -> Values:
    """Sum over degrees, then over orders: (longitude, colatitude, radius)."""
    parts = [table @ part.astype(table.dtype) for part in (series.real, series.imag)]
    amplitude = np.concatenate(parts)  # (2 m, colatitude, radius)
    total: Values = waves @ amplitude.reshape(len(amplitude), -1)
    return total.reshape(len(waves), *amplitude.shape[1:])


def _radial_functions(radius: Values) -> tuple[Values, Values]:
    """-dΨ/dr and Ψ of :func:`magnetic_field`, each (l, radius)."""
    degree = np.arange(MAX_DEGREE + 1)[:, None]
    mirror = SOURCE_SURFACE ** -(2.0 * degree + 1)
    scale = 1 / (degree + 1 + degree * mirror)
    inner, outer = radius ** -(degree + 1.0), mirror * radius**degree
    return scale * ((degree + 1) * inner + degree * outer) / radius, scale * (inner - outer)


def _waves(longitude: Values) -> Values:
    """Waves of the real and imaginary parts of each order, (longitude, 2 m)."""
    order = np.arange(MAX_DEGREE + 1)
    phase = longitude[:, None] * order
    twice = np.where(order > 0, 2.0, 1.0)  # for the orders below zero
    return np.concatenate([twice * np.cos(phase), -twice * np.sin(phase)], axis=1)


@lru_cache(maxsize=4)
def _lattice_legendre(rows: int) -> _Legendre:
    """Legendre functions at the middles of a grid's rows, south first."""
    return _Legendre.at(np.pi * (rows - 0.5 - np.arange(rows)) / rows)


@lru_cache(maxsize=1)
def _feet() -> Image:
    """Footpoints of the open-field map: Cartesian, (3, line), solar radii."""
    latitude = np.radians(OPEN_LATTICE.latitude_deg)[:, None]
    longitude = np.radians(OPEN_LATTICE.longitude_deg)
    x, y = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude)
    return np.stack([x, y, np.sin(latitude) + 0 * longitude]).reshape(3, -1).astype(np.float32)


def _checked(field_gauss: Image) -> tuple[int, int]:
    least = 2 * MAX_DEGREE + 1
    shape = field_gauss.shape
    if len(shape) != 2 or shape[1] != 2 * shape[0] or shape[0] < least:
        raise ValueError(f"field has shape {shape}, expected (n, 2 n) with n of {least} or more")
    missing = np.count_nonzero(~np.isfinite(field_gauss))
    if missing:
        raise ValueError(f"field has {missing} values that are not finite, expected none")
    return shape[0], shape[1]
