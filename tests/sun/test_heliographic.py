import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st
from sunpy.coordinates import HeliographicCarrington, Helioprojective

from farside.sun.heliographic import differential_rotation_deg_per_day, project, trace
from farside.sun.observer import SOLAR_RADIUS_M, Observer

TIME = Time("2024-05-01T00:00:00")


@given(
    st.floats(-179, 179),
    st.floats(-7.3, 7.3),
    st.floats(0.3, 1.1),
    st.floats(0, 0.99),
    st.floats(0, 6.28),
)
def test_a_traced_point_projects_back_onto_its_line_of_sight(
    longitude: float, latitude: float, distance_au: float, impact: float, angle: float
) -> None:
    observer = Observer(longitude, latitude, distance_au * 1.496e11)
    limb = np.tan(np.arcsin(SOLAR_RADIUS_M / observer.distance_m))
    west = np.array([impact * limb * np.cos(angle)])
    north = np.array([impact * limb * np.sin(angle)])
    points = trace(west, north, observer, TIME)
    back = project(points.longitude_deg, points.latitude_deg, observer, TIME)
    np.testing.assert_allclose(np.hypot(back[0] - west, back[1] - north), 0, atol=1e-9)
    np.testing.assert_allclose(back[2], points.mu, atol=1e-6)


def test_a_point_off_centre_lies_where_sunpy_puts_it() -> None:
    observer = Observer(70.0, -5.0, 1.44e11)
    frame = Helioprojective(
        obstime=TIME, observer=observer.coordinate(TIME), rsun=SOLAR_RADIUS_M * u.m
    )
    sky = SkyCoord(400 * u.arcsec, -250 * u.arcsec, frame=frame)
    carrington = HeliographicCarrington(obstime=TIME, observer=observer.coordinate(TIME))
    expected = sky.transform_to(carrington)
    # Tx and Ty are spherical angles; the plane of the sky has their gnomonic projection.
    west = np.tan(np.radians(400 / 3600))
    north = np.tan(np.radians(-250 / 3600)) / np.cos(np.radians(400 / 3600))
    point = trace(np.array([west]), np.array([north]), observer, TIME)
    assert point.longitude_deg[0] == pytest.approx(expected.lon.to_value(u.deg), abs=0.01)
    assert point.latitude_deg[0] == pytest.approx(expected.lat.to_value(u.deg), abs=0.01)


def test_beyond_the_limb_mu_is_zero_and_impact_exceeds_one() -> None:
    observer = Observer(0.0, 0.0, 1.496e11)
    point = trace(np.array([0.01]), np.array([0.0]), observer, TIME)
    assert point.mu[0] == 0
    assert point.impact[0] > 1


def test_the_equator_runs_ahead_of_the_carrington_frame_and_the_poles_lag() -> None:
    drift = differential_rotation_deg_per_day(np.array([0.0, 60.0, -60.0]))
    assert drift[0] > 0 > drift[1]
    assert drift[1] == drift[2]
