"""The two laws of the wind at their limits, and the wind of a dipole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farside.corona.wind import EUHFORIA, WSA, SolarWind, SpeedLaw, solar_wind
from tests.corona.dipole import STRENGTH_GAUSS, WIDENING, axial_cosine, dipole, holes

LAWS = pytest.mark.parametrize("law", [WSA, EUHFORIA], ids=["wsa", "euhforia"])


def speed(law: SpeedLaw, expansion: float, distance_deg: float) -> float:
    return float(law.speed_km_s(np.array([expansion]), np.array([distance_deg]))[0])


@pytest.fixture(scope="module")
def wind() -> SolarWind:
    return solar_wind(dipole(20.0), holes(20.0), WSA)


def test_the_law_of_wsa_is_that_of_its_headers() -> None:
    def written(fexp: float, arc_ft_bd: float) -> float:
        return float(
            285.0
            + 625.0 / ((1.0 + fexp) ** 0.22222) * (1.0 - 0.8 * np.exp(-((arc_ft_bd / 2) ** 2))) ** 3
        )

    for expansion, distance in ((1.0, 20.0), (7.5, 2.0), (40.0, 0.5)):
        assert speed(WSA, expansion, distance) == pytest.approx(written(expansion, distance), 1e-5)


def test_the_law_of_euhforia_counts_distance_in_radians_and_leaves_some_speed_for_later() -> None:
    depth = 1 - 0.8 * np.exp(-(2.0**1.25))
    wanted = 240 + 675 / 9**0.222 * depth**3 - 50
    assert speed(EUHFORIA, 8.0, float(np.degrees(0.04))) == pytest.approx(wanted)


def test_the_law_of_euhforia_stays_within_its_limits() -> None:
    assert speed(EUHFORIA, np.inf, 0.0) == 275
    assert speed(EUHFORIA, 0.1, 40.0) == 625


@LAWS
@given(expansion=st.floats(0, 1e6), distance=st.floats(0, 60), more=st.floats(0, 60))
def test_wind_from_deeper_in_a_hole_or_a_narrower_tube_is_not_slower(
    law: SpeedLaw, expansion: float, distance: float, more: float
) -> None:
    here = speed(law, expansion, distance)
    assert speed(law, expansion, distance + more) >= here - 1e-9
    assert speed(law, expansion + more, distance) <= here + 1e-9


def test_the_expansion_on_the_axis_of_a_dipole_is_that_of_its_closed_form(wind: SolarWind) -> None:
    near = axial_cosine(wind.grid.longitude_deg, wind.grid.latitude_deg[:, None], 20.0) > 0.995
    assert wind.expansion[near] == pytest.approx(WIDENING, rel=0.03)


def test_a_dipole_blows_fast_from_its_poles_and_slowly_over_its_equator(wind: SolarWind) -> None:
    cosine = axial_cosine(wind.grid.longitude_deg, wind.grid.latitude_deg[:, None], 20.0)
    assert wind.speed_km_s[np.abs(cosine) > 0.5].min() > 700
    assert wind.speed_km_s[np.abs(cosine) < 0.02].max() < 500
    assert np.isfinite(wind.speed_km_s).all()


def test_the_field_at_a_tenth_of_an_au_has_the_sign_of_its_hemisphere(wind: SolarWind) -> None:
    cosine = axial_cosine(wind.grid.longitude_deg, wind.grid.latitude_deg[:, None], 20.0)
    clear = np.abs(cosine) > 0.05
    assert np.array_equal(np.sign(wind.field_nt[clear]), np.sign(cosine[clear]))
    # The unsigned flux of the source surface, spread over the sphere: STRENGTH / 2 of a dipole.
    open_part = 3 / (2 * 2.5**3 + 1) * 2.5**2
    mean_nt = STRENGTH_GAUSS / 2 * open_part / 21.503**2 * 1e5
    area = wind.grid.area
    assert (np.abs(wind.field_nt) * area).sum() == pytest.approx(mean_nt, rel=0.01)


def test_an_interface_below_the_source_surface_changes_little() -> None:
    overlapping = solar_wind(dipole(20.0), holes(20.0), WSA, 2.3)
    same = solar_wind(dipole(20.0), holes(20.0), WSA)
    assert np.median(np.abs(overlapping.speed_km_s - same.speed_km_s)) < 10
    open_line = np.isfinite(overlapping.expansion)
    assert open_line.mean() > 0.85
    assert overlapping.speed_km_s[~open_line] == pytest.approx(WSA.slow_km_s)
