"""Field lines as curves, for pictures."""

from __future__ import annotations

import numpy as np
from streamtracer import StreamTracer

from farside.coronal.pfss import PotentialField
from farside.coronal.shell import MAX_STEPS, STEP, Array, cartesian, sphere

SPACING_DEG = 30.0
"""Between the places that lines are drawn through."""

SEED_RADII = 1.02, 1.6, 2.4
"""Solar radii: low loops, streamers, and what is open."""


def field_lines(potential: PotentialField) -> tuple[Array, ...]:
    """Lines through places spread evenly over three heights.

    Returns
    -------
    tuple
        Curves (point, 3) in solar radii: x towards Carrington longitude 0, z north.
    """
    longitude = np.radians(np.arange(SPACING_DEG / 2, 360, SPACING_DEG))
    latitude = np.radians(np.arange(SPACING_DEG / 2 - 90, 90, SPACING_DEG))
    radii = [radius for radius in SEED_RADII if radius < potential.source_surface]
    seeds = np.concatenate([sphere(radius, longitude, latitude) for radius in radii])
    tracer = StreamTracer(MAX_STEPS, STEP / 2)
    tracer.trace(seeds, potential.shell.rates)
    return tuple(cartesian(line) for line in tracer.xs if len(line) > 2)
