"""A disk with bipoles of either hemisphere, and the truth that is made of it."""

from __future__ import annotations

import numpy as np

from farside.sun.grid import Image
from farside.sun.heliographic import lines_of_sight, trace
from farside.sun.observer import View
from tests.support.bipoles import LONGITUDE, pole, view_of
from training.realsun.measures import GRID, Truth

VIEW = view_of(0.0)
"""In 2024, cycle 25: the leading polarity of the north is positive."""


def bipoles(view: View, north_west: int, south_west: int) -> Image:
    """One bipole at N18, one at S18; the sign of each western polarity."""
    points = trace(*lines_of_sight(GRID, view.observer), view.observer, view.time)
    radial = np.zeros((GRID.size_px, GRID.size_px))
    for sign, latitude in ((north_west, 18.0), (south_west, -18.0)):
        for side in (1, -1):
            place = LONGITUDE + side * 5.0, latitude
            radial += sign * side * pole(points.longitude_deg, points.latitude_deg, *place)
    return np.where(GRID.on_disk(), radial * points.mu, np.nan).astype(np.float32)


def truth(field_gauss: Image, clip_gauss: float = np.inf) -> Truth:
    return Truth("a day", field_gauss, GRID, VIEW, clip_gauss)
