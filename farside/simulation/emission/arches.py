"""Long coronal loops and fans: field lines of the potential field, also between regions.

Footpoints and brightness depend on the absolute field only, and field lines are the same for B and
-B.
"""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.time import Time

from farside.simulation.emission.loops import FEET, SHELLS, Loops
from farside.simulation.grid import Degrees, Lattice
from farside.simulation.magnetic.open_field import PotentialField, trace_field_lines
from farside.simulation.sun import SimulatedSun
from farside.sun.grid import Image

STREAM, LIFE_DAYS = 260, 1.0
"""Random stream, and lifetime of a line; two generations overlap; a choice."""

LINES = 1000
"""Number of lines of each of the two generations, a choice."""

LINE_SCATTER = 0.8
"""Scatter of the logarithm of the brightness of lines, a choice."""

LEAST_GAUSS = 10.0
"""Absolute field at 1° below which no line begins, a choice."""

STEP, STEPS = 0.012, 60
"""Step along a line, solar radii, and number of steps: longer lines are cut off."""


@dataclass(frozen=True, eq=False)
class Arches:
    """Bright field lines at one time.

    Attributes
    ----------
    longitude_deg, latitude_deg, height
        Carrington longitude and latitude, and height in solar radii, (point, line).
    flux_mx
        Flux that each line represents, (line,).
    normal
        Normal random number of the brightness of each line, (line,).
    """

    longitude_deg: Degrees
    latitude_deg: Degrees
    height: Degrees
    flux_mx: Degrees
    normal: Degrees


def arches(sun: SimulatedSun, time: Time, strength_gauss: Image, field: PotentialField) -> Arches:
    """Trace the bright field lines of a Sun at a time.

    Parameters
    ----------
    sun, time
        The Sun, and when.
    strength_gauss
        Absolute radial field of the whole Sun on a coarse grid.
    field
        Potential field above it.
    """
    lattice = Lattice(strength_gauss.shape[0])
    flux = np.maximum(strength_gauss - np.float32(LEAST_GAUSS), 0) * lattice.cell_cm2
    born = [_feet(sun, time, flux, lattice, shift) for shift in (0.0, 0.5)]
    longitude, latitude, weight, normal = np.concatenate(born, axis=1)
    start = _cartesian(longitude, latitude)
    places = trace_field_lines(field, start, STEP, STEPS).astype(np.float64)
    places = _with_middles(places)
    radius = np.sqrt((places**2).sum(axis=1))
    return Arches(
        np.degrees(np.arctan2(places[:, 1], places[:, 0])) % 360,
        np.degrees(np.arcsin(np.clip(places[:, 2] / radius, -1, 1))),
        radius - 1,
        weight * float(flux.sum()) / LINES,
        normal,
    )


def _feet(sun: SimulatedSun, time: Time, flux_mx: Image, lattice: Lattice, shift: float) -> Degrees:
    """Longitude, latitude, weight and normal number of each line of one generation, (4, line)."""
    day = sun.day(time) / LIFE_DAYS + shift
    rng = sun.rng(STREAM + int(2 * shift), time + shift * LIFE_DAYS * u.day, LIFE_DAYS)
    draws = rng.random((3, LINES))
    cumulative = np.cumsum(flux_mx.astype(np.float64).ravel())
    if cumulative[-1] <= 0:
        return np.empty((4, 0))
    cell = np.searchsorted(cumulative, draws[0] * cumulative[-1])
    row, column = np.divmod(np.minimum(cell, cumulative.size - 1), lattice.columns)
    longitude = (column + draws[1]) * lattice.step_deg
    latitude = np.clip((row + draws[2]) * lattice.step_deg - 90, -89, 89)
    share = np.full(LINES, np.sin(np.pi * (day % 1.0)) ** 2)
    return np.stack([longitude, latitude, share, rng.standard_normal(LINES)])


def _cartesian(longitude_deg: Degrees, latitude_deg: Degrees) -> Image:
    longitude, latitude = np.radians(longitude_deg), np.radians(latitude_deg)
    x, y = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude)
    return np.stack([x, y, np.sin(latitude)]).astype(np.float32)


def _with_middles(places: Degrees) -> Degrees:
    """Points along lines, with the midpoints between them, (2 n - 1, 3, line)."""
    full = np.empty((2 * len(places) - 1, *places.shape[1:]))
    full[::2] = places
    full[1::2] = (places[1:] + places[:-1]) / 2
    return full


def arch_flux(lines: Arches, loops: Loops, lattice: Lattice) -> list[Image]:
    """Flux along the lines, gauss, on the shell of the footpoints and on each other shell."""
    # A line that returned to the photosphere stays there: its last point repeats.
    moved = np.diff(lines.height, axis=0, prepend=-1.0) != 0
    profile = np.where(moved, np.exp(-np.maximum(lines.height, 0) / loops.arch_height), 0)
    profile /= np.maximum(profile.sum(axis=0), 1e-9)
    light = lines.flux_mx * np.exp(LINE_SCATTER * lines.normal - LINE_SCATTER**2 / 2)
    levels = np.array([FEET, *SHELLS]) - 1
    place = np.interp(lines.height, levels, np.arange(levels.size))
    fluxes = []
    for level in range(levels.size):
        share = np.maximum(1 - np.abs(place - level), 0) * profile * light
        flux = lattice.deposit(
            lines.longitude_deg.ravel(), lines.latitude_deg.ravel(), share.ravel()
        )
        fluxes.append(np.maximum(lattice.smooth(flux / lattice.cell_cm2, loops.width_deg), 0))
    return fluxes
