"""Layers of a map as int16 tiles: field, σ, age, source, polarity confidence, open field, EUV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from farside.page.bodies import LayerCard
from farside.sun.carrington_grid import Map

UNKNOWN = -32768
"""Count of a cell without a value."""

MAP_LAYERS: Mapping[str, LayerCard] = {
    each.name: each
    for each in (
        LayerCard("field", "Radial field", "G", 0.1, -100, 100),
        LayerCard("sigma", "Error of the field, one σ", "G", 0.1, 0, 60),
        LayerCard("age", "Age of the observation", "d", 0.02, 0, 27),
        LayerCard("source", "Source with the greatest weight", "", 1, 0, 9),
        LayerCard("share", "Share of generated disks", "", 0.001, 0, 1),
        LayerCard("confidence", "Polarity confidence", "", 0.001, 0.5, 1),
        LayerCard("open", "Open field: +1 outward, −1 inward", "", 1, -1, 1),
    )
}
"""Layers that every map has."""

EUV_BANDS: Mapping[str, tuple[str, ...]] = {
    "euv304": ("304",),
    "euv195": ("195", "193"),
    "euv171": ("171",),
}
"""Bands of the input images of each EUV layer, ångström: EUVI 195 and AIA 193 are one."""

EUV_LAYERS: Mapping[str, LayerCard] = {
    name: LayerCard(
        name, f"EUV input, {bands[0]} Å, over the disk's median", "log10", 0.001, -0.7, 1.1
    )
    for name, bands in EUV_BANDS.items()
}
"""Layers of a map whose EUV images are still at hand."""

LAYERS = {**MAP_LAYERS, **EUV_LAYERS}

Plane: TypeAlias = Map | NDArray[np.uint8] | NDArray[np.int8]


def encode(plane: Plane, layer: LayerCard) -> bytes:
    """Counts of a plane as little-endian int16, rows from the south; NaN becomes −32768."""
    values = np.asarray(plane, np.float64)
    counts = np.clip(np.rint(values / layer.step), -32767, 32767)
    return np.where(np.isfinite(values), counts, UNKNOWN).astype("<i2").tobytes()
