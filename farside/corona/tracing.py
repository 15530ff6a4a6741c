"""Tracing of magnetic field lines through a shell: their ends, or their curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from streamtracer import StreamTracer

from farside.corona.field import Array, SphericalPoints, SphericalShell, cartesian, spherical

Signs = NDArray[np.int64]
"""Direction of each line: 1 along B, -1 against it."""

STEP = 0.04
"""Step of a traced line, in the units of :data:`~farside.corona.field.SphericalPoints`.

Half of it moves no footpoint of a dipole by more than 0.01°. A choice."""

POLAR_STEP = 0.02
"""Step near the poles, and of curves, as a fraction of the radius (a choice)."""

CAP_STEPS = 1.2
"""Distance from the band's edge, in steps, within which a line goes on in x, y and z: the tracer
stops lines within a step of its edge."""

MAX_STEPS = 400
"""Greatest number of steps of a line in one pass."""

MAX_PASSES = 6
"""Greatest number of passes of a line between band and caps, or past the margins of longitude."""

BATCH = 8192
"""Number of lines traced at a time: the tracer keeps all points of each."""


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
    along = np.where((shell.field_at(places)[:, 2] > 0) == outwards, 1, -1)
    found = _traced(shell, places, along)
    bottom, top = shell.heights
    outside = found[:, 2] > (bottom + top) / 2
    return LineEnds(_on_sphere(shell, found, np.where(outside, top, bottom), along), outside)


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


def _path(shell: SphericalShell, places: SphericalPoints, sign: int) -> Array:
    """Points of each line by second-order steps, NaN after its end, (point, line, 3)."""
    here = _inside(shell, places)
    along = np.full(len(here), sign)
    bottom, top = shell.heights
    points = [cartesian(here)]
    line = np.arange(len(here))
    while line.size and len(points) < MAX_STEPS:
        there = _stepped(shell, here[line], along[line])
        left = (there[:, 2] <= bottom) | (there[:, 2] >= top)
        height = np.where(there[left, 2] >= top, top, bottom)
        there[left] = _on_sphere(shell, here[line[left]], height, along[line[left]])
        here[line] = there
        points.append(np.full_like(points[0], np.nan))
        points[-1][line] = cartesian(there)
        line = line[~left]
    return np.stack(points)


def _traced(shell: SphericalShell, places: SphericalPoints, along: Signs) -> SphericalPoints:
    """Last point of each line inside the shell."""
    ends = _inside(shell, places)
    cap = shell.band_edge - CAP_STEPS * STEP
    going = np.ones(len(ends), np.bool_)
    started = np.abs(ends[:, 1]) > cap
    for _ in range(MAX_PASSES):
        for sign in (1, -1):
            band = np.flatnonzero(going & ~started & (along == sign))
            for start in range(0, len(band), BATCH):
                batch = band[start : start + BATCH]
                ends[batch] = _through_band(shell, ends[batch], sign)
        going &= started | _between_spheres(shell, ends)
        polar = np.flatnonzero(going & (np.abs(ends[:, 1]) > cap))
        ends[polar] = _through_cap(shell, ends[polar], along[polar], cap)
        # A line that is still in its cap has left the shell.
        going &= np.abs(ends[:, 1]) <= cap
        if not going.any():
            break
        started = np.zeros_like(going)
    return ends


def _inside(shell: SphericalShell, places: SphericalPoints) -> SphericalPoints:
    """Points moved off the spheres, where the tracer would take a rounding error for an exit."""
    inside = places.copy()
    inside[:, 0] %= 2 * np.pi
    bottom, top = shell.heights
    inside[:, 2] = np.clip(inside[:, 2], bottom + 1e-9, top - 1e-9)
    return inside


def _through_band(shell: SphericalShell, places: SphericalPoints, sign: int) -> SphericalPoints:
    tracer = StreamTracer(MAX_STEPS, STEP)
    tracer.trace(places, shell.rates, direction=sign)
    return _inside(shell, np.stack([line[-1] for line in tracer.xs]))


def _between_spheres(shell: SphericalShell, places: SphericalPoints) -> NDArray[np.bool_]:
    """Mask of lines that stopped at a limit of latitude or longitude, not of height."""
    bottom, top = shell.heights
    return np.asarray((places[:, 2] > bottom + STEP) & (places[:, 2] < top - STEP))


def _through_cap(
    shell: SphericalShell, places: SphericalPoints, along: Signs, cap: float
) -> SphericalPoints:
    """Trace by second-order steps until the line leaves the cap or the shell."""
    ends = places.copy()
    bottom, top = shell.heights
    line = np.arange(len(places))
    for _ in range(MAX_STEPS):
        here = ends[line]
        there = _stepped(shell, here, along[line])
        inside = (there[:, 2] > bottom) & (there[:, 2] < top)
        line, there = line[inside], there[inside]
        ends[line] = there
        line = line[np.abs(there[:, 1]) > cap]
        if line.size == 0:
            break
    return ends


def _stepped(shell: SphericalShell, places: SphericalPoints, along: Signs) -> SphericalPoints:
    start = cartesian(places)
    step = POLAR_STEP * np.exp(places[:, 2:]) * along[:, None]
    halfway = spherical(start + step / 2 * _direction(shell, places))
    return spherical(start + step * _direction(shell, halfway))


def _direction(shell: SphericalShell, places: SphericalPoints) -> Array:
    """Unit vector along B, (n, 3): x towards longitude 0, z north."""
    east, south, radial = shell.field_at(places).T
    longitude, latitude, _ = places.T
    across = radial * np.cos(latitude) + south * np.sin(latitude)
    x = across * np.cos(longitude) - east * np.sin(longitude)
    y = across * np.sin(longitude) + east * np.cos(longitude)
    z = radial * np.sin(latitude) - south * np.cos(latitude)
    field = np.stack([x, y, z], axis=1)
    strength = np.linalg.norm(field, axis=1, keepdims=True)
    return np.asarray(field / np.maximum(strength, np.finfo(float).tiny))


def _on_sphere(
    shell: SphericalShell, places: SphericalPoints, height: Array, along: Signs
) -> SphericalPoints:
    """Extend the line straight along B to the sphere, for the last, partial step."""
    start, target = cartesian(places), np.exp(height)
    direction = _direction(shell, places) * along[:, None]
    slope = (start * direction).sum(axis=1)
    # The nearer of the two solutions of |start + t direction| = target.
    root = np.sqrt(np.maximum(slope**2 + target**2 - (start**2).sum(axis=1), 0))
    path = -slope + np.where(slope > 0, root, -root)
    longest = 2 * STEP * target
    ends = spherical(start + np.clip(path, -longest, longest)[:, None] * direction)
    ends[:, 2] = height
    return ends
