"""Field lines as curves for plots."""

from __future__ import annotations

import numpy as np

from farside.corona.field import Array, cell_latitude, cell_longitude, sphere_points
from farside.corona.pfss import PotentialField
from farside.corona.tracing import trace_curves

ROWS, COLUMNS = 5, 10
"""Equal-area grid of the seeds of lines, coarse enough that lines can be told apart."""

SEED_RADII = 1.1, 1.6, 2.4
"""Radii of the seeds, solar radii: low loops, streamers and open field."""


def field_lines(potential: PotentialField) -> tuple[Array, ...]:
    """Field lines through seeds spread evenly over the sphere at three heights.

    Returns
    -------
    tuple
        Curves (point, 3) in solar radii: x towards Carrington longitude 0, z north.
    """
    longitude, latitude = cell_longitude(COLUMNS), cell_latitude(ROWS)
    radii = [radius for radius in SEED_RADII if radius < potential.source_surface]
    seeds = np.concatenate([sphere_points(radius, longitude, latitude) for radius in radii])
    return trace_curves(potential.shell, seeds)
