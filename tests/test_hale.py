import pytest
from astropy.time import Time

from farside.hale import cycle_of, leading_sign
from farside.simulation import cycle


@pytest.mark.parametrize(
    ("date", "sign"),
    [
        ("1990-01-01", -1),
        ("2001-01-01", 1),
        ("2014-06-01", -1),
        ("2019-12-01", 1),
        ("2026-01-01", 1),
    ],
)
def test_the_leading_polarity_of_the_north_is_negative_in_even_cycles(date: str, sign: int) -> None:
    assert leading_sign(Time(date)) == sign


@pytest.mark.parametrize(
    ("date", "number"),
    [("1950-01-01", 21), ("2019-11-30", 24), ("2019-12-01", 25), ("2090-01-01", 26)],
)
def test_a_cycle_begins_at_its_minimum(date: str, number: int) -> None:
    assert cycle_of(Time(date, scale="tai")) == number  # UTC is not sure of all


@pytest.mark.parametrize("date", ["2012-01-01", "2024-01-01"])
def test_the_simulated_sun_obeys_the_same_law(date: str) -> None:
    number = int((Time(date) - cycle.EPOCH).to_value("day") // cycle.CYCLE_DAYS)
    assert cycle.leading_sign(number, north=True) == leading_sign(Time(date))
