"""Regions in a generated disk: inserted whole where they are new, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.time import Time

from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.synchronic.contributions import Contribution, WeightedMean, weighted_mean
from farside.synchronic.emergence import (
    balanced_region,
    find_emergences,
    insert_regions,
    whole_field,
)
from farside.synchronic.map import MapSource
from farside.synchronic.project import ProjectedDisk

GRID = CarringtonGrid()
SOURCE = MapSource("generated", "STEREO_A", "", "", Time("2024-01-01T00:00:00"))
NOWHERE = np.zeros(GRID.shape)


def bipole(longitude_deg: float, latitude_deg: float = 15.0, gauss: float = 300.0) -> Map:
    """Two spots of 2.5°, 6° apart: 2e22 Mx at 300 G."""
    field = np.zeros(GRID.shape)
    for sign in (-1, 1):
        east = wrap_deg(GRID.longitude_deg - longitude_deg - 3 * sign)[None, :]
        north = GRID.latitude_deg[:, None] - latitude_deg
        field += sign * gauss * np.exp(-(east**2 + north**2) / (2 * 1.8**2))
    return field


def quiet(seed: int = 0) -> Map:
    return np.random.default_rng(seed).normal(0, 4, GRID.shape)


def generated(field: Map, sigma_gauss: float = 15.0, mu: float = 0.8) -> ProjectedDisk:
    return ProjectedDisk(field, np.full(GRID.shape, mu), np.full(GRID.shape, sigma_gauss))


def known(field: Map) -> WeightedMean:
    age = np.full(GRID.shape, 8.0)
    return weighted_mean([Contribution(SOURCE, field, np.ones(GRID.shape), age, 20 + NOWHERE)])


def inserted(
    part: ProjectedDisk, without: WeightedMean, observed_mu: Map = NOWHERE
) -> WeightedMean:
    """Map whose mean gives the disk a tenth of the weight."""
    disk = Contribution(SOURCE, part.field_gauss, 0.1 * part.mu, NOWHERE, part.sigma_gauss, 1.0)
    old = Contribution(
        SOURCE, without.field_gauss, np.ones(GRID.shape), without.age_days, without.sigma_gauss
    )
    merged = weighted_mean([old, disk])
    return insert_regions(merged, without, [(1, disk, part)], observed_mu, GRID)


def around(longitude_deg: float) -> Map:
    near = np.abs(wrap_deg(GRID.longitude_deg - longitude_deg)) < 10
    return (near & (np.abs(GRID.latitude_deg - 15)[:, None] < 10)).astype(float)


@pytest.mark.parametrize("longitude_deg", [100.0, 0.0])
def test_a_new_region_comes_with_its_flux_its_dipole_and_its_age(longitude_deg: float) -> None:
    truth, place = bipole(longitude_deg), around(longitude_deg)
    made = inserted(generated(truth + quiet(1)), known(quiet()))
    flux, true = ((np.abs(f) * place).sum() for f in (made.field_gauss, truth))
    assert flux == pytest.approx(true, rel=0.15)
    dipole = (made.field_gauss * truth * place).sum() / (truth**2 * place).sum()
    assert dipole == pytest.approx(1, abs=0.05)
    core = np.abs(truth) > 50
    np.testing.assert_array_equal(made.dominant[core], 1)
    np.testing.assert_allclose(made.generated[core], 1)
    np.testing.assert_allclose(made.age_days[core], 0, atol=1e-9)


def test_far_from_a_new_region_the_mean_stays() -> None:
    part, without = generated(bipole(100.0) + quiet(1)), known(quiet())
    made, mean = inserted(part, without), inserted(generated(quiet(1)), without)
    far = around(280.0) > 0
    np.testing.assert_array_equal(made.field_gauss[far], mean.field_gauss[far])
    assert made.generated[far].max() < 0.1


@pytest.mark.parametrize("change", [0.7, 1.0, 1.5])
def test_a_region_that_the_map_has_already_is_not_inserted(change: float) -> None:
    without = known(bipole(100.0) + quiet())
    made = inserted(generated(change * bipole(100.0) + quiet(1)), without)
    assert made.generated.max() < 0.1


def test_a_region_that_an_observed_disk_denies_is_not_inserted() -> None:
    made = inserted(generated(bipole(100.0)), known(quiet()), observed_mu=0.5 + NOWHERE)
    assert made.generated.max() < 0.1


def test_the_quiet_sun_is_no_region() -> None:
    found = list(find_emergences(generated(quiet(1)), known(quiet()), NOWHERE, GRID))
    assert not found


def test_a_stronger_region_raises_the_odds_and_a_less_certain_disk_lowers_them() -> None:
    def odds(gauss: float, sigma_gauss: float = 15.0) -> float:
        part = generated(bipole(100.0, gauss=gauss), sigma_gauss)
        return max(each.log_odds for each in find_emergences(part, known(quiet()), NOWHERE, GRID))

    assert odds(300) > odds(150) > odds(80)
    assert odds(80) > odds(80, sigma_gauss=150)


def test_a_disk_with_the_strength_and_the_sign_apart_is_taken_at_full_strength() -> None:
    """The mean field of an uncertain sign is weak, the region is not."""
    truth = bipole(100.0)
    part = replace(
        generated(0.2 * truth), unsigned_gauss=np.abs(truth), positive=0.5 + 0.1 * np.sign(truth)
    )
    np.testing.assert_allclose(whole_field(part), truth)
    made, core = inserted(part, known(quiet())), np.abs(truth) > 50
    np.testing.assert_allclose(made.field_gauss[core], truth[core], rtol=0.05)
    assert made.positive is not None
    assert part.positive is not None
    np.testing.assert_allclose(made.positive[core], part.positive[core], atol=0.01)
    # σ is that about the mean, 15 G, and the distance of the whole field from it.
    np.testing.assert_allclose(
        made.sigma_gauss[core], np.hypot(15, 0.8 * truth[core]), rtol=0.01, atol=0.5
    )
    found = next(find_emergences(part, known(quiet()), NOWHERE, GRID))
    assert found.sign_probability == pytest.approx(0.6)
    assert found.probability > 0.99


def test_a_region_is_balanced_within_limits() -> None:
    uneven = bipole(100.0)
    uneven[uneven > 0] *= 1.5
    even = balanced_region(uneven, around(100.0), GRID)
    assert (even * GRID.area).sum() == pytest.approx(0, abs=1e-9)
    half = np.maximum(uneven, 0)
    np.testing.assert_array_equal(balanced_region(half, around(100.0), GRID), half)
