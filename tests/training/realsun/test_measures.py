"""Scores of fields whose score is known."""

from __future__ import annotations

import numpy as np
import pytest

from farside.sun.grid import Image
from tests.training.realsun.fields import VIEW, bipoles, truth
from training.realsun.measures import (
    AREAS,
    CORRELATIONS,
    GRID,
    ORIENTATIONS,
    UNSIGNED,
    Truth,
    block_means,
    score_set,
)

TRUE = bipoles(VIEW, 1, -1)


def scores(field: Image, true: Truth, area: str = "0.95 R") -> dict[str, float]:
    rows = score_set(field, true, "an answer", "a case")
    return {row.measure: row.value for row in rows if row.area == area}


@pytest.mark.parametrize("area", AREAS)
def test_the_truth_itself_is_right_in_every_measure(area: str) -> None:
    found = scores(TRUE, truth(TRUE), area)
    for measure in (*CORRELATIONS, *UNSIGNED, "slope", "RMS over true", "right signs"):
        assert found[measure] == pytest.approx(1), measure
    assert found["RMS error, G"] == 0


def test_reversed_signs_leave_the_unsigned_field() -> None:
    found = scores(-TRUE, truth(TRUE))
    assert [found[each] for each in CORRELATIONS] == pytest.approx([-1] * 3)
    assert [found[each] for each in UNSIGNED] == pytest.approx([1] * 3)
    assert found["slope"] == pytest.approx(-1)
    assert found["right signs"] == 0
    assert [found[each] for each in ORIENTATIONS] == [0, 0, 2]


@pytest.mark.parametrize("scale", [0.2, 1.7])
def test_slope_and_rms_follow_the_scale_and_correlation_does_not(scale: float) -> None:
    found = scores(np.float32(scale) * TRUE, truth(TRUE))
    assert found["slope"] == pytest.approx(scale, rel=1e-4)
    assert found["RMS over true"] == pytest.approx(scale, rel=1e-4)
    assert found["CC 1°"] == pytest.approx(1)


def test_a_zero_field_has_no_correlation_no_sign_and_the_error_of_the_whole_truth() -> None:
    empty = np.where(np.isfinite(TRUE), np.float32(0), TRUE)
    found = scores(empty, truth(TRUE))
    assert np.isnan(found["CC 2°"])
    assert (found["slope"], found["RMS over true"], found["right signs"]) == (0, 0, 0)
    assert found["RMS error, G"] > 1
    assert found["one sign only"] == 2


def test_what_lies_beyond_the_end_of_the_truth_is_not_compared() -> None:
    clip = 50.0
    known = np.clip(TRUE, -clip, clip)
    found = scores(TRUE, truth(known, clip))
    assert found["CC 1°"] == pytest.approx(1)
    assert found["RMS error, G"] == 0


def test_fields_beyond_the_area_do_not_count() -> None:
    outside = GRID.radius_px() > np.sin(np.radians(60)) * GRID.disk_radius_px
    spoiled = np.where(outside, TRUE + np.float32(500), TRUE)
    assert scores(spoiled, truth(TRUE), "60°")["CC 1°"] == pytest.approx(1)
    assert scores(spoiled, truth(TRUE), "0.95 R")["CC 1°"] < 0.5


def test_a_block_counts_from_half_of_its_pixels_and_is_the_mean_of_those() -> None:
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    inside = np.zeros((4, 4), bool)
    inside[0, :2] = inside[0, 2] = True  # two pixels of the first block, one of the second
    np.testing.assert_array_equal(block_means(values, inside, 2), [0.5])


def test_a_field_on_another_grid_is_refused() -> None:
    with pytest.raises(ValueError, match=r"got a field of \(128, 128\), expected \(256, 256\)"):
        score_set(np.zeros((128, 128), np.float32), truth(TRUE), "an answer", "a case")
