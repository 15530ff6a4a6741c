import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farside.evaluation.statistics import interval, regress

gauss = st.integers(-1000, 1000)


def test_a_line_has_its_slope_and_correlation_one() -> None:
    truth = np.array([1.0, 2.0, 4.0, 8.0])
    found = regress(0.82 * truth + 3, truth)
    assert (found.slope, found.correlation) == pytest.approx((0.82, 1))
    assert found.r_squared < 1


@pytest.mark.parametrize(
    ("correlated", "slope", "printed"), [(0.99, 1.02, 0.97), (0.94, 0.82, 0.87), (0.94, 1.05, 0.85)]
)
def test_r_squared_follows_from_slope_and_correlation_as_in_the_paper(
    correlated: float, slope: float, printed: float
) -> None:
    truth, scatter = np.array([1.0, 1, -1, -1]), np.array([1.0, -1, 1, -1])
    generated = slope * (truth + np.sqrt(correlated**-2 - 1) * scatter)
    found = regress(generated, truth)
    assert (found.correlation, found.slope) == pytest.approx((correlated, slope))
    assert found.r_squared == pytest.approx(printed, abs=0.011)


def test_the_mean_as_the_only_answer_determines_nothing() -> None:
    found = regress([2.0, 2.0, 2.0], [1.0, 2.0, 3.0])
    assert (found.r_squared, found.slope) == (0, 0)
    assert np.isnan(found.correlation)


@given(
    st.lists(st.tuples(gauss, gauss), min_size=3, max_size=20, unique_by=lambda pair: pair[1]),
    st.integers(0, 2**32 - 1),
)
def test_regression_does_not_depend_on_order(pairs: list[tuple[int, int]], seed: int) -> None:
    made, truth = np.array(pairs, float).T
    order = np.random.default_rng(seed).permutation(len(pairs))
    one, other = regress(made, truth), regress(made[order], truth[order])
    assert one.slope == pytest.approx(other.slope, rel=1e-6, abs=1e-6)
    assert one.r_squared == pytest.approx(other.r_squared, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("generated", "truth", "message"),
    [
        ([1.0, 2.0], [1.0], "expected two 1-D arrays of equal length"),
        ([1.0], [1.0], "at least 2"),
        ([1.0, np.nan], [1.0, 2.0], "must be finite"),
    ],
)
def test_unpaired_values_are_refused(
    generated: list[float], truth: list[float], message: str
) -> None:
    for measure in (regress, interval):
        with pytest.raises(ValueError, match=message):
            measure(generated, truth)


def test_a_bootstrap_interval_holds_the_true_mean_about_as_often_as_it_says() -> None:
    draw = np.random.default_rng(1)
    trials = 400
    held = 0
    for trial in range(trials):
        common = draw.normal(0, 10, 40)
        found = interval(common + draw.normal(0.3, 1, 40), common, 0.9, 400, trial)
        held += found.low <= 0.3 <= found.high
    # Four standard errors of a share of 0.9 are 0.06.
    assert held / trials == pytest.approx(0.9, abs=0.06)


def test_pairing_takes_out_what_both_have_in_common() -> None:
    draw = np.random.default_rng(2)
    common = draw.normal(0, 10, 40)
    found = interval(common + draw.normal(1, 0.1, 40), common)
    assert found.mean == pytest.approx(1, abs=0.1)
    # The standard error of the mean difference is 0.1 / √40, and 1.96 of them the half-width.
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.1 / np.sqrt(40), rel=0.3)
    assert found.seeds == 40


def test_a_constant_difference_is_certain() -> None:
    found = interval([1.5, 2.5, 3.5], [1.0, 2.0, 3.0])
    assert (found.mean, found.low, found.high) == (0.5, 0.5, 0.5)


def test_a_higher_level_gives_a_wider_interval_and_the_seed_the_same_one() -> None:
    a, b = np.random.default_rng(3).normal(size=(2, 40))
    wide, narrow = interval(a, b, 0.99), interval(a, b, 0.8)
    assert wide.low < narrow.low < narrow.mean < narrow.high < wide.high
    assert interval(a, b) == interval(a, b)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_outside_0_to_1_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        interval([1.0, 2.0], [1.0, 2.0], level)
