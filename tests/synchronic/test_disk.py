import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.time import Time

from farside.disk.registration import Disk
from farside.disk.reproject import reproject_disk
from farside.errors import (
    DamagedImageError,
    NotFitsError,
    UnexpectedImageError,
    UnsupportedImageError,
)
from farside.magnetogram.magnetogram import Magnetogram, ModelProvenance
from farside.observation.image import Origin
from farside.quality import Quality
from farside.simulation import SimulatedSet
from farside.sun.observer import Observer, View
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.disk import (
    MAP_GRID,
    generated_disk,
    observed_disk,
    read_generated,
    read_observed,
)
from tests.support.fields import GRID, noise
from tests.support.synchronic_maps import synchronic_map

TIME = Time("2024-06-01T00:00:00.000", scale="utc")
EARTH = Observer(0.0, -1.0, 1.5e11)
MODEL = ModelProvenance("demo", "1", "ab" * 32, "SIMULATED", "torch", "float32")


def disk(band: str = "LOS") -> Disk:
    return Disk(noise(0), GRID, Origin("HMI", band, TIME, EARTH, "hmi.fits", "cd", Quality.BEACON))


def product() -> Magnetogram:
    return Magnetogram(noise(1), GRID, TIME, EARTH, "STEREO_A", Quality.GOOD, MODEL, ())


def test_a_measured_disk_keeps_what_is_known_of_it() -> None:
    found = observed_disk(disk())
    assert (found.instrument, found.name, found.sha256) == ("HMI", "hmi.fits", "cd")
    assert (found.view, found.quality) == (View(EARTH, TIME), Quality.BEACON)
    assert not found.is_generated


def test_a_product_read_from_a_file_keeps_its_name_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "far.fits"
    product().write(path)
    found = read_generated(path)
    assert found.name == "far.fits"
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.generator == MODEL
    np.testing.assert_array_equal(found.image, product().image)


def test_an_hmi_file_is_read_and_registered(simulated: SimulatedSet) -> None:
    path = simulated.references[-1]
    found = read_observed(path)
    assert (found.instrument, found.grid, found.name) == ("HMI", MAP_GRID, path.name)


def test_a_product_or_a_map_given_as_observed_is_told_where_it_belongs(tmp_path: Path) -> None:
    product().write(tmp_path / "far.fits")
    synchronic_fits.write(synchronic_map(), tmp_path / "sun.fits")
    for name, role in (("far.fits", "generated"), ("sun.fits", "base")):
        with pytest.raises(UnsupportedImageError, match=rf"^{name}: .*given as `{role}`"):
            read_observed(tmp_path / name)


def test_what_is_no_magnetogram_as_it_was_taken_is_refused() -> None:
    with pytest.raises(UnexpectedImageError, match=r"got HMI 193 .*, expected a magnetogram"):
        observed_disk(disk("193"))
    turned = reproject_disk(disk(), Observer(60.0, 0.0, 1.5e11), TIME)
    with pytest.raises(UnexpectedImageError, match=r"rotated, expected a magnetogram"):
        observed_disk(turned)


@pytest.mark.parametrize("plane", ["image", "sigma"])
def test_a_product_with_gaps_is_refused_by_name(plane: str) -> None:
    damaged = noise(2)
    damaged[128, 100:110] = np.nan
    made = (
        replace(product(), image=damaged) if plane == "image" else replace(product(), sigma=damaged)
    )
    with pytest.raises(DamagedImageError, match=r"STEREO_A .*\(far\.fits\): got 10 of"):
        generated_disk(made, "far.fits")


def test_a_truncated_product_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "far.fits"
    data = product().to_bytes()
    path.write_bytes(data[: len(data) // 2 + 1])
    with pytest.raises(NotFitsError, match=r"far\.fits: truncated"):
        read_generated(path)
