"""Field lines as curves, for pictures."""

from __future__ import annotations

import numpy as np

from farside.corona.field import Array, cell_latitude, cell_longitude, sphere
from farside.corona.pfss import PotentialField
from farside.corona.tracing import curves

ROWS, COLUMNS = 5, 10
"""Of places that lines are drawn through, of equal area: few enough to be told apart."""

SEED_RADII = 1.1, 1.6, 2.4
"""Solar radii: low loops, streamers, and what is open."""


def field_lines(potential: PotentialField) -> tuple[Array, ...]:
    """Lines through places spread evenly over three heights.

    Returns
    -------
    tuple
        Curves (point, 3) in solar radii: x towards Carrington longitude 0, z north.
    """
    longitude, latitude = cell_longitude(COLUMNS), cell_latitude(ROWS)
    radii = [radius for radius in SEED_RADII if radius < potential.source_surface]
    seeds = np.concatenate([sphere(radius, longitude, latitude) for radius in radii])
    return curves(potential.shell, seeds)
