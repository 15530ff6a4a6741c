import numpy as np
import pytest
from astropy.time import Time

from farside.evaluation.blocks import WHOLE
from farside.evaluation.compare import measure, measure_box
from farside.evaluation.flux import unsigned_flux_mx
from farside.evaluation.score_regions import select_patches
from farside.sun.observer import Observer, View
from tests.support.fields import BOX, GRID, blob, noise, uniform

VIEW = View(Observer(0.0, 0.0, 1.5e11), Time("2024-06-20T00:00:00"))
TRUTH = 20 * (blob(-24, 40) - blob(-14, 40)) + noise(1, 5.0)


def test_half_the_truth_correlates_and_has_half_the_flux_and_a_quarter_of_the_square() -> None:
    found = measure(TRUTH / 2, TRUTH, GRID, VIEW)
    assert found.disk.correlation.blocks_of_8 == pytest.approx(1)
    assert found.disk.unsigned_flux_mx.true == unsigned_flux_mx(TRUTH, GRID)
    assert found.disk.unsigned_flux_mx.generated == pytest.approx(
        found.disk.unsigned_flux_mx.true / 2
    )
    assert found.relative_flux_error == pytest.approx(0.5)
    assert found.normalised_square_error == pytest.approx(0.25)
    assert found.polarity_accuracy == 1
    assert found.polar_north_gauss.generated == pytest.approx(found.polar_north_gauss.true / 2)


def test_patches_are_those_of_the_truth_whatever_was_generated() -> None:
    found = measure(uniform(0), TRUTH, GRID, VIEW)
    chosen = select_patches(TRUTH, GRID)
    assert [each.kind for each in found.patches] == [patch.kind for patch in chosen]
    assert [each.measures.unsigned_flux_mx.true for each in found.patches] == [
        patch.unsigned_flux_mx for patch in chosen
    ]
    assert {each.measures.unsigned_flux_mx.generated for each in found.patches} == {0.0}


def test_a_threshold_counts_for_disk_and_patches_alike() -> None:
    found = measure(TRUTH, TRUTH, GRID, VIEW, threshold_gauss=50.0)
    assert found.disk.unsigned_flux_mx.true == unsigned_flux_mx(TRUTH, GRID, WHOLE, 50.0)
    quiet = [each for each in found.patches if each.kind == "QR"]
    assert [each.measures.unsigned_flux_mx.true for each in quiet] == [0.0, 0.0]


def test_a_box_too_small_for_the_window_of_ssim_has_none() -> None:
    small = (slice(100, 110), slice(100, 110))
    assert measure_box(TRUTH, TRUTH, GRID, small).similarity == pytest.approx(1)
    assert measure_box(TRUTH, TRUTH, GRID, small).similarity_of_8 is None
    assert measure_box(TRUTH, TRUTH, GRID, BOX).similarity_of_8 == pytest.approx(1)
    assert np.isfinite(measure_box(TRUTH, TRUTH, GRID, BOX).correlation.blocks_of_8 or np.nan)
