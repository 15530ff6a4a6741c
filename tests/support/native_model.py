"""Recipe for magnetograms in native pixels, in small tiles, and an HMI file that suits it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from farside.model.recipe import Channel, Linear, NativeTiling, Recipe
from tests.support.instrument_files import Camera, Cards, file_bytes, hmi_cards, integers
from tests.support.small_model import RECIPE

Floats = NDArray[Any]

CAMERA = Camera(size_px=256, radius_px=100.0, roll_deg=179.9, offset_px=(5.3, -7.1))
TILING = NativeTiling(
    tile_px=64, overlap_px=16, pixel_arcsec=round(CAMERA.scale_arcsec, 3), mask_radius=0.99
)
NATIVE = Recipe.model_validate(
    RECIPE.model_dump()
    | {
        "grid": TILING,
        "channels": (
            Channel(role="observation", accepts=("HMI LOS",), scaling=Linear(scale=1500.0)),
        ),
    }
)


def spots(x: Floats, y: Floats) -> Floats:
    """Field in gauss with a positive spot in the north-west and a negative one in the south."""
    field = 800 * np.exp(-((x - 0.4) ** 2 + (y - 0.3) ** 2) / 0.01)
    field = field - 600 * np.exp(-(x**2 + (y + 0.5) ** 2) / 0.02)
    field = field + 5 * np.sin(20 * x) * np.cos(15 * y)  # nowhere is the Sun exactly 0
    return np.where(np.hypot(x, y) < 1, field, np.nan)


def hmi_file(camera: Camera = CAMERA) -> bytes:
    """Magnetogram that shows :func:`spots`."""
    counts, scaling = integers(camera.sees(spots), 0.1)
    extra: Cards = {
        "T_REC": "2011.02.14_20:34:30_TAI",
        "CADENCE": 45.0,
        "CAR_ROT": 2106,
        "OBS_VR": -12.5,
    }
    return file_bytes(hmi_cards(camera, **(scaling | extra)), counts)
