"""Grids of the files for coronal models, and the resampling of a map onto them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farside.sun.carrington_grid import CarringtonGrid, resample
from farside.synchronic.cards import check_finite
from farside.synchronic.map import SynchronicMap

GONG_GRID = CarringtonGrid(360, 180, "sine")
"""Grid of GONG's hourly maps."""

ADAPT_GRID = CarringtonGrid(360, 180, "uniform")
"""Grid of ADAPT and WSA maps."""

Plane = NDArray[np.float32]


def scaled_field(sun_map: SynchronicMap, grid: CarringtonGrid, flux_scale: float) -> Plane:
    """Resample the radial field onto the grid of a format, conserving flux, and scale it.

    Raises
    ------
    FormatError
        A pixel is not finite, or the flux scale is not positive.
    """
    check_finite(sun_map, flux_scale)
    return (flux_scale * resample(sun_map.field_gauss, sun_map.grid, grid)).astype(np.float32)
