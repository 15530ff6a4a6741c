"""What the pictures show."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from farside.magnetogram.magnetogram import Brightness
from farside.plots.magnetogram import render
from tests.magnetogram.test_magnetogram import magnetogram


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_what_a_model_makes_beside_the_field_stands_beside_it() -> None:
    field = magnetogram()
    warm = np.where(np.isfinite(field.image), np.float32(3), np.float32(np.nan))
    both = replace(field, brightness=(Brightness("AIA 193", warm),))
    alone, beside = pixels(render(field)), pixels(render(both))
    assert beside.shape[1] == 2 * alone.shape[1]
    red, _, blue = np.moveaxis(beside[:, beside.shape[1] // 2 :].astype(int), -1, 0)
    assert np.count_nonzero(red > blue + 50) > 0.2 * red.size  # 3 medians in inferno
    assert not np.any(np.ptp(alone, axis=-1) > 50)  # the field is grey
