"""The story in native pixels: an HMI file in, the same pixels out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sunpy.map
from astropy.io import fits

from farside.disk.native_pixels import NativeGrid, in_native_pixels
from farside.errors import (
    DamagedImageError,
    ImplausibleGeometryError,
    RecipeError,
    UnexpectedImageError,
)
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.recipe import Recipe
from farside.observation.image import read
from farside.pipeline import generate
from farside.plots.magnetogram import _upright
from farside.quality import Quality
from farside.synchronic.disk import generated_disk, read_observed
from tests.support.instrument_files import Camera
from tests.support.native_model import CAMERA, NATIVE, TILING, hmi_file, spots
from tests.support.small_model import Echo


@pytest.fixture(scope="module")
def made() -> Magnetogram:
    return generate([hmi_file()], [], "demo", Echo(NATIVE))


def test_the_product_lies_on_the_pixels_of_the_file(made: Magnetogram) -> None:
    assert isinstance(made.grid, NativeGrid)
    measured = read(hmi_file()).pixels
    on_disk = made.grid.on_disk()
    assert 0.9 < np.count_nonzero(on_disk) / (np.pi * 100**2) < 1
    np.testing.assert_allclose(made.image[on_disk], measured[on_disk], rtol=1e-6, atol=1e-4)
    assert np.isnan(made.image[~on_disk]).all()


def test_its_header_is_that_of_an_hmi_magnetogram_and_says_what_made_it(
    made: Magnetogram, tmp_path: Path
) -> None:
    path = tmp_path / "restored.fits"
    made.write(path)
    header = fits.getheader(path)
    assert (header["INSTRUME"], header["CONTENT"]) == ("HMI_COMBINED", "MAGNETOGRAM")
    assert header["T_REC"] == "2011.02.14_20:34:30_TAI"
    assert header["T_OBS"] == "2011.02.14_20:35:09.000_TAI"
    assert (header["CADENCE"], header["CAR_ROT"], header["OBS_VR"]) == (45.0, 2106, -12.5)
    assert (header["AIGEN"], header["AIMODEL"]) == (True, "demo")


def test_its_pixels_look_where_those_of_the_file_do(made: Magnetogram, tmp_path: Path) -> None:
    path = tmp_path / "restored.fits"
    made.write(path)
    seen, given = sunpy.map.Map(path), read(hmi_file()).to_map()
    for pixel in ((10.0, 20.0), (200.0, 130.0)):
        ours, theirs = (each.wcs.pixel_to_world(*pixel) for each in (seen, given))
        assert ours.separation(theirs.transform_to(ours.frame)).arcsec < 0.01 * CAMERA.scale_arcsec


def test_what_is_written_is_read_back(made: Magnetogram) -> None:
    assert Magnetogram.read(made.to_bytes()) == made


def test_a_product_is_read_as_a_magnetogram_that_was_restored(made: Magnetogram) -> None:
    again = read(made.to_bytes())
    assert (again.origin.instrument, again.origin.band) == ("HMI", "LOS")
    assert Quality.RESTORED in again.origin.quality
    assert "restored by a network, not as it was measured" in again.origin.notes
    disk = read_observed(made.to_bytes())
    x, y = (np.arange(1024) - 511.5)[None, :] / 450, (np.arange(1024) - 511.5)[:, None] / 450
    inside = np.hypot(x, y) < 0.9
    assert np.abs(disk.image - spots(x, y))[inside].max() < 10  # of 800


def test_a_map_takes_it_as_measured_only(made: Magnetogram) -> None:
    with pytest.raises(UnexpectedImageError, match="in the pixels of its instrument"):
        generated_disk(made)


def test_a_picture_of_it_has_north_up(made: Magnetogram) -> None:
    upright = _upright(made)
    y, x = np.unravel_index(np.nanargmax(upright), upright.shape)
    assert x > 128 + 20
    assert y > 128 + 15
    y, x = np.unravel_index(np.nanargmax(made.image), made.image.shape)
    assert x < 128
    assert y < 128


def test_pixels_of_another_size_are_refused() -> None:
    with pytest.raises(ImplausibleGeometryError, match=r"got pixels of .* arcsec, expected"):
        generate([hmi_file(Camera(radius_px=110.0))], [], "demo", Echo(NATIVE))


def test_an_image_smaller_than_a_tile_is_refused() -> None:
    camera = Camera(size_px=256, radius_px=100.0)
    tiling = TILING.model_copy(update={"tile_px": 300})
    recipe = NATIVE.model_copy(update={"grid": tiling})
    with pytest.raises(ImplausibleGeometryError, match="a square of at least 300"):
        generate([hmi_file(camera)], [], "demo", Echo(recipe))


def test_what_needs_a_registered_disk_says_so() -> None:
    with pytest.raises(RecipeError, match="demo works in native pixels"):
        _ = NATIVE.disk


def test_two_channels_do_not_share_native_pixels() -> None:
    twice = NATIVE.model_dump() | {"channels": [c.model_dump() for c in NATIVE.channels] * 2}
    twice["channels"][1] |= {"role": "reference"}
    with pytest.raises(ValueError, match="got 2, expected 1"):
        Recipe.model_validate(twice)


def test_a_hole_in_the_disk_that_reading_did_not_fill_is_refused() -> None:
    observation = read(hmi_file())
    observation.pixels[128, 128] = np.nan
    with pytest.raises(DamagedImageError, match="got 1 pixels on the disk"):
        in_native_pixels(observation, TILING)
