import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.errors import OutOfRangeError
from farside.simulation.grid import COARSE, FINE
from farside.simulation.magnetic.flux_transport import GLOBE, STEP_DAYS
from farside.simulation.sun import FIRST_STEP, YOUNG_DAYS, SimulatedSun, _History
from farside.sun.grid import Image

MAXIMUM = Time("2024-06-01T00:00:00")
MINIMUM = Time("2019-12-01T00:00:00")


def flux_mx(field: Image) -> float:
    return float((np.abs(field) * GLOBE.cell_cm2).sum())


def polar_gauss(sun: SimulatedSun, time: Time, north: bool) -> float:
    latitude = GLOBE.latitude_deg if north else -GLOBE.latitude_deg
    rows = latitude > 60
    return float(np.average(sun.background(time)[rows].mean(1), weights=GLOBE.cell_cm2[rows, 0]))


def test_the_same_seed_gives_the_same_sun_and_another_seed_another() -> None:
    early = Time("1999-06-01T00:00:00")
    field = SimulatedSun(5).at(early, COARSE).radial_field
    np.testing.assert_array_equal(field, SimulatedSun(5).at(early, COARSE).radial_field)
    other = SimulatedSun(6).at(early, COARSE).radial_field
    assert abs(np.corrcoef(field.ravel(), other.ravel())[0, 1]) < 0.1


def test_the_order_in_which_times_are_asked_for_does_not_matter() -> None:
    steps = [FIRST_STEP + later for later in (12, 40, 15)]
    asked, otherwise = _History(5), _History(5)
    states = {step: asked.at(step) for step in steps}
    for step in reversed(steps):
        np.testing.assert_array_equal(otherwise.at(step), states[step])


def test_polarity_turns_the_field_and_nothing_else() -> None:
    there, back = (SimulatedSun(5, polarity).at(MAXIMUM, COARSE) for polarity in (1, -1))
    np.testing.assert_array_equal(there.radial_field, -back.radial_field)
    np.testing.assert_array_equal(there.lanes, back.lanes)


def test_a_coarse_surface_is_the_fine_one_seen_with_less_resolution() -> None:
    sun = SimulatedSun(5)
    coarse = sun.at(MAXIMUM, COARSE).radial_field
    fine = COARSE.resampled(sun.at(MAXIMUM, FINE).radial_field)
    belts = np.abs(COARSE.latitude_deg) < 60
    assert np.corrcoef(coarse[belts].ravel(), fine[belts].ravel())[0, 1] > 0.96


def test_flux_changes_little_where_regions_are_handed_over() -> None:
    sun = SimulatedSun(5)
    step = int(sun.day(MAXIMUM) // STEP_DAYS) + 1
    before, after = (
        sun.map(MAXIMUM + (step * STEP_DAYS - sun.day(MAXIMUM) + offset) * u.day)
        for offset in (-0.01, 0.01)
    )
    blurred = [GLOBE.smooth(field, 2.0).ravel() for field in (before, after)]
    assert np.corrcoef(blurred[0], blurred[1])[0, 1] > 0.99
    assert (after * GLOBE.cell_cm2).sum() == pytest.approx(
        (before * GLOBE.cell_cm2).sum(), abs=2e20
    )


def test_no_region_is_lost_or_counted_twice_at_the_hand_over() -> None:
    sun = SimulatedSun(5)
    days = np.array([sun.day(MAXIMUM) - region.day for region in sun.regions(MAXIMUM)])
    assert days.min() >= 0
    assert YOUNG_DAYS - 10 < days.max() <= YOUNG_DAYS + STEP_DAYS
    assert len({(r.day, r.number) for r in sun.regions(MAXIMUM)}) == len(days)


@pytest.mark.parametrize("seed", [100, 106])
def test_polar_fields_reverse_and_are_strongest_at_minimum(seed: int) -> None:
    sun = SimulatedSun(seed)
    for north, sign in ((True, 1), (False, -1)):
        at_2009, at_2020 = (polar_gauss(sun, Time(t), north) for t in ("2009-01-01", "2020-01-01"))
        assert -sign * at_2009 > 1
        assert sign * at_2020 > 1
        assert abs(at_2020) < 12


def test_the_active_sun_has_several_times_the_flux_of_the_quiet_one() -> None:
    sun = SimulatedSun(100)
    active, calm = (flux_mx(sun.map(time)) for time in (MAXIMUM, MINIMUM))
    # 1e23 Mx at minima to 6e23-8e23 at maxima: Arge et al. (2002), JGR 107, 1319.
    assert 2e23 < active < 1.2e24
    assert 3e22 < calm < 3e23


def test_the_whole_sun_is_balanced() -> None:
    field = SimulatedSun(5).map(MAXIMUM)
    assert abs((field * GLOBE.cell_cm2).sum()) < 0.002 * flux_mx(field)


def test_regions_emerge_and_vanish_within_a_rotation() -> None:
    sun = SimulatedSun(4)
    later = MAXIMUM + 27.3 * u.day
    before, after = set(sun.regions(MAXIMUM)), set(sun.regions(later))
    assert after - before
    assert before - after


@pytest.mark.filterwarnings("ignore:.*dubious year")
def test_a_time_before_the_sun_begins_is_refused() -> None:
    for early in ("1990", "1612"):
        with pytest.raises(OutOfRangeError, match=rf"begins on 199\d-\d\d-\d\d: got {early}"):
            SimulatedSun(1).at(Time(f"{early}-06-23T00:00:00"), COARSE)
        with pytest.raises(OutOfRangeError, match=early):
            SimulatedSun(1).background(Time(f"{early}-06-23T00:00:00"))
    first = SimulatedSun(1).background(Time("2008-12-16T00:00:00") + FIRST_STEP * STEP_DAYS * u.day)
    assert first[-1].mean() == pytest.approx(6, abs=0.3)
