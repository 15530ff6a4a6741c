from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from farside.errors import UnexpectedImageError
from farside.magnetogram.magnetogram import Magnetogram
from farside.sun.grid import Image
from tests.magnetogram.test_magnetogram import GRID, magnetogram

ON_DISK = GRID.on_disk()
SEEDS = range(200)


def uniform(value: float) -> Image:
    return np.where(ON_DISK, value, np.nan).astype(np.float32)


def product(mean: Image, sigma: float, unsigned: float) -> Magnetogram:
    return magnetogram(
        image=mean, sigma=uniform(sigma), unsigned=uniform(unsigned), positive=uniform(0.5)
    )


def bipole(gauss: float) -> Image:
    """West half positive, east half negative."""
    west = np.arange(GRID.size_px) > GRID.centre_px
    return np.where(ON_DISK, np.where(west, gauss, -gauss), np.nan).astype(np.float32)


@pytest.mark.parametrize(
    ("mean", "sigma", "unsigned"), [(12.0, 18.0, 15.0), (40.0, 80.0, 60.0), (0.0, 9.0, 6.0)]
)
def test_mean_and_deviation_over_seeds_are_those_of_the_product(
    mean: float, sigma: float, unsigned: float
) -> None:
    made = product(uniform(mean), sigma, unsigned)
    drawn = np.stack([made.sample(seed).image[ON_DISK] for seed in SEEDS])
    # Pixels are correlated over degrees: some hundred independent places, times the seeds.
    assert drawn.mean() == pytest.approx(mean, abs=0.06 * sigma)
    assert drawn.std() == pytest.approx(sigma, rel=0.05)
    assert np.abs(drawn).mean() == pytest.approx(unsigned, rel=0.03)


def test_the_deviation_of_a_t_distribution_is_drawn_whole() -> None:
    made = product(uniform(12.0), 10.0, 15.0)
    made = replace(made, generator=replace(made.generator, degrees_of_freedom=3.0))
    drawn = np.stack([made.sample(seed).image[ON_DISK] for seed in SEEDS])
    assert made.deviation is not None
    assert drawn.std() == pytest.approx(float(np.nanmean(made.deviation)), rel=0.05)


def test_what_is_sure_is_drawn_as_it_is() -> None:
    made = product(bipole(200), 0.0, 200.0)
    np.testing.assert_allclose(made.sample(3).image, made.image, rtol=1e-5)


def test_a_strong_region_turns_round_as_a_whole() -> None:
    """The two polarities of a region change together: their product is negative in either case."""
    made = product(bipole(100), 120.0, 150.0)
    y = int(GRID.centre_px)
    apart = round(np.radians(2) * GRID.disk_radius_px)
    east, west = y - apart, y + 1 + apart
    drawn = np.stack([np.sign(made.sample(seed).image) for seed in SEEDS])
    turned = drawn[:, y, west] < 0
    assert 0.1 < turned.mean() < 0.25
    assert (drawn[:, y, east] == -drawn[:, y, west]).mean() > 0.82  # 0.72 if they were independent


def test_a_seed_gives_one_field_and_another_seed_another() -> None:
    made = product(uniform(10), 20.0, 15.0)
    assert made.sample(1) == made.sample(1)
    assert made.sample(1) != made.sample(2)
    np.testing.assert_array_equal(np.isfinite(made.sample(1).image), ON_DISK)


def test_a_realisation_reads_back_equal_and_says_what_it_is(tmp_path: Path) -> None:
    drawn = product(uniform(10), 20.0, 15.0).sample(2**31 - 1)
    drawn.write(tmp_path / "drawn.fits")
    assert Magnetogram.read(tmp_path / "drawn.fits") == drawn
    hdus = drawn.to_hdus()
    assert hdus[0].header["AISEED"] == 2**31 - 1
    assert [hdu.name for hdu in hdus] == ["PRIMARY", "SIGMA", "INPUTS"]


def test_only_a_mean_with_its_statistics_can_be_drawn_from() -> None:
    made = product(uniform(10), 20.0, 15.0)
    with pytest.raises(UnexpectedImageError, match="got the realisation 4 of a product"):
        made.sample(4).sample(5)
    with pytest.raises(UnexpectedImageError, match="demo 3 without UNSIGNED: expected both"):
        replace(made, unsigned=None).sample(1)
    with pytest.raises(UnexpectedImageError, match="demo 3 without SIGMA"):
        magnetogram().sample(1)
