from dataclasses import replace

import numpy as np
import pytest

from farside.simulation.magnetic.active_regions import compact_fraction, elements_of
from farside.simulation.magnetic.cycle import ActiveRegion
from farside.sun.heliographic import differential_rotation_deg_per_day

REGION = ActiveRegion(5000.0, 100.0, 20.0, 1e22, 8.0, leading=1, anti_hale=False, number=0)


def flux_weighted(region: ActiveRegion, age_days: float, side: int) -> tuple[float, float]:
    found = elements_of(1, [region], region.day + age_days)
    return float(found.longitude_deg[side].mean()), float(found.latitude_deg[side].mean())


def test_both_sides_carry_the_regions_flux_and_balance() -> None:
    found = elements_of(1, [REGION], REGION.day + 10)
    assert found.flux_mx[0].sum() == pytest.approx(1e22, rel=1e-3)
    assert found.flux_mx.sum() == pytest.approx(0, abs=1e15)


def test_a_region_grows_from_nothing_within_days() -> None:
    young, grown = (
        np.abs(elements_of(1, [REGION], 5000.0 + age).flux_mx).sum() for age in (0.2, 5)
    )
    assert young < 0.05 * grown


def test_the_leading_side_is_west_and_nearer_the_equator() -> None:
    leading, following = (flux_weighted(REGION, 3.0, side) for side in (0, 1))
    assert leading[0] - following[0] == pytest.approx(6.0, abs=1.5)
    assert leading[1] < following[1]
    south = replace(REGION, latitude_deg=-20.0)
    assert flux_weighted(south, 3.0, 0)[1] > flux_weighted(south, 3.0, 1)[1]


def test_a_region_drifts_with_its_latitude() -> None:
    first, later = (
        np.mean([flux_weighted(REGION, age, side)[0] for side in (0, 1)]) for age in (4.0, 24.0)
    )
    assert later - first == pytest.approx(
        20 * float(differential_rotation_deg_per_day(np.array(20.0))), abs=1.5
    )


def test_plage_spreads_and_spots_stay_together_longer() -> None:
    spread = [
        float(elements_of(1, [REGION], REGION.day + age).latitude_deg.std()) for age in (3, 15, 40)
    ]
    assert spread[0] < spread[1] < spread[2]
    small = replace(REGION, flux_mx=1e21)
    ratio = [
        np.ptp(np.quantile(elements_of(1, [r], r.day + 15).latitude_deg[0], [0.4, 0.6]))
        / r.separation_deg
        for r in (REGION, small)
    ]
    assert ratio[0] < ratio[1]


def test_columns_know_their_region_and_its_age() -> None:
    other = replace(REGION, day=5003.0, flux_mx=2e21)
    found = elements_of(1, [REGION, other], 5005.0)
    assert set(found.age_days[found.region == 0]) == {5.0}
    assert set(found.age_days[found.region == 1]) == {2.0}
    assert np.abs(found.flux_mx[0, found.region == 1]).sum() < 2e21


def test_flux_is_handed_to_the_network_as_it_ages() -> None:
    fresh = compact_fraction(elements_of(1, [REGION], REGION.day + 1))
    old = compact_fraction(elements_of(1, [REGION], REGION.day + 35))
    assert fresh.min() > 0.95
    assert old.max() < 0.01


def test_no_regions_give_no_elements() -> None:
    assert elements_of(1, [], 0.0).flux_mx.shape == (2, 0)
