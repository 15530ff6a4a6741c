"""The files of a followed region: read back by astropy and sunpy."""

from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import sunpy.map
from astropy.io import fits
from astropy.table import QTable, Table
from astropy.time import Time
from sunpy.coordinates import HeliographicCarrington

import farside
from farside.quality import Quality
from farside.tracking.files import flux_curve, write_curve, write_cutouts
from farside.tracking.inputs import Skipped
from farside.tracking.track import Track, TrackedRegion, track_region
from tests.support.bipoles import APART_DEG, LATITUDE, LONGITUDE, MODEL, TIME, disk, pole_flux_mx

REGION = TrackedRegion("NOAA 1", LONGITUDE, LATITUDE, TIME)


@pytest.fixture(scope="module")
def track() -> Track:
    later = TIME + 2 * u.day
    far = disk(30, later, "far.fits", "STEREO_A", MODEL, Quality.BEACON)
    return track_region(
        REGION, [far, disk(-20, name="hmi.fits"), Skipped("bad.fits", "80° from µ")]
    )


def test_each_point_says_what_it_is_from(track: Track) -> None:
    table = flux_curve(track)
    assert list(table["source"]) == ["observed", "generated"]
    assert list(table["instrument"]) == ["HMI", "STEREO_A"]
    assert list(table["model"]) == ["", "pix2pixcc 1"]
    assert list(table["file"]) == ["hmi.fits", "far.fits"]
    assert list(table["quality"]) == [0, 2]
    assert np.allclose(table["meridian_deg"], [-20, 30], atol=0.1)
    assert np.allclose(table["unsigned_flux_mx"], 2 * pole_flux_mx(), rtol=0.01)


def test_ecsv_keeps_units_settings_and_what_was_skipped(track: Track, tmp_path: Path) -> None:
    path = tmp_path / "ar.ecsv"
    write_curve(track, path)
    table = QTable.read(path)
    assert table["unsigned_flux_mx"].unit == u.Mx
    assert table["area_cm2"].to("Mm2").value == pytest.approx(
        [each.cut.area_cm2 / 1e16 for each in track.points]
    )
    assert table.meta["rotation"] == "carrington"
    assert table.meta["skipped"] == ["bad.fits: 80° from µ"]
    assert list(Time(list(table["time"]))) == [TIME, TIME + 2 * u.day]


@pytest.mark.parametrize("name", ["ar.csv", "ar.ecsv", "ar.fits"])
def test_the_public_reader_gives_the_flux_curve_back(
    name: str, track: Track, tmp_path: Path
) -> None:
    write_file = write_cutouts if name.endswith(".fits") else write_curve
    write_file(track, tmp_path / name)
    table = farside.read_product(tmp_path / name)
    assert isinstance(table, Table)
    np.testing.assert_allclose(table["net_flux_mx"], flux_curve(track)["net_flux_mx"])


def test_csv_has_a_header_and_a_line_for_each_point(track: Track, tmp_path: Path) -> None:
    path = tmp_path / "ar.csv"
    write_curve(track, path)
    assert len(path.read_text().splitlines()) == 3
    assert Table.read(path)["net_flux_mx"].shape == (2,)


def test_another_suffix_is_refused_with_those_that_are_written(
    track: Track, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"\.csv or \.ecsv, got '\.txt'"):
        write_curve(track, tmp_path / "ar.txt")


def test_sunpy_finds_the_poles_where_they_are(track: Track, tmp_path: Path) -> None:
    path = tmp_path / "ar.fits"
    write_cutouts(track, path)
    with fits.open(path) as hdus:
        image = sunpy.map.Map(hdus["CUTOUT", 2].data, hdus["CUTOUT", 2].header)
    assert image.date == TIME + 2 * u.day
    assert image.unit == u.Gauss
    assert isinstance(image.coordinate_frame, HeliographicCarrington)
    row, column = np.unravel_index(np.argmax(image.data), image.data.shape)
    place = image.pixel_to_world(column * u.pix, row * u.pix)
    assert place.lon.to_value("deg") == pytest.approx(LONGITUDE + APART_DEG / 2, abs=0.5)
    assert place.lat.to_value("deg") == pytest.approx(LATITUDE, abs=0.5)


def test_each_cut_out_stands_alone_and_nothing_was_altered(track: Track, tmp_path: Path) -> None:
    path = tmp_path / "ar.fits"
    write_cutouts(track, path)
    with fits.open(path, checksum=True) as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "CUTOUT", "CUTOUT", "FLUXCURVE"]
        assert all(hdu.verify_checksum() == 1 for hdu in hdus)
        assert "bad.fits: 80 deg from ?" in str(hdus[0].header["HISTORY"])
        observed, generated = hdus[1].header, hdus[2].header
        assert (observed["AIGEN"], generated["AIGEN"]) == (False, True)
        assert generated["AIMODEL"] == "pix2pixcc 1"
        assert list(hdus["FLUXCURVE"].data["file"]) == ["hmi.fits", "far.fits"]


def test_a_name_of_any_length_and_script_is_written(tmp_path: Path) -> None:
    name = "ångström " * 10 + ".fits"
    write_cutouts(track_region(REGION, [disk(0, name=name)]), tmp_path / "ar.fits")
    assert (tmp_path / "ar.fits").exists()
