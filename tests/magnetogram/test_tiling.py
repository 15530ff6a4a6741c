"""Tiled inference equals inference on the whole image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farside.magnetogram.tiling import infer_in_tiles
from farside.model.engine import Tensor
from farside.model.recipe import NativeTiling
from farside.progress import Progress, no_progress
from tests.support.native_model import NATIVE
from tests.support.small_model import Echo


class Blur(Echo):
    """Engine that averages 5 × 5 pixels with zero padding: wrong near the edges of a tile."""

    def __init__(self, tiling: NativeTiling) -> None:
        super().__init__(NATIVE.model_copy(update={"grid": tiling}))
        self.tiles: list[Tensor] = []

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        assert model == "demo"
        self.tiles.append(tensor)
        return blurred(tensor)


def blurred(tensor: Tensor) -> Tensor:
    padded = np.pad(tensor, ((0, 0), (0, 0), (2, 2), (2, 2)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(2, 3))
    mean: Tensor = windows.mean(axis=(-1, -2), dtype=np.float32)
    return mean


def tiling(tile_px: int, overlap_px: int) -> NativeTiling:
    return NativeTiling(tile_px=tile_px, overlap_px=overlap_px, pixel_arcsec=1.0, mask_radius=1.0)


def in_tiles(
    image: Tensor, of: NativeTiling, progress: Progress = no_progress
) -> tuple[Tensor, Blur]:
    engine = Blur(of)
    return infer_in_tiles(engine, engine.models()["demo"], image, of, progress), engine


@given(side=st.integers(16, 70), overlap=st.integers(0, 8), seed=st.integers(0, 99))
def test_a_network_that_looks_at_single_pixels_answers_as_on_the_whole(
    side: int, overlap: int, seed: int
) -> None:
    image = np.random.default_rng(seed).normal(size=(1, 1, side, side)).astype(np.float32)
    engine = Echo(NATIVE.model_copy(update={"grid": tiling(16, overlap)}))
    model = engine.models()["demo"]
    answer = infer_in_tiles(engine, model, image, tiling(16, overlap))
    np.testing.assert_allclose(answer, image, rtol=1e-5, atol=1e-6)


def test_overlap_hides_what_a_network_errs_by_at_its_edges() -> None:
    image = np.random.default_rng(1).normal(10, 1, size=(1, 1, 200, 200)).astype(np.float32)
    inside = np.s_[:, :, 5:-5, 5:-5]
    true = blurred(image)[inside]
    errors = [
        np.abs(in_tiles(image, tiling(40, overlap))[0][inside] - true).max()
        for overlap in (0, 8, 20)
    ]
    assert errors[0] > 3
    assert errors[1] < 1e-4  # 2 pixels from an edge are wrong: an overlap of 8 leaves them out
    assert errors[2] < 1e-4


def test_tiles_of_zeros_are_not_run_and_all_are_told() -> None:
    image = np.zeros((1, 1, 64, 64), np.float32)
    image[..., :10, :10] = 1
    told: list[tuple[int, int]] = []
    _, engine = in_tiles(image, tiling(16, 0), progress=lambda *step: told.append(step))
    assert len(engine.tiles) == 1
    assert told == [(done, 16) for done in range(1, 17)]


def test_overlaps_of_more_than_half_a_tile_are_refused() -> None:
    with pytest.raises(ValueError, match="may overlap by half of it, got 9 px"):
        tiling(16, 9)
