"""Tracing of magnetic field lines through a shell: their ends, or their curves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from farside.corona.field import Array, SphericalPoints, SphericalShell, cartesian, spherical

STEP = 0.02
"""Step of a traced line, as a fraction of the radius. A choice: half of it moves no footpoint of a
dipole by more than 0.05°."""

MAX_STEPS = 2000
"""Greatest number of steps of a line; the longest lines of a dipole take 300."""

MAX_CURVE_STEPS = 400
"""Greatest number of points of a curve on either side of its seed."""


@dataclass(frozen=True, eq=False)
class LineEnds:
    """End points of field lines.

    Attributes
    ----------
    places
        Points on one of the two spheres, (n, 3).
    outside
        Mask of those on the outer sphere, (n,).
    """

    places: SphericalPoints
    outside: NDArray[np.bool_]


def trace_to_sphere(shell: SphericalShell, places: SphericalPoints, *, outwards: bool) -> LineEnds:
    """Trace the line through each point, upwards or downwards, to a sphere of the shell."""
    along = np.where((shell.field_at(places)[:, 2] > 0) == outwards, 1.0, -1.0)
    bottom, top = shell.heights
    starts = cartesian(_inside(shell, places))
    ends = spherical(_compiled_ends(starts, along, shell.cartesian_gauss, bottom, top))
    outside = ends[:, 2] > (bottom + top) / 2
    ends[:, 2] = np.where(outside, top, bottom)
    return LineEnds(ends, outside)


def trace_curves(shell: SphericalShell, places: SphericalPoints) -> tuple[Array, ...]:
    """Trace the whole line through each point, from sphere to sphere, as a curve.

    Returns
    -------
    tuple
        Points (n, 3) along B, in solar radii: x towards longitude 0, z north.
    """
    forwards, backwards = (_path(shell, places, sign) for sign in (1, -1))
    whole = np.concatenate([backwards[:0:-1], forwards])  # (point, line, 3)
    return tuple(line[np.isfinite(line[:, 0])] for line in whole.transpose(1, 0, 2))


def _unit_field(
    x: float, y: float, z: float, field: Array, bottom: float, top: float
) -> tuple[float, float, float]:  # pragma: no cover  # compiled
    """Direction of the field at a point, interpolated linearly between the nodes."""
    columns, rows, levels = field.shape[0] - 1, field.shape[1] - 1, field.shape[2] - 1
    radius = math.sqrt(x * x + y * y + z * z)
    longitude = math.atan2(y, x)
    if longitude < 0:
        longitude += 2 * math.pi
    i = longitude / (2 * math.pi) * columns
    j = (math.asin(min(1.0, max(-1.0, z / radius))) / math.pi + 0.5) * rows
    k = min(max((math.log(radius) - bottom) / (top - bottom), 0.0), 1.0) * levels
    i0, j0, k0 = min(int(i), columns - 1), min(int(j), rows - 1), min(int(k), levels - 1)
    di, dj, dk = i - i0, j - j0, k - k0
    bx = by = bz = 0.0
    for a in range(2):
        for b in range(2):
            for c in range(2):
                weight = (di if a else 1 - di) * (dj if b else 1 - dj) * (dk if c else 1 - dk)
                bx += weight * field[i0 + a, j0 + b, k0 + c, 0]
                by += weight * field[i0 + a, j0 + b, k0 + c, 1]
                bz += weight * field[i0 + a, j0 + b, k0 + c, 2]
    strength = math.sqrt(bx * bx + by * by + bz * bz) + 1e-300
    return bx / strength, by / strength, bz / strength


_direction_at: Callable[..., tuple[float, float, float]] = numba.njit(cache=True)(_unit_field)


def _ends_of_lines(
    starts: Array, along: Array, field: Array, bottom: float, top: float
) -> Array:  # pragma: no cover  # compiled
    """Last points of lines by second-order steps, on one of the two spheres, (n, 3).

    Parameters
    ----------
    starts
        Cartesian coordinates, (n, 3), solar radii.
    along
        1 along B, -1 against it.
    field
        Cartesian components on the nodes, (longitude, latitude, height, 3).
    bottom, top
        Natural logarithms of the radii of the spheres.
    """
    ends = np.empty_like(starts)
    inner, outer = math.exp(bottom), math.exp(top)
    for line in range(len(starts)):
        x, y, z = starts[line, 0], starts[line, 1], starts[line, 2]
        radius = math.sqrt(x * x + y * y + z * z)
        for _ in range(MAX_STEPS):
            step = STEP * radius * along[line]
            bx, by, bz = _direction_at(x, y, z, field, bottom, top)
            half = step / 2
            bx, by, bz = _direction_at(
                x + half * bx, y + half * by, z + half * bz, field, bottom, top
            )
            before = radius
            new_x, new_y, new_z = x + step * bx, y + step * by, z + step * bz
            radius = math.sqrt(new_x * new_x + new_y * new_y + new_z * new_z)
            if radius >= outer or radius <= inner:
                # The last step, as far as the sphere.
                target = outer if radius >= outer else inner
                part = (target - before) / (radius - before)
                x, y, z = x + part * step * bx, y + part * step * by, z + part * step * bz
                break
            x, y, z = new_x, new_y, new_z
        ends[line, 0], ends[line, 1], ends[line, 2] = x, y, z
    return ends


_compiled_ends: Callable[..., Array] = numba.njit(cache=True)(_ends_of_lines)


def _path(shell: SphericalShell, places: SphericalPoints, sign: int) -> Array:
    """Points of each line by second-order steps, NaN after its end, (point, line, 3)."""
    here = _inside(shell, places)
    bottom, top = shell.heights
    points = [cartesian(here)]
    line = np.arange(len(here))
    while line.size and len(points) < MAX_CURVE_STEPS:
        there = _stepped(shell, here[line], sign)
        left = (there[:, 2] <= bottom) | (there[:, 2] >= top)
        there[left] = _cut(here[line[left]], there[left], bottom, top)
        here[line] = there
        points.append(np.full_like(points[0], np.nan))
        points[-1][line] = cartesian(there)
        line = line[~left]
    return np.stack(points)


def _inside(shell: SphericalShell, places: SphericalPoints) -> SphericalPoints:
    """Points moved off the spheres, where a rounding error could be taken for an exit."""
    inside = places.copy()
    bottom, top = shell.heights
    inside[:, 2] = np.clip(inside[:, 2], bottom + 1e-9, top - 1e-9)
    return inside


def _stepped(shell: SphericalShell, places: SphericalPoints, sign: int) -> SphericalPoints:
    start = cartesian(places)
    step = sign * STEP * np.exp(places[:, 2:])
    halfway = spherical(start + step / 2 * _direction(shell, places))
    return spherical(start + step * _direction(shell, halfway))


def _direction(shell: SphericalShell, places: SphericalPoints) -> Array:
    """Unit vector along B, (n, 3): x towards longitude 0, z north."""
    field = shell.cartesian_at(places)
    strength = np.linalg.norm(field, axis=1, keepdims=True)
    return np.asarray(field / np.maximum(strength, np.finfo(float).tiny))


def _cut(
    before: SphericalPoints, after: SphericalPoints, bottom: float, top: float
) -> SphericalPoints:
    """End of the last step of a line on the sphere that it crosses."""
    target = np.where(after[:, 2] >= top, top, bottom)
    inner, outer = np.exp(before[:, 2]), np.exp(after[:, 2])
    part = ((np.exp(target) - inner) / (outer - inner))[:, None]
    ends = spherical((1 - part) * cartesian(before) + part * cartesian(after))
    ends[:, 2] = target
    return ends
