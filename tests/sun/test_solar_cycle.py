from datetime import date
from itertools import pairwise

import pytest
from astropy.time import Time

from farside.simulation.magnetic import cycle
from farside.sun.solar_cycle import CYCLE_STARTS, cycle_of, leading_sign


@pytest.mark.parametrize(
    ("day", "sign"),
    [
        ("1990-01-01", -1),
        ("2001-01-01", 1),
        ("2014-06-01", -1),
        ("2019-12-01", 1),
        ("2026-01-01", 1),
    ],
)
def test_the_leading_polarity_of_the_north_is_negative_in_even_cycles(day: str, sign: int) -> None:
    assert leading_sign(Time(day)) == sign


@pytest.mark.parametrize(
    ("day", "number"),
    [
        ("1947-04-08", 18),
        ("1859-09-01", 10),
        ("1755-02-01", 1),
        ("2019-11-30", 24),
        ("2019-12-01", 25),
    ],
)
def test_a_cycle_begins_at_its_minimum(day: str, number: int) -> None:
    assert cycle_of(Time(day, scale="tai")) == number  # UTC is not sure of all


@pytest.mark.parametrize(("day", "number"), [("1612-06-23", 1), ("2090-01-01", 26)])
def test_outside_the_table_the_first_or_last_cycle_is_taken(day: str, number: int) -> None:
    assert cycle_of(Time(day, scale="tai")) == number


def test_no_cycle_is_missing_and_each_lasts_as_long_as_cycles_do() -> None:
    assert list(CYCLE_STARTS) == list(range(1, 27))
    begins = [date.fromisoformat(day) for day in CYCLE_STARTS.values()]
    years = [(after - before).days / 365.25 for before, after in pairwise(begins)]
    assert min(years) > 8.9
    assert max(years) < 14


@pytest.mark.parametrize("day", ["2012-01-01", "2024-01-01"])
def test_the_simulated_sun_obeys_the_same_law(day: str) -> None:
    number = int((Time(day) - cycle.EPOCH).to_value("day") // cycle.CYCLE_DAYS)
    assert cycle.leading_sign(number, north=True) == leading_sign(Time(day))
