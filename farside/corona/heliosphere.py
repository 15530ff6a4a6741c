"""Solar wind from 0.1 au outwards along one radial line, by the scheme of HUXt.

Owens et al. (2020, Sol. Phys. 295, 43); Riley & Lionello (2011, Sol. Phys. 270, 575). Pressure,
gravity and magnetic forces are left out: Burgers' equation with a prescribed acceleration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from astropy.time import Time

from farside.corona.current_sheet import OUTER_RADIUS
from farside.corona.field import Array
from farside.sun.carrington_grid import CarringtonGrid, Degrees, Map

STEP_S = 348.0
"""Time step, which HUXt 5 takes for speeds up to 2000 km/s on its grid."""

STEP_RADII = 1.5
"""Radial step, solar radii."""

SOLAR_RADIUS_KM = 695_700.0

ACCELERATION, ACCELERATION_RADII, REFERENCE_RADII = 0.15, 50.0, 30.0
"""Residual acceleration: v(r) is proportional to 1 + 0.15 (1 - exp(-(r - 30) / 50))."""

EARTH_RADII = 215.0
"""Mean distance of Earth, solar radii."""


@dataclass(frozen=True, eq=False)
class Arrival:
    """Wind that arrives at a distance, at each step.

    Attributes
    ----------
    speed_km_s
        Speed there, (time, ...).
    left_step
        Step at which it left 0.1 au, a fraction, (time, ...); the wind of the start has 0.
    """

    speed_km_s: Array
    left_step: Array


def propagate(boundary_km_s: Array, to_radii: float = EARTH_RADII) -> Array:
    """Propagate the speed at 0.1 au outwards along a radial line that does not rotate.

    Parameters
    ----------
    boundary_km_s
        Speed at 0.1 au in steps of `STEP_S`, (time, ...); further axes are separate lines.
    to_radii
        Distance, solar radii.

    Returns
    -------
    Array
        Speed there at the same times, (time, ...). The flow begins as that of the first time, so
        that the first five days are those of a steady wind.
    """
    lines = boundary_km_s[None]
    return np.concatenate([each for each, _ in _steps(lines, to_radii)])


def arrivals(boundary_km_s: Array, to_radii: float = EARTH_RADII) -> Arrival:
    """Propagate as :func:`propagate` does, and with the wind the time at which it left 0.1 au.

    The time is carried by the flow: ∂τ/∂t + v ∂τ/∂r = 0, by the same upwind scheme.
    """
    steps = np.arange(len(boundary_km_s), dtype=np.float64)
    left = np.broadcast_to(
        steps.reshape((-1,) + (1,) * (boundary_km_s.ndim - 1)), boundary_km_s.shape
    )
    speed, when = zip(*_steps(np.stack([boundary_km_s, left]), to_radii), strict=True)
    return Arrival(np.concatenate(speed), np.concatenate(when))


def _steps(inflow: Array, to_radii: float) -> Iterator[tuple[Array, Array]]:
    """Yield speed and passive tracer at a distance by step, each (1, ...).

    Parameters
    ----------
    inflow
        Speed and, if it has a second plane, tracer at 0.1 au, (quantity, time, ...).
    """
    radius = np.arange(OUTER_RADIUS, to_radii + STEP_RADII, STEP_RADII)
    fade = np.exp(-(radius - REFERENCE_RADII) / ACCELERATION_RADII)
    profile = 1 + ACCELERATION * (1 - fade)
    shape = (-1,) + (1,) * (inflow.ndim - 2)
    # Gain in speed over a step, as a fraction of the speed at the lower node.
    gain = (profile[1:] / profile[:-1] - 1).reshape(shape)
    speed = (profile / profile[0]).reshape(shape) * inflow[0, 0]
    tracer = np.zeros_like(speed) if len(inflow) > 1 else None
    share = STEP_S / (STEP_RADII * SOLAR_RADIUS_KM)
    # The last two nodes are either side of the distance.
    part = (to_radii - radius[-2]) / STEP_RADII
    for number in range(inflow.shape[1]):
        below, here = speed[:-1], speed[1:]
        if tracer is not None:
            tracer[1:] -= share * here * (tracer[1:] - tracer[:-1])
            tracer[0] = inflow[1, number]
        speed[1:] = here - share * (here * (here - below) - below**2 * gain)
        speed[0] = inflow[0, number]
        carried = speed if tracer is None else tracer
        yield (
            (1 - part) * speed[-2:-1] + part * speed[-1:],
            (1 - part) * carried[-2:-1] + part * carried[-1:],
        )


def steps_between(begin: Time, end: Time) -> Array:
    """Times of the steps from `begin` to `end`, in days after `begin`."""
    return np.arange(0.0, float((end - begin).to_value("day")), STEP_S / 86400.0)


def sample(values: Map, grid: CarringtonGrid, longitude_deg: Degrees, latitude_deg: Degrees) -> Map:
    """Values of a map on a uniform grid at given places, linear between cells, of their shape."""
    x = longitude_deg / grid.step_deg - 0.5
    y = np.clip((latitude_deg + 90) * grid.rows / 180 - 0.5, 0, grid.rows - 1.001)
    west, south = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, up = x - west, y - south
    low, high = (
        (1 - right) * values[row, west % grid.columns]
        + right * values[row, (west + 1) % grid.columns]
        for row in (south, south + 1)
    )
    return np.asarray((1 - up) * low + up * high)
