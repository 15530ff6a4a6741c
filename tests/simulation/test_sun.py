import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.simulation.sphere import CELL_CM2, LATITUDE_DEG
from farside.simulation.sun import ANTI_HALE, Region, SimulatedSun, activity, belt_deg

MAXIMUM = Time("2024-06-01T00:00:00")


def regions(years: float, first: str = "2021-01-01") -> list[Region]:
    """Regions of several Suns, at times so far apart that none is met twice."""
    times = Time(first) + np.arange(0, years * 365, 200) * u.day
    suns = [SimulatedSun(seed) for seed in range(6)]
    return [region for sun in suns for time in times for region in sun.regions(time)]


def test_the_same_seed_gives_the_same_sun_and_another_seed_another() -> None:
    field = SimulatedSun(5).at(MAXIMUM).radial_field
    np.testing.assert_array_equal(field, SimulatedSun(5).at(MAXIMUM).radial_field)
    assert np.corrcoef(field.ravel(), SimulatedSun(6).at(MAXIMUM).radial_field.ravel())[0, 1] < 0.3


def test_polarity_turns_the_field_and_nothing_else() -> None:
    there, back = SimulatedSun(5).at(MAXIMUM), SimulatedSun(5, polarity=-1).at(MAXIMUM)
    np.testing.assert_array_equal(there.radial_field, -back.radial_field)


def test_hale_holds_but_for_the_anti_hale_share() -> None:
    signs = np.array([r.leading * np.sign(r.latitude_deg) for r in regions(6)])
    # In cycle 25 the north leads with plus.
    assert np.mean(signs < 0) == pytest.approx(ANTI_HALE, abs=0.03)


def test_hale_reverses_with_the_cycle() -> None:
    before = regions(0.5, "2014-06-01")
    after = regions(0.5, "2025-06-01")
    lead_before, lead_after = (
        np.mean([r.leading * np.sign(r.latitude_deg) for r in group]) for group in (before, after)
    )
    assert lead_before < -0.8
    assert lead_after > 0.8


def test_joy_tilts_the_leading_side_towards_the_equator_more_at_high_latitude() -> None:
    found = regions(6)
    latitude = np.abs([r.latitude_deg for r in found])
    tilt = np.array([r.tilt_deg for r in found])
    assert np.polyfit(latitude, tilt, 1)[0] == pytest.approx(0.5, abs=0.25)


def test_emergence_moves_to_the_equator_as_the_cycle_goes_on() -> None:
    early, late = 365.0 * 1.5, 365.0 * 9
    assert belt_deg(early) > 20 > 12 > belt_deg(late)
    assert activity(365.0 * 4.5) > 5 * activity(365.0 * 10.5)


def test_fluxes_stay_within_1e21_and_5e22_maxwell() -> None:
    flux = [r.flux_mx for r in regions(2)]
    assert min(flux) >= 1e21
    assert max(flux) <= 5e22


def test_both_polarities_of_the_active_belts_balance() -> None:
    belts = np.abs(LATITUDE_DEG) < 40
    flux = (SimulatedSun(2).at(MAXIMUM).radial_field * CELL_CM2)[belts]
    assert abs(flux.sum()) < 0.05 * np.abs(flux).sum()


def test_regions_emerge_and_vanish_within_a_rotation() -> None:
    sun = SimulatedSun(4)
    later = MAXIMUM + 27.3 * u.day
    before, after = set(map(id, sun.regions(MAXIMUM))), set(map(id, sun.regions(later)))
    assert after - before
    assert before - after
