import numpy as np
import pytest

from farside.simulation.magnetic.cycle import ANTI_HALE
from tests.training.score.fakes import DISK, GRID, case, noise, predictions
from training.score.measures import CC, COMMON, FULL
from training.score.predictions import PERSISTENCE, ZERO
from training.score.regions import RegionScore, State
from training.score.run import MODEL, CaseScores, score_case
from training.score.summary import (
    ALL_AGES,
    MAIN_AGES,
    age_bins,
    leak_check,
    means,
    region_rows,
    regressions,
)
from training.scoring.table import Estimate, Key, Scores, estimate


def scored(seed: int, age_days: float, model: float, persistence: float) -> CaseScores:
    """The answers are multiples of the truth."""
    truth = noise(seed) * np.float32(seed)
    made = predictions(truth * np.float32(model), truth * np.float32(persistence))
    return score_case(case(seed, age_days, truth), made, GRID)


RECORDS = [
    scored(1, 1.0, 1.0, -1.0),
    scored(1, 6.0, 1.0, 0.0),
    scored(2, 6.0, -1.0, 1.0),
]


def summary(records: list[CaseScores]) -> Scores:
    return Scores(means=tuple(means(records)))


def mean(scores: Scores, *key: str) -> Estimate:
    found = scores.estimate(Key(*key))
    assert found
    return found


def test_bins_of_age_hold_what_lies_between_their_edges_and_empty_ones_are_left_out() -> None:
    bins = age_bins(RECORDS)
    assert {name: len(inside) for name, inside in bins.items()} == {
        ALL_AGES: 3,
        MAIN_AGES: 2,
        "0–2.5 d": 1,
        "5–10 d": 2,
    }
    assert len(age_bins(RECORDS[:1])[MAIN_AGES]) == 1


def test_the_mean_is_over_suns_of_the_mean_of_each_suns_disks() -> None:
    scores = summary(RECORDS)
    model = mean(scores, CC, FULL, ALL_AGES, MODEL)
    assert model.mean == pytest.approx(0.0)  # Sun 1: 1 and 1; Sun 2: -1
    assert (model.units, model.values) == (2, 3)
    before = mean(scores, CC, FULL, ALL_AGES, PERSISTENCE)
    assert before.mean == pytest.approx(0.25)  # -1 and a constant 0; 1
    less = mean(scores, CC, FULL, ALL_AGES, MODEL, PERSISTENCE)
    assert less.mean == pytest.approx(-0.25)
    assert (less.low, less.high) == pytest.approx((-2, 1.5))


def test_one_sun_has_a_mean_and_no_interval() -> None:
    scores = summary(RECORDS)
    found = mean(scores, CC, FULL, "0–2.5 d", MODEL)
    assert found.low is None
    assert scores.estimate(Key(CC, FULL, "0–2.5 d", MODEL, PERSISTENCE)) is None
    assert found.mean == pytest.approx(1.0)


def test_errors_of_multiples_of_the_truth_are_those_of_the_formulas() -> None:
    scores = summary(RECORDS)
    for prediction, r1, r2 in [(MODEL, 0.0, (0 + 4) / 2), (ZERO, 1.0, 1.0)]:
        assert mean(scores, "R1", FULL, ALL_AGES, prediction).mean == pytest.approx(r1, abs=1e-5)
        assert mean(scores, "R2", FULL, ALL_AGES, prediction).mean == pytest.approx(r2)
    assert mean(scores, CC, FULL, ALL_AGES, ZERO).mean == 0
    # Infinite for the exact disks of Sun 1; Sun 2 is wrong by twice its 20 G.
    decibel = mean(scores, "PSNR, dB", FULL, ALL_AGES, MODEL)
    assert decibel.mean == pytest.approx(20 * np.log10(3000 / 40), abs=0.2)
    assert decibel.units == 1


def test_a_resolution_that_the_grid_lacks_has_no_row() -> None:
    assert not [each for each in means(RECORDS) if each.measure == "CC 1×1"]


def test_what_the_reference_did_not_see_does_not_count_in_common() -> None:
    truth = noise(1)
    west = DISK & (np.arange(GRID.size_px) > GRID.size_px // 2)
    before = np.where(west, truth, np.where(DISK, 0, np.nan)).astype(np.float32)
    found = score_case(case(1, 3.0, truth), predictions(truth, before, west), GRID)
    scores = summary([found])
    assert mean(scores, CC, COMMON, ALL_AGES, PERSISTENCE).mean == pytest.approx(1)
    assert mean(scores, CC, FULL, ALL_AGES, PERSISTENCE).mean < 0.8
    nothing = score_case(case(1, 3.0, truth), predictions(truth, before, west & False), GRID)
    assert not [each for each in means([nothing]) if each.area == COMMON]


def test_fluxes_of_half_the_truth_have_half_its_slope() -> None:
    records = [scored(seed, 6.0, 0.5, 0.0) for seed in (1, 2, 3)]
    records.append(scored(4, 1.0, -1.0, 0.0))
    found_rows = regressions(records, (MODEL, ZERO))
    rows = {(r.quantity, r.area, r.prediction): r for r in found_rows}
    found = rows["TUMF", FULL, MODEL]
    assert (found.regression.slope, found.regression.correlation) == pytest.approx((0.5, 1))
    assert found.values == 3
    assert np.isnan(rows["TUMF", FULL, ZERO].regression.correlation)
    # Two caps on each of three disks.
    assert rows["polar field", "caps", MODEL].values == 6


def test_estimates_of_hand_made_values() -> None:
    values = {"a": [1.0, 3.0], "b": [4.0]}
    found = estimate(values)
    assert found is not None
    assert (found.mean, found.low, found.high) == (3.0, 2.0, 4.0)
    less = estimate(values, {"a": [1.0], "b": [1.0], "c": [9.0]})
    assert less is not None
    assert (less.mean, less.low, less.high, less.units) == (2.0, 1.0, 3.0, 2)
    assert estimate({}) is None
    assert estimate(values, {"a": [1.0]}) is None


def region(
    number: int, state: State, right: bool, anti_hale: bool = False, flux: float = 1.0
) -> RegionScore:
    return RegionScore(
        seed=number % 4,
        day=9.5,
        number=number,
        state=state,
        anti_hale=anti_hale,
        polarity_right=right,
        persistence_right=not right,
        generated_mx=2 * flux,
        persistence_mx=-flux,
        true_mx=flux,
        place_error_deg=flux,
    )


def with_regions(*regions: RegionScore) -> CaseScores:
    return CaseScores(RECORDS[1].label, (), regions)


def test_regions_are_told_apart_by_what_the_reference_showed() -> None:
    found = region_rows(
        [
            with_regions(region(0, "seen", True), region(1, "new", False, flux=3)),
            with_regions(region(1, "new", True, flux=4), region(2, "new", True, anti_hale=True)),
        ]
    )
    rows = {each.kind: each for each in found}
    new = rows["newly emerged"]
    assert (new.regions, new.sightings) == (2, 3)
    assert new.polarity_accuracy is not None
    assert new.polarity_accuracy.mean == pytest.approx((0.5 + 1) / 2)
    assert new.persistence_accuracy is not None
    assert new.persistence_accuracy.mean == pytest.approx((0.5 + 0) / 2)
    assert (new.flux_correlation, new.persistence_flux_correlation) == pytest.approx((1, -1))
    assert new.place_error_deg == 3
    assert rows["anti-Hale, newly emerged"].sightings == 1
    assert rows["anti-Hale, seen"].polarity_accuracy is None


@pytest.mark.parametrize(("right", "leak"), [(200, True), (round(200 * (1 - ANTI_HALE)), False)])
def test_new_regions_right_beyond_hales_law_are_a_leak(right: int, leak: bool) -> None:
    records = [with_regions(region(k, "new", k < right)) for k in range(200)]
    check = leak_check(records)
    assert (check.regions, check.right, check.leak) == (200, right, leak)


def test_a_few_regions_all_right_or_one_seen_often_are_no_leak() -> None:
    assert not leak_check([with_regions(region(k, "new", True)) for k in range(20)]).leak
    often = leak_check([with_regions(region(3, "new", True)) for _ in range(500)])
    assert (often.regions, often.leak) == (1, False)
    assert not leak_check([with_regions(region(k, "seen", True)) for k in range(500)]).leak


def test_the_chance_of_a_leak_is_binomial() -> None:
    check = leak_check([with_regions(region(k, "new", True)) for k in range(50)])
    assert check.chance == pytest.approx((1 - ANTI_HALE) ** 50)
