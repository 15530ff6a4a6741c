"""Realisations of a map: regions reversed whole by their probability, noise by σ elsewhere."""

from dataclasses import replace
from functools import cache

import astropy.units as u
import numpy as np
import pytest
from numpy.typing import NDArray

from farside.errors import UnexpectedImageError
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.base import read_base
from farside.synchronic.ensemble import (
    BIPOLAR_DEGREE,
    generated_regions,
    realisations,
    seed_of,
    unit_noise,
)
from farside.synchronic.map import SynchronicMap
from farside.synchronic.merge import synchronic
from tests.support.synchronic_maps import synchronic_map

GRID = CarringtonGrid(180, 90, "uniform")
COUNT = 200


@cache
def noise(length_deg: float, count: int = COUNT, grid: CarringtonGrid = GRID) -> Map:
    return unit_noise(grid, length_deg, count, np.random.default_rng(1))


@pytest.mark.parametrize("length_deg", [6.0, 20.0])
def test_variance_is_one_at_every_latitude(length_deg: float) -> None:
    drawn = noise(length_deg)
    by_latitude = (drawn**2).mean(axis=(0, 2))
    # A circle of longitude holds as many independent points as lengths; the pole only one.
    held = np.maximum(1, 360 * np.cos(np.radians(GRID.latitude_deg)) / (2.5 * length_deg))
    assert (np.abs(by_latitude - 1) < 5 * np.sqrt(2 / (COUNT * held))).all()
    assert abs(drawn.mean()) < 0.02


@pytest.mark.parametrize("length_deg", [6.0, 20.0])
def test_correlation_falls_to_1_over_e_at_its_length_along_both_axes(length_deg: float) -> None:
    drawn = noise(length_deg)
    cells = round(length_deg / GRID.step_deg)
    meridional = (drawn[:, 20 : 70 - cells] * drawn[:, 20 + cells : 70]).mean()
    assert meridional == pytest.approx(np.exp(-1), abs=0.03)
    equator = drawn[:, 43:47]
    zonal = (equator * np.roll(equator, cells, axis=2)).mean()
    assert zonal == pytest.approx(np.exp(-1), abs=0.03)


def test_correlation_knows_the_poles() -> None:
    """Points 180° of longitude apart, 3° from the pole, are 6° apart on the sphere."""
    drawn = noise(20.0)
    row = drawn[:, 88]
    across = (row * np.roll(row, 90, axis=1)).mean() / (row**2).mean()
    kappa = 1 / (1 - np.cos(np.radians(20.0)))
    apart = 2 * (90 - GRID.latitude_deg[88])
    assert across == pytest.approx(np.exp(-kappa * (1 - np.cos(np.radians(apart)))), abs=0.04)


@pytest.mark.parametrize("length_deg", [0.0, 0.5, 2.0])
def test_noise_is_never_white(length_deg: float) -> None:
    """Neighbours one cell, or one length, apart share at least 1/e."""
    drawn = noise(length_deg, 20)
    neighbours = (drawn[:, 20:69] * drawn[:, 21:70]).mean()
    assert neighbours == pytest.approx(np.exp(-1), abs=0.04)


def test_the_seed_is_that_of_the_map() -> None:
    made = synchronic_map()
    assert seed_of(made) == seed_of(synchronic_map())
    assert seed_of(made) != seed_of(synchronic_map(field_gauss=made.field_gauss + 1))
    assert seed_of(made) != seed_of(synchronic_map(time=made.time + 1 * u.s))


SUN = CarringtonGrid(180, 90)
PLACES = {280.0: 0.7, 320.0: 0.95}
"""Longitudes of two regions in the generated third, and the probability of their polarity."""


def bipole(longitude_deg: float) -> Map:
    """Two spots of 300 G, σ 3°, 10° apart."""
    north = SUN.latitude_deg[:, None] - 20
    leading, following = (
        300 * np.exp(-(wrap_deg(SUN.longitude_deg - at) ** 2 + north**2) / (2 * 3.0**2))
        for at in (longitude_deg + 5, longitude_deg - 5)
    )
    return np.asarray(following - leading)


def near(longitude_deg: float) -> NDArray[np.bool_]:
    return np.abs(bipole(longitude_deg)) > 60


@cache
def doubted() -> SynchronicMap:
    """Two generated regions whose error is that of their polarity, and one of the base map."""
    field = bipole(60.0) + sum(bipole(each) for each in PLACES)
    generated, west = SUN.longitude_deg > 240, SUN.longitude_deg > 300
    right = np.where(generated, np.where(west, *reversed(PLACES.values())), 0.99)
    right = np.broadcast_to(right, SUN.shape)
    return synchronic_map(
        SUN,
        field_gauss=field,
        positive=np.where(field > 0, right, 1 - right),
        sigma_gauss=2 * np.sqrt(1 - right) * np.abs(field),
    )


@cache
def drawn(count: int = 300) -> Map:
    return realisations(doubted(), count, SUN, np.random.default_rng(0))


def test_regions_of_generated_disks_are_found_with_the_probability_of_their_polarity() -> None:
    found = generated_regions(doubted())
    assert [each.sign_probability for each in found] == pytest.approx(list(PLACES.values()))
    for each, longitude_deg in zip(found, PLACES, strict=True):
        assert each.cells[near(longitude_deg)].all()


@pytest.mark.parametrize("longitude_deg", list(PLACES))
def test_a_region_is_reversed_whole_as_often_as_its_polarity_is_doubted(
    longitude_deg: float,
) -> None:
    cells = near(longitude_deg)
    signs = drawn()[:, cells] / doubted().field_gauss[cells]
    np.testing.assert_allclose(np.abs(signs), 1, atol=1e-6)
    assert (np.ptp(signs, axis=1) < 1e-6).all()
    share, doubt = (signs[:, 0] < 0).mean(), 1 - PLACES[longitude_deg]
    assert share == pytest.approx(doubt, abs=3 * np.sqrt(doubt * (1 - doubt) / len(signs)))


def test_two_regions_are_reversed_independently() -> None:
    first, second = (np.sign((drawn() * bipole(each)).sum(axis=(1, 2))) < 0 for each in PLACES)
    assert (first & ~second).any()
    assert (second & ~first).any()


def test_a_region_of_the_base_map_keeps_its_polarity() -> None:
    cells = near(60.0)
    made = drawn(20)
    correlation = [np.corrcoef(each[cells], doubted().field_gauss[cells])[0, 1] for each in made]
    assert min(correlation) > 0


def test_realisations_depart_from_the_map_by_its_sigma() -> None:
    made = replace(doubted(), sigma_gauss=np.hypot(doubted().sigma_gauss, 10.0))
    off = realisations(made, 200, SUN, np.random.default_rng(1)) - made.field_gauss
    ratio = np.sqrt((off**2).mean(axis=0)) / made.sigma_gauss
    for longitude_deg in (*PLACES, 60.0, 180.0):
        cells = near(longitude_deg)
        assert np.sqrt((ratio[cells] ** 2).mean()) == pytest.approx(1, abs=0.25)


def test_noise_has_little_net_flux_over_a_wide_area() -> None:
    plain, bipolar = (
        unit_noise(GRID, 6.0, 50, np.random.default_rng(2), below)
        for below in (0.0, BIPOLAR_DEGREE)
    )
    assert (bipolar**2).mean() == pytest.approx(1, abs=0.05)
    wide, less = (each[:, 30:60, :30].mean(axis=(1, 2)).std() for each in (plain, bipolar))
    assert less < 0.5 * wide


def test_a_realisation_is_a_balanced_map_that_its_file_marks() -> None:
    made = doubted().sample(7)
    again, other = doubted().sample(7), doubted().sample(8)
    np.testing.assert_array_equal(made.field_gauss, again.field_gauss)
    assert not np.array_equal(made.field_gauss, other.field_gauss)
    assert abs((made.field_gauss * SUN.area).sum()) < 1e-9
    read = synchronic_fits.read(synchronic_fits.to_bytes(made))
    assert (read.seed, read.positive) == (7, None)
    with pytest.raises(UnexpectedImageError, match="the realisation 7 of a map"):
        read.sample(1)
    with pytest.raises(ValueError, match="seed is -1"):
        doubted().sample(-1)


def test_the_doubt_is_carried_to_the_map_of_the_next_day() -> None:
    file = synchronic_fits.to_bytes(doubted())
    made = synchronic([], read_base(file, "yesterday.fits"), doubted().time + 1 * u.day, grid=SUN)
    found = [each.sign_probability for each in generated_regions(made)]
    assert found == pytest.approx(list(PLACES.values()), abs=0.03)
