"""Full-disk magnetograms of GONG: a real file of 2009, and the header of one of 2025."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from sunpy.data.test import get_test_filepath

from farside.errors import InputError, UnsupportedImageError
from farside.observation.image import Observation, read
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.observer import earth
from farside.synchronic.disk import read_observed
from farside.synchronic.magnetographs import MAGNETOGRAPHS
from farside.synchronic.project import project_disk

CENTRE, RADIUS_PX = (421.5472, 441.6184), (385.1659 + 385.3471) / 2
"""Centre of the limb, counted from 0, and its radius in the header of 2025."""


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "realsun" / "magnetograms"


@pytest.fixture(scope="module")
def real(folder: Path) -> Observation:
    return read(folder / "gong_bbbqa090905t1854.fits.gz")


def header() -> fits.Header:
    return fits.Header.fromtextfile(get_test_filepath("gong_magnetogram.header"))


def file(cards: fits.Header | None = None) -> bytes:
    """Noise on the disk, and the value of the sky beyond it, mixed over two pixels."""
    y, x = np.indices((860, 860))
    radius = np.hypot(x - CENTRE[0], y - CENTRE[1])
    field = np.random.default_rng(0).normal(0, 20, radius.shape)
    sky = np.clip((radius - RADIUS_PX + 2) / 2, 0, 1)
    pixels = (1 - sky) * field - 2000 * sky
    cards = cards or header()
    for key in ("BSCALE", "BZERO"):
        del cards[key]
    return as_bytes(fits.PrimaryHDU(pixels.astype(np.float32), cards))


def as_bytes(made: fits.PrimaryHDU) -> bytes:
    file = BytesIO()
    made.writeto(file)
    return file.getvalue()


def test_the_disk_of_a_real_file_is_that_of_its_limb_without_the_sky(real: Observation) -> None:
    assert real.origin.instrument == "GONG"
    np.testing.assert_allclose(real.pointing.sun_centre_px, (417.8848, 427.6346))
    radius_px = real.pointing.disk_radius_px(real.origin.observer.distance_m)
    assert radius_px == pytest.approx((371.5439 + 371.8845) / 2)
    on_disk = real.pixels[np.isfinite(real.pixels)]
    assert on_disk.size == pytest.approx(np.pi * radius_px**2, rel=1e-3)
    assert np.abs(on_disk).max() < 300
    assert not real.origin.notes


def test_the_time_of_a_file_is_on_the_scale_of_gps(real: Observation) -> None:
    assert real.origin.time.isot == "2009-09-05T18:54:01.000"
    assert read(file()).origin.time.isot == "2025-01-09T01:34:58.008"


def test_the_observer_is_the_earth(real: Observation) -> None:
    for each in (real, read(file())):
        here = earth(each.origin.time)
        assert each.origin.observer.longitude_deg == 0
        assert each.origin.observer.latitude_deg == pytest.approx(here.latitude_deg, abs=0.05)
        assert each.origin.observer.distance_m == pytest.approx(here.distance_m, rel=1e-4)


def test_a_disk_enters_a_map_at_the_scale_of_hmi(folder: Path, real: Observation) -> None:
    disk = read_observed(folder / "gong_bbbqa090905t1854.fits.gz")
    part = project_disk(disk, CarringtonGrid(180, 90), disk.view.time)
    assert (part.mu > 0).mean() == pytest.approx(0.45, abs=0.03)
    ratio = disk.image[disk.grid.on_disk()].std() / np.nanstd(real.pixels)
    assert ratio == pytest.approx(MAGNETOGRAPHS["GONG"].to_hmi, rel=0.25)


def test_a_value_of_the_sky_on_the_disk_is_missing() -> None:
    with fits.open(BytesIO(file())) as hdus:
        hdus[0].data[400:420, 400:420] = -2000
        found = read(as_bytes(hdus[0]))
    assert "400 missing pixels of the disk filled" in found.origin.notes[0]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("P_ANGLE", 3.0, "solar north is \\+3.00° from up"),
        ("P_ANGLE", None, "solar north is"),
        ("VALID", False, "VALID is False"),
        ("FNDLMBMI", 300.0, "expected a circle"),
        ("FNDLMBXC", "x", "FNDLMBXC is 'x', expected a number"),
        ("DISTANCE", None, "DISTANCE is None"),
        ("DISTANCE", 0.5, "of the Earth"),
        ("B0", 5.0, "expected GONG within"),
        ("TIME-OBS", "noon", "no time"),
        ("BUNIT", "TESLA", "expected 'Gauss'"),
    ],
)
def test_a_header_that_is_not_certain_is_refused(key: str, value: object, message: str) -> None:
    cards = header()
    if value is None:
        del cards[key]
        cards["ROTATOR"] = 0.5  # without P_ANGLE the camera's rotation must have been undone
    else:
        cards[key] = value
    with pytest.raises(InputError, match=message):
        read(file(cards))


def test_an_old_header_says_by_its_history_that_north_is_up() -> None:
    cards = header()
    del cards["P_ANGLE"]
    assert read(file(cards)).pointing.roll_deg == 0


def test_a_copy_of_another_archive_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(UnsupportedImageError, match="expected GONG's own file"):
        read(folder / "gong_maglc_fd_20140731_095845.fts.gz")
