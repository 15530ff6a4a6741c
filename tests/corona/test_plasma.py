"""The boundary of the heliosphere: where Earth is, and what is the same everywhere."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.constants import Boltzmann

from farside.corona import inner_boundary, solar_wind
from farside.corona.wind import EUHFORIA, SolarWind
from farside.solarwind.euhforia import Boundary
from farside.sun.carrington_rotation import central_longitude_deg
from tests.corona.dipole import TIME, dipole, holes


@pytest.fixture(scope="module")
def wind() -> SolarWind:
    return solar_wind(dipole(20.0), holes(20.0), EUHFORIA)


@pytest.fixture(scope="module")
def boundary(wind: SolarWind) -> Boundary:
    return inner_boundary(wind)


def test_what_left_the_sun_below_earth_arrives_ten_degrees_east_of_it(wind: SolarWind) -> None:
    column = int(central_longitude_deg(TIME) // wind.grid.step_deg)
    marked = np.full(wind.grid.shape, 300.0)
    marked[60, column] = 600.0  # 31° north
    found = inner_boundary(replace(wind, speed_km_s=marked))
    row, fastest = np.unravel_index(found.speed_m_s.argmax(), found.speed_m_s.shape)
    assert np.degrees(found.longitude_rad[fastest]) == pytest.approx(-10, abs=1)
    assert np.degrees(found.colatitude_rad[row]) == pytest.approx(90 - 31)


def test_angles_rise_and_cover_the_sphere(boundary: Boundary) -> None:
    for axis, span in ((boundary.colatitude_rad, np.pi), (boundary.longitude_rad, 2 * np.pi)):
        assert (np.diff(axis) > 0).all()
        assert np.ptp(axis) == pytest.approx(span * (1 - 1 / len(axis)))
    assert -np.pi <= boundary.longitude_rad[0] < boundary.longitude_rad[-1] < np.pi


def test_thermal_pressure_and_kinetic_energy_are_the_same_everywhere(boundary: Boundary) -> None:
    pressure_pa = boundary.number_density_m3 * boundary.temperature_k * Boltzmann
    assert pressure_pa == pytest.approx(3.3e-9, rel=0.01)
    energy = boundary.number_density_m3 * boundary.speed_m_s**2
    assert energy == pytest.approx(3e8 * 675e3**2)


def test_the_fast_wind_has_the_published_field(wind: SolarWind) -> None:
    fast = inner_boundary(replace(wind, speed_km_s=np.full(wind.grid.shape, 675.0)))
    assert np.abs(fast.radial_field_t) == pytest.approx(300e-9)
    assert fast.number_density_m3 == pytest.approx(3e8)
    assert fast.temperature_k == pytest.approx(0.8e6)


def test_the_field_keeps_the_sign_of_the_current_sheet(boundary: Boundary) -> None:
    assert (boundary.radial_field_t[0] > 0).all()
    assert (boundary.radial_field_t[-1] < 0).all()
