"""The spots of the simulated Sun, beside what is known of the Sun's."""

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.simulation.grid import COARSE
from farside.simulation.magnetic.spots import PORE_MSH, Spot, compact_field_gauss, spots_of
from farside.simulation.sun import SimulatedSun
from farside.sun.angles import wrap_deg
from farside.sun.observer import earth

MAXIMA = [Time("2013-03-01T00:00:00"), Time("2024-03-01T00:00:00")]
MINIMA = [Time("2008-12-01T00:00:00"), Time("2019-10-01T00:00:00")]
SEEDS = range(2, 8)


def seen(seed: int, time: Time) -> list[Spot]:
    """On the visible hemisphere."""
    middle = earth(time).carrington_longitude_deg(time)
    spots = spots_of(SimulatedSun(seed), time)
    return [s for s in spots if abs(wrap_deg(s.longitude_deg - middle)) < 90]


@pytest.fixture(scope="module")
def at_maximum() -> list[list[Spot]]:
    return [seen(seed, time) for seed in SEEDS for time in MAXIMA]


@pytest.fixture(scope="module")
def at_minimum() -> list[list[Spot]]:
    return [seen(seed, time) for seed in SEEDS for time in MINIMA]


def mean_area(days: list[list[Spot]]) -> float:
    return float(np.mean([sum(spot.area_msh for spot in day) for day in days]))


def test_at_maximum_the_area_is_that_of_a_cycle_and_no_disk_is_blank(
    at_maximum: list[list[Spot]],
) -> None:
    # 1076 ± 123 millionths go with a sunspot number of 100: Wilson & Hathaway (2006), from SOON.
    assert 500 < mean_area(at_maximum) < 1700
    assert all(at_maximum)
    groups = [len({spot.group for spot in day}) for day in at_maximum]
    assert 3 < np.mean(groups) < 14


def test_at_minimum_most_disks_are_blank(at_minimum: list[list[Spot]]) -> None:
    assert np.mean([not day for day in at_minimum]) > 0.5
    assert mean_area(at_minimum) < 100


def test_penumbrae_have_five_to_seven_times_the_area_of_umbrae(
    at_maximum: list[list[Spot]],
) -> None:
    grown = [spot for day in at_maximum for spot in day if spot.area_msh > PORE_MSH]
    umbra, area = (sum(getattr(spot, of) for spot in grown) for of in ("umbra_msh", "area_msh"))
    assert 4.5 < (area - umbra) / umbra < 7
    pores = [spot for day in at_maximum for spot in day if spot.area_msh < PORE_MSH]
    assert pores
    assert all(spot.umbra_msh == spot.area_msh for spot in pores)


def test_spots_lie_where_the_field_of_the_surface_is_strong() -> None:
    sun, time = SimulatedSun(2), Time("2000-06-01T00:00:00")
    strength = np.abs(sun.at(time, COARSE).radial_field)
    large = [spot for spot in spots_of(sun, time) if spot.area_msh > 50]
    assert large
    for spot in large:
        row = int((spot.latitude_deg + 90) / COARSE.step_deg)
        column = int(spot.longitude_deg / COARSE.step_deg)
        assert strength[row - 1 : row + 2, column - 1 : column + 2].max() > 400


def test_polarity_changes_no_spot() -> None:
    places = [
        [(s.longitude_deg, s.latitude_deg, s.area_msh) for s in spots_of(sun, MAXIMA[0])]
        for sun in (SimulatedSun(2), SimulatedSun(2, polarity=-1))
    ]
    assert places[0] == places[1]


def test_spots_turn_with_the_sun_and_are_each_found_once() -> None:
    sun, time = SimulatedSun(2), MAXIMA[0]
    today, tomorrow = spots_of(sun, time), spots_of(sun, time + 0.1 * u.day)
    large = [spot for spot in today if spot.area_msh > 70]
    again = [any(_is_same(spot, later) for later in tomorrow) for spot in large]
    # Any of them may split or merge meanwhile, the largest too.
    assert len(large) > 5
    assert np.mean(again) > 0.7
    longitudes = [spot.longitude_deg for spot in today]
    assert len(set(longitudes)) == len(longitudes)
    assert all(0 <= longitude < 360 for longitude in longitudes)


def _is_same(spot: Spot, later: Spot) -> bool:
    return (
        abs(later.area_msh / spot.area_msh - 1) < 0.3
        and abs(wrap_deg(later.longitude_deg - spot.longitude_deg)) < 1
        and abs(later.latitude_deg - spot.latitude_deg) < 1
    )


def test_an_outline_encloses_its_area() -> None:
    for spot in spots_of(SimulatedSun(2), MAXIMA[0]):
        if spot.area_msh < 40:
            continue
        x = spot.edge.longitude_deg * np.cos(np.radians(spot.latitude_deg))
        y = spot.edge.latitude_deg
        square_deg = 0.5 * abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))))
        msh = np.radians(1.0) ** 2 * square_deg / (2 * np.pi) * 1e6
        assert msh == pytest.approx(spot.area_msh, rel=0.25)


def test_the_field_of_spots_is_below_the_ceiling() -> None:
    field = compact_field_gauss(SimulatedSun(2), MAXIMA[0])
    assert 1500 < np.abs(field).max() <= 3000
