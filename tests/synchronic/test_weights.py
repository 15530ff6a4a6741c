from dataclasses import replace

import numpy as np
import pytest

from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.synchronic.map import Overlap
from farside.synchronic.project import INCLINATION_DEG, ProjectedDisk
from farside.synchronic.weights import (
    OVERLAP_LEAST_MU,
    UNKNOWN_SKILL,
    expected_correlation,
    overlap_score,
    quality_factor,
)

GRID = CarringtonGrid(36, 18)
FIELD = np.random.default_rng(0).normal(0, 60, GRID.shape)


def seen(field: Map, columns: slice) -> ProjectedDisk:
    mu = np.zeros(GRID.shape)
    mu[:, columns] = 0.8
    return ProjectedDisk(field * (mu > 0), mu, np.ones(GRID.shape))


def test_score_is_of_what_both_see() -> None:
    one, other = seen(0.5 * FIELD, slice(0, 18)), seen(FIELD, slice(9, 27))
    found = overlap_score(one, other, GRID)
    assert found is not None
    assert found.correlation == pytest.approx(1)
    assert found.slope == pytest.approx(0.5)
    assert found.sign_agreement == 1
    assert found.area == pytest.approx(0.25)


def test_opposite_polarity_is_told() -> None:
    found = overlap_score(seen(-FIELD, slice(0, 18)), seen(FIELD, slice(0, 18)), GRID)
    assert found is not None
    assert found.correlation == pytest.approx(-1)
    assert found.sign_agreement == 0


def test_weak_cells_have_no_sign_to_agree_on() -> None:
    found = overlap_score(seen(-FIELD / 100, slice(0, 18)), seen(FIELD / 100, slice(0, 18)), GRID)
    assert found is not None
    assert found.sign_agreement == 1


@pytest.mark.parametrize("columns", [slice(18, 36), slice(17, 35)])
def test_disks_that_share_little_have_no_score(columns: slice) -> None:
    assert overlap_score(seen(FIELD, slice(0, 18)), seen(FIELD, columns), GRID) is None


def test_what_is_seen_at_a_slant_does_not_count() -> None:
    slanted = seen(FIELD, slice(0, 18))
    slanted.mu[slanted.mu > 0] = OVERLAP_LEAST_MU
    assert overlap_score(slanted, seen(FIELD, slice(0, 18)), GRID) is None


def test_a_field_without_features_has_no_score() -> None:
    assert overlap_score(seen(0 * FIELD, slice(0, 18)), seen(FIELD, slice(0, 18)), GRID) is None


def test_quality_rises_with_correlation_from_0_to_that_of_an_observed_disk() -> None:
    factors = [quality_factor(r) for r in (-0.5, 0.0, 0.3, 0.6, 0.9, 1.0)]
    assert factors[:2] == [0, 0]
    assert factors == sorted(factors)
    assert factors[-1] == 1


def test_an_observed_disk_outranks_a_generated_one_up_to_66_degrees_from_its_centre() -> None:
    assert quality_factor(0.6) == pytest.approx(np.tan(np.radians(INCLINATION_DEG)) ** 2 * 0.5625)
    assert np.cos(np.radians(65)) ** 4 > quality_factor(0.6) > np.cos(np.radians(68)) ** 4


def test_a_small_overlap_lowers_a_model_s_skill_by_as_little_as_it_rests_on() -> None:
    """Two limbs that share 0.06 of the sphere once made a whole disk worthless."""
    bad, good = (Overlap(cc, 1.0, 0.5, area=0.06) for cc in (0.01, 0.9))
    assert 0.3 < expected_correlation(bad, 0.6) < 0.6
    assert expected_correlation(replace(bad, area=0.4), 0.6) < expected_correlation(bad, 0.6)
    assert expected_correlation(good, 0.6) == pytest.approx(0.6)
    assert expected_correlation(None, 0.6) == 0.6
    assert expected_correlation(None, None) == UNKNOWN_SKILL
