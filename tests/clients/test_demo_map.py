"""The demonstration's Sun has what its picture shows: a region that only STEREO-A can see."""

import astropy.units as u
import numpy as np
import pytest

from clients.demo import OBSERVATION_TIME, SEED, STEREO_A_LONGITUDE_DEG
from clients.demo_map import RETURN_DAYS, carried, flux_ratios, hidden_region
from farside.plots.emergence import Moment, Place, from_earth_deg
from farside.simulation.sun import SimulatedSun
from farside.sun.carrington_grid import CarringtonGrid


def test_a_region_has_emerged_that_stereo_sees_and_earth_does_not_until_it_returns() -> None:
    place = hidden_region(SimulatedSun(SEED), OBSERVATION_TIME)
    assert place
    now = from_earth_deg(place.longitude_deg, OBSERVATION_TIME)
    assert 90 < now < STEREO_A_LONGITUDE_DEG + 60
    later = carried(place, RETURN_DAYS)
    returned = from_earth_deg(later.longitude_deg, OBSERVATION_TIME + RETURN_DAYS * u.day)
    assert abs(returned) < 70


def test_flux_is_that_around_the_region_in_each_map_over_the_true_one() -> None:
    grid, place = CarringtonGrid(), Place(359.0, 5.0)
    spot = np.zeros(grid.shape)
    row = int(np.abs(grid.latitude_deg - 5).argmin())
    spot[row, [358, 359, 0, 1]] = 100, -100, 100, -100
    elsewhere = np.roll(spot, 180, axis=1)
    moment = Moment(OBSERVATION_TIME, place, grid, elsewhere, spot / 2, spot, "truth")
    assert flux_ratios(moment) == pytest.approx((0, 0.5))
