"""The file in GONG's layout: its name, its arithmetic, and that readers take it for what it is."""

import gzip
import re
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import sunpy.map
from astropy.io import fits
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from farside.errors import FormatError
from farside.solarwind import gong
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.carrington_rotation import central_longitude_deg, rotation_number
from farside.synchronic.base import read_base
from tests.solarwind.recognition import recognised
from tests.support.synchronic_maps import NOW, region, synchronic_map

REAL = "gong_mrbqs220302t0614c2254_009.fits"


def header_of(path: Path) -> fits.Header:
    return fits.getheader(path)


def test_the_name_of_a_file_tells_its_minute_rotation_and_left_edge(tmp_path: Path) -> None:
    path = gong.pack(synchronic_map()).write_to(tmp_path)
    assert path.name == "mrzqs181106t0004c2210_166.fits.gz"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_the_header_prints_what_the_real_map_of_the_same_hour_prints(tmp_path: Path) -> None:
    """CRNOW but to 0.2°: GONG's is not that of the minute it names."""
    header = header_of(gong.pack(synchronic_map()).write_to(tmp_path))
    real = {
        "DATE": "2018-11-06T00:04:00",
        "DATE-OBS": "2018-11-06",
        "TIME-OBS": "00:04",
        "TELESCOP": "NSO-GONG",
        "CAR_ROT": 2210,
        "CARROT": 2210,
        "WCSNAME": "Carrington Cylin-equal-area",
        "CTYPE1": "CRLN-CEA",
        "CTYPE2": "CRLT-CEA",
        "CRPIX1": 180.5,
        "CRPIX2": 90.5,
        "CRVAL1": 346,
        "CRVAL2": 0.0,
        "CDELT1": 1.0,
        "CDELT2": 0.0111111,
        "CRVAL1A": 2210.038889,
        "CDELT1A": -0.00277777777778,
        "LONG0": 166,
        "MAPL0": 226,
        "MAPEDGE": 166,
        "CREDGE": 2210.538889,
        "CR60": 2210.3722222,
        "CRCENTER": 2210.0388889,
        "MAPNAME": "2210_166",
        "MAPDATE": "2018-11-06",
        "MAPTIME": "00:04",
        "BUNIT": "Gauss",
    }
    assert {key: header[key] for key in real} == real
    assert header["CRNOW"] == pytest.approx(2210.3718379, abs=0.3 / 360)
    assert "CUNIT1" not in header
    assert "CUNIT2" not in header


@settings(max_examples=12)
@given(st.floats(0, 366))
def test_header_name_and_columns_agree_at_any_time_of_a_year(
    tmp_path_factory: pytest.TempPathFactory, days: float
) -> None:
    time = Time("2022-01-01T00:00:00", scale="utc") + days * u.day
    path = gong.pack(synchronic_map(time=time)).write_to(tmp_path_factory.mktemp("gong"))
    named = re.fullmatch(r"mrzqs(\d{6}t\d{4})c(\d{4})_(\d{3})\.fits\.gz", path.name)
    assert named is not None
    header, field = header_of(path), fits.getdata(path)
    assert named[1] == time.utc.strftime("%y%m%dt%H%M")
    assert int(named[2]) == header["CAR_ROT"] == header["CARROT"]
    assert int(named[3]) == header["LONG0"] == header["MAPEDGE"]
    assert header["CRVAL1"] == (header["LONG0"] + 180) % 360
    assert header["CREDGE"] == pytest.approx(
        header["CAR_ROT"] + (360 - header["LONG0"]) / 360, abs=1e-6
    )
    assert header["CRNOW"] == pytest.approx(header["CR60"], abs=0.5 / 360 + 1e-6)
    brightest = int(np.unravel_index(field.argmax(), field.shape)[1])
    assert (header["LONG0"] + brightest) % 360 == pytest.approx(40, abs=1)


def test_sunpy_opens_it_with_the_date_and_corners_of_its_columns(tmp_path: Path) -> None:
    opened = sunpy.map.Map(gong.pack(synchronic_map()).write_to(tmp_path))
    assert isinstance(opened, sunpy.map.sources.GONGSynopticMap)
    assert opened.date.isot == "2018-11-06T00:04:00.000"
    left = opened.pixel_to_world(0 * u.pix, 89.5 * u.pix)
    assert left.lon.to_value(u.deg) % 360 == pytest.approx(166.5)
    assert left.lat.to_value(u.deg) == pytest.approx(0, abs=1e-9)
    for row, sine in ((0, -1 + 1 / 180), (179, 1 - 1 / 180)):
        corner = opened.pixel_to_world(359 * u.pix, row * u.pix)
        assert corner.lon.to_value(u.deg) % 360 == pytest.approx(165.5)
        assert np.sin(corner.lat.to_value(u.rad)) == pytest.approx(sine, abs=2e-6)


def test_a_region_lies_where_sunpy_finds_it(tmp_path: Path) -> None:
    made = synchronic_map(field_gauss=region(CarringtonGrid(), 100.5, -30.0) - 1)
    opened = sunpy.map.Map(gong.pack(made).write_to(tmp_path))
    row, column = np.unravel_index(opened.data.argmax(), opened.data.shape)
    found = opened.pixel_to_world(column * u.pix, row * u.pix)
    assert found.lon.to_value(u.deg) % 360 == pytest.approx(100.5)
    assert found.lat.to_value(u.deg) == pytest.approx(-30, abs=0.7)


def test_readers_take_it_for_what_they_take_the_real_file_for(
    tmp_path: Path, shared_data: Path
) -> None:
    real = header_of(shared_data / "real" / REAL)
    ours = header_of(gong.pack(synchronic_map()).write_to(tmp_path))
    assert recognised(ours) == recognised(real)
    assert recognised(ours)["swmf_takes_for_gong"]


def test_cards_are_those_of_the_real_file_but_for_its_camera_and_pipeline(
    tmp_path: Path, shared_data: Path
) -> None:
    real = header_of(shared_data / "real" / REAL)
    ours = header_of(gong.pack(synchronic_map()).write_to(tmp_path))
    left_out = {"OBS-SITE", "OBS-URL", "WAVELNTH", "LONGMC", "LONGIMC", "MMREL"}
    left_out |= {"PLATFORM", "FITSWASH"}
    assert set(real) - set(ours) - {""} == left_out
    for key in set(real) & set(ours) - {"COMMENT", "SIMPLE", "EXTEND"}:
        number = isinstance(real[key], int | float)
        assert isinstance(ours[key], int | float) == number, key


def test_statistics_in_the_header_are_those_that_gong_would_print(shared_data: Path) -> None:
    """Theirs are of the map before its last step: alike to 2 % where the mean does not count."""
    field, real = fits.getdata(shared_data / "real" / REAL, header=True)
    ours = {key: value for key, value, _ in gong.statistics(field)}
    for key in ("IMGRMS01", "IMGSKW01", "IMGADV01", "IMGVAR01", "IMGKUR01"):
        assert ours[key] == pytest.approx(real[key], rel=0.02), key
    assert (ours["IMGMIN01"], ours["IMGMAX01"]) == pytest.approx(
        (real["IMGMIN01"], real["IMGMAX01"]), abs=1e-5
    )


def test_it_says_what_it_is_and_by_what_the_field_was_multiplied(tmp_path: Path) -> None:
    plain = gong.pack(synchronic_map()).write_to(tmp_path / "1")
    scaled = gong.pack(synchronic_map(), flux_scale=0.65).write_to(tmp_path / "2")
    header = header_of(scaled)
    assert header["FLUXSCAL"] == 0.65
    assert header["AIGEN"] is True
    assert header["AITRAIN"] == "SIMULATED"
    assert "Not a product of NSO" in str(header["COMMENT"])
    assert "aa" * 32 in str(header["HISTORY"])
    np.testing.assert_allclose(fits.getdata(scaled), 0.65 * fits.getdata(plain), rtol=1e-6)


@pytest.mark.parametrize("grid", [CarringtonGrid(720, 360), CarringtonGrid(180, 90, "uniform")])
def test_flux_is_that_of_a_map_on_any_grid(tmp_path: Path, grid: CarringtonGrid) -> None:
    made = synchronic_map(grid)
    field = fits.getdata(gong.pack(made).write_to(tmp_path)).astype(float)
    assert field.mean() == pytest.approx(float((made.field_gauss * grid.area).sum()), abs=1e-6)


def test_equal_maps_give_equal_files_with_checksums(tmp_path: Path) -> None:
    one, two = (gong.pack(synchronic_map()).write_to(tmp_path / name) for name in "ab")
    assert one.read_bytes() == two.read_bytes()
    with fits.open(gzip.open(one), checksum=True) as hdus:  # a mismatch would warn
        assert hdus[0].verify_checksum() == 1


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_flux_scale_that_is_not_positive_is_refused(tmp_path: Path, scale: float) -> None:
    with pytest.raises(FormatError, match="flux scale"):
        gong.pack(synchronic_map(), flux_scale=scale).write_to(tmp_path)


def test_a_map_with_a_missing_pixel_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    field = synchronic_map().field_gauss.copy()
    field[3, 4] = np.nan
    with pytest.raises(FormatError, match="1 pixels of the map's field"):
        gong.pack(synchronic_map(field_gauss=field)).write_to(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_it_comes_back_as_a_base_map_that_is_not_gongs(tmp_path: Path) -> None:
    made = synchronic_map()
    base = read_base(gong.pack(made).write_to(tmp_path))
    np.testing.assert_allclose(base.field_gauss, made.field_gauss, atol=1e-4)
    assert base.instrument == "FARSIDE"
    assert base.quality == made.quality
    assert abs((base.time - NOW).to_value("s")) < 60


def test_pfss_takes_it(tmp_path: Path) -> None:
    from sunkit_magex import pfss

    opened = sunpy.map.Map(gong.pack(synchronic_map()).write_to(tmp_path))
    given = pfss.Input(opened.resample((36, 18) * u.pix), 10, 2.5)
    assert np.isfinite(given.br).all()


EDGES = {
    # CRNOW: CAR_ROT, LONG0, MAPL0, CRVAL1, CREDGE, CR60, CRCENTER, LONGADJ, MAPNAME
    2210.3718379: (
        (2210, 166, 226, 346),
        "2210.538889 2210.3722222 2210.0388889 0.138",
        "2210_166",
    ),
    2254.8076804: ((2254, 9, 69, 189), "2254.975000 2254.8083333 2254.4750000 0.235", "2254_009"),
    2275.9731315: (
        (2276, 310, 10, 130),
        "2276.138889 2275.9722222 2275.6388889 -0.327",
        "2276_310",
    ),
}
"""Of three real GONG maps, as their headers print them."""


@pytest.mark.parametrize("now", EDGES)
def test_the_edge_of_real_gong_maps_comes_out_to_their_printed_digits(now: float) -> None:
    edge = gong.LeftEdge(now)
    whole, printed, name = EDGES[now]
    assert (edge.rotation_number, edge.longitude_deg, edge.central_deg, edge.centre_deg) == whole
    times = f"{edge.carrington:.6f} {edge.central:.7f} {edge.centre:.7f} {edge.adjustment_deg:.3f}"
    assert times == printed
    assert edge.name == name


def test_an_edge_at_longitude_0_belongs_to_the_rotation_that_has_just_ended() -> None:
    edge = gong.LeftEdge(2049 - 1 / 6)
    assert edge.longitude_deg == 0
    assert edge.carrington == 2049
    assert edge.name == "2048_000"


@given(st.floats(0, 366))
def test_all_numbers_of_an_edge_agree_at_any_time_of_a_year(days: float) -> None:
    time = Time("2022-01-01T00:00:00", scale="utc") + days * u.day
    edge = gong.LeftEdge(rotation_number(time))
    assert edge.carrington == pytest.approx(
        edge.rotation_number + (360 - edge.longitude_deg) / 360, abs=1e-9
    )
    assert edge.central == pytest.approx(edge.carrington - 1 / 6, abs=1e-9)
    assert edge.centre == pytest.approx(edge.carrington - 1 / 2, abs=1e-9)
    assert abs(edge.central - edge.now) <= 0.5 / 360 + 1e-9
    assert edge.longitude_deg == (edge.central_deg - 60) % 360
    assert edge.adjustment_deg == pytest.approx(360 * (edge.central - edge.now), abs=1e-6)
    assert abs(edge.adjustment_deg) <= 0.5 + 1e-6
    meridian = central_longitude_deg(time)
    assert abs(wrap_deg(meridian - edge.central_deg)) <= 0.5 + 1e-6
    assert edge.name == f"{edge.rotation_number}_{edge.longitude_deg:03d}"


@given(st.integers(2200 * 360, 2202 * 360), st.floats(-0.49, 0.49))
def test_the_count_of_rotations_rises_by_one_as_longitude_begins_again(
    turned: int, part: float
) -> None:
    here, next_ = gong.LeftEdge((turned + part) / 360), gong.LeftEdge((turned + 1 + part) / 360)
    assert next_.longitude_deg == (here.longitude_deg - 1) % 360
    assert next_.rotation_number - here.rotation_number == (next_.longitude_deg == 359)
