import numpy as np
import pytest

from farside.simulation.magnetic.cycle import (
    ANTI_HALE,
    CYCLE_DAYS,
    FLUX_MX,
    NEST_DAYS,
    ActiveRegion,
    activity,
    belt_deg,
    emerged_on,
    leading_sign,
    strength,
)

CYCLE_25 = int(CYCLE_DAYS)


def regions(first_day: int, days: int, seeds: int = 8) -> list[ActiveRegion]:
    return [
        region
        for seed in range(seeds)
        for day in range(first_day, first_day + days)
        for region in emerged_on(seed, day)
    ]


@pytest.fixture(scope="module")
def at_maximum() -> list[ActiveRegion]:
    return regions(CYCLE_25 + 1300, 500)


def test_a_seed_names_its_regions() -> None:
    busy = next(day for day in range(CYCLE_25 + 1300, CYCLE_25 + 1400) if emerged_on(5, day))
    emerged_on.cache_clear()
    first = emerged_on(5, busy)
    emerged_on.cache_clear()
    assert emerged_on(5, busy) == first
    assert emerged_on(6, busy) != first


def test_hale_holds_but_for_the_anti_hale_share(at_maximum: list[ActiveRegion]) -> None:
    against = [r.leading != leading_sign(1, r.latitude_deg > 0) for r in at_maximum]
    # Regions of the last cycle, of the other sign, are a few per thousand at this time.
    assert np.mean(against) == pytest.approx(ANTI_HALE, abs=0.02)
    assert [r.anti_hale for r in at_maximum].count(True) / len(at_maximum) == pytest.approx(
        ANTI_HALE, abs=0.015
    )


def test_hale_reverses_with_the_cycle_and_across_the_equator() -> None:
    assert leading_sign(0, north=True) == -1  # cycle 24
    assert leading_sign(1, north=True) == 1
    assert leading_sign(1, north=False) == -1


def test_joy_tilts_the_leading_side_towards_the_equator_more_at_high_latitude(
    at_maximum: list[ActiveRegion],
) -> None:
    latitude = np.abs([r.latitude_deg for r in at_maximum])
    tilt = np.array([r.tilt_deg for r in at_maximum])
    assert np.polyfit(latitude, tilt, 1)[0] == pytest.approx(0.4, abs=0.15)


def test_small_regions_scatter_more_in_tilt(at_maximum: list[ActiveRegion]) -> None:
    small, large = (
        [r.tilt_deg - 0.4 * abs(r.latitude_deg) for r in at_maximum if low < r.flux_mx < high]
        for low, high in ((0, 3e21), (1e22, 1e23))
    )
    assert np.std(small) > 1.25 * np.std(large)


def test_fluxes_are_log_normal_between_1e21_and_5e22_maxwell(
    at_maximum: list[ActiveRegion],
) -> None:
    flux = np.array([r.flux_mx for r in at_maximum])
    assert flux.min() >= FLUX_MX[0]
    assert flux.max() <= FLUX_MX[1]
    assert np.median(flux) == pytest.approx(4e21, rel=0.1)
    assert np.std(np.log(flux)) == pytest.approx(0.85, abs=0.1)


def test_emergence_moves_to_the_equator_and_falls_as_the_cycle_goes_on() -> None:
    assert belt_deg(550.0) > 20 > 12 > belt_deg(3300.0)
    assert activity(1650.0) > 5 * activity(3850.0)
    early, late = regions(CYCLE_25 + 500, 300), regions(CYCLE_25 + 2800, 300)
    assert np.mean(np.abs([r.latitude_deg for r in early])) > 20
    assert np.mean(np.abs([r.latitude_deg for r in late])) < 14


def test_the_last_regions_of_a_cycle_appear_while_the_next_begins() -> None:
    low = [r for r in regions(CYCLE_25, 300, seeds=30) if abs(r.latitude_deg) < 12]
    assert low
    of_the_old = [r.leading == leading_sign(0, r.latitude_deg > 0) for r in low if not r.anti_hale]
    assert np.mean(of_the_old) > 0.7


def test_nests_bring_regions_together() -> None:
    days = range(32 * NEST_DAYS, 33 * NEST_DAYS)
    counts = np.array(
        [
            np.histogram(
                [r.longitude_deg for d in days for r in emerged_on(seed, d)], 36, (0, 360)
            )[0]
            for seed in range(12)
        ]
    )
    assert counts.var(axis=1).mean() > 1.5 * counts.mean()  # 1 for independent places


def test_cycles_differ_in_strength() -> None:
    found = [strength(seed, cycle) for seed in range(40) for cycle in range(3)]
    assert np.std(np.log(found)) == pytest.approx(0.2, abs=0.05)
