"""What the files for coronal models share: their grids, checks, and how they reach the folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farside.io.atomic import NamedFile
from farside.sun.carrington_grid import CarringtonGrid, resample
from farside.synchronic.cards import check
from farside.synchronic.map import SynchronicMap

GONG_GRID = CarringtonGrid(360, 180, "sine")
ADAPT_GRID = CarringtonGrid(360, 180, "uniform")
"""Of ADAPT and of WSA."""

Plane = NDArray[np.float32]


def scaled_field(made: SynchronicMap, grid: CarringtonGrid, flux_scale: float) -> Plane:
    """Radial field on the grid of a format, times the flux scale; its flux is conserved.

    Raises
    ------
    FormatError
        A pixel is not finite, or the flux scale is not positive.
    """
    check(made, flux_scale)
    return (flux_scale * resample(made.field_gauss, made.grid, grid)).astype(np.float32)


def put(data: bytes, path: Path) -> Path:
    """Write a file of which readers of its folder, made if need be, see the whole or nothing."""
    return NamedFile(path.name, data).put(path.parent)
