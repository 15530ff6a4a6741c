"""Maps that others made: each lies where its own convention puts it, and bad ones are refused."""

import gzip
import io
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import sunpy.map
from astropy.io import fits
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sunpy.coordinates import sun

from farside.basemap import read_base
from farside.carrington import CarringtonGrid
from farside.errors import (
    DamagedImageError,
    FileTooLargeError,
    ImplausibleGeometryError,
    InputError,
    MissingMetadataError,
    NotFitsError,
    UnsupportedImageError,
)
from farside.solarwind import native
from farside.synchronicmap import BaseMap
from tests.synchronic_maps import synchronic_map

GONG = "gong_mrbqs220302t0614c2254_009.fits"
ADAPT = "adapt40411_02e012_201708132000_i00020000n0.fts"

GONG_CARDS = {
    "TELESCOP": "NSO-GONG",
    "DATE": "2018-11-06T00:04:00",
    "CAR_ROT": 2210,
    "CTYPE1": "CRLN-CEA",
    "CTYPE2": "CRLT-CEA",
    "CRPIX1": 180.5,
    "CRPIX2": 90.5,
    "CRVAL1": 346,
    "CRVAL2": 0.0,
    "CDELT1": 1.0,
    "CDELT2": 0.0111111,
    "LONG0": 166,
    "BUNIT": "Gauss",
}
"""Of a real hourly map."""

DAILY_CARDS = {
    "TELESCOP": "SDO/HMI",
    "CONTENT": "Update Synoptic MAP (Mr)",
    "BUNIT": "Mx/cm^2",
    "T_OBS": "2018.11.06_11:56:08_TAI",
    "CRLN_OBS": 219.890274,
    "CTYPE1": "CRLN-CEA",
    "CTYPE2": "CRLT-CEA",
    "CRPIX1": 360.4,
    "CRPIX2": 180.5,
    "CRVAL1": 795260.299997,
    "CRVAL2": 0.0,
    "CDELT1": -0.5,
    "CDELT2": 0.005556,
    "CUNIT1": "degree",
    "CUNIT2": "sin(deg)",
}
"""Of a real daily frame of HMI."""

SYNOPTIC_CARDS = {
    **{key: value for key, value in DAILY_CARDS.items() if key != "CRLN_OBS"},
    "CONTENT": "Carrington Synoptic Chart Of Br Field",
    "CRVAL1": 795420.0,
    "CUNIT2": "Sine Latitude",
    "CAR_ROT": 2210,
    "T_OBS": "2018.11.09_12:30:52_TAI",
    "T_STOP": "2018.11.23_04:13:10_TAI",
}
"""Of a real chart of rotation 2210 of HMI."""


def spot(shape: tuple[int, ...], column: int, row: int) -> NDArray[np.float32]:
    field = np.zeros(shape, np.float32)
    field[..., row, column] = 100.0
    return field


def file_of(field: NDArray[np.float32], cards: dict[str, object], **update: object) -> bytes:
    hdu = fits.PrimaryHDU(field)
    for key, value in {**cards, **update}.items():
        hdu.header[key] = value
    file = io.BytesIO()
    hdu.writeto(file)
    return file.getvalue()


def place_of_spot(base: BaseMap) -> tuple[float, float]:
    """Longitude and sine latitude of the middle of the flux."""
    weight = base.field_gauss
    turn = np.exp(1j * np.radians(base.grid.longitude_deg))
    longitude = float(np.degrees(np.angle((weight * turn).sum())) % 360)
    sine = np.sin(np.radians(base.grid.latitude_deg))[:, None]
    return longitude, float((weight * sine).sum() / weight.sum())


def test_a_daily_frame_of_hmi_begins_60_degrees_east_of_its_meridian() -> None:
    """The column 90° into it is 30° west of the meridian, whatever the sign of CRVAL1."""
    base = read_base(file_of(spot((360, 720), 180, 270), DAILY_CARDS))
    longitude, sine = place_of_spot(base)
    assert longitude == pytest.approx(219.890274 + 30, abs=0.2)
    assert sine == pytest.approx((270.5 - 180) / 180, abs=0.003)
    assert base.time.isot == "2018-11-06T11:55:31.000"  # 37 s behind TAI
    assert base.instrument == "SDO HMI"


def test_a_daily_frame_is_of_today_on_the_disk_and_older_the_further_it_has_turned() -> None:
    base = read_base(file_of(spot((360, 720), 180, 270), DAILY_CARDS))
    west = (base.grid.longitude_deg - 219.89 + 60) % 360 - 60
    np.testing.assert_allclose(base.age_days[0, np.abs(west) < 59.5], 0)
    np.testing.assert_allclose(base.age_days[5, west > 60.5], west[west > 60.5] / 13.199, rtol=1e-3)


def test_a_chart_of_a_rotation_lies_by_its_axis_and_ages_with_longitude() -> None:
    base = read_base(file_of(spot((360, 720), 100, 90), SYNOPTIC_CARDS))
    assert place_of_spot(base)[0] == pytest.approx(0.3 + 50, abs=0.01)
    assert base.time.isot == "2018-11-23T04:12:33.000"
    turned = (base.grid.longitude_deg - sun.L0(base.time).to_value(u.deg)) % 360
    np.testing.assert_allclose(base.age_days[7], turned / 13.199, rtol=1e-3)


def test_a_chart_agrees_with_sunpy_on_its_corners() -> None:
    data = file_of(spot((360, 720), 100, 90), SYNOPTIC_CARDS)
    with fits.open(io.BytesIO(data)) as hdus:
        header = hdus[0].header
        header["T_REC"] = header["T_OBS"]
        opened = sunpy.map.Map(hdus[0].data, header)
    assert isinstance(opened, sunpy.map.sources.HMISynopticMap)
    with pytest.warns(match="Missing metadata for observer"):
        found = opened.pixel_to_world(100 * u.pix, 90 * u.pix)
    longitude, sine = place_of_spot(read_base(data))
    assert longitude == pytest.approx(found.lon.to_value(u.deg) % 360, abs=0.01)
    assert sine == pytest.approx(np.sin(found.lat.to_value(u.rad)), abs=1e-3)


def test_an_hourly_map_of_gong_begins_at_its_left_edge() -> None:
    base = read_base(file_of(spot((180, 360), 70, 120), GONG_CARDS))
    assert place_of_spot(base) == pytest.approx((166 + 70.5, (120.5 - 90) / 90))
    assert base.grid == CarringtonGrid()
    assert base.age_days[0, 300] == pytest.approx((300.5 - 226) / 13.199, rel=1e-3)
    assert base.age_days[0, 200] == 0


def test_a_gong_map_of_a_rotation_is_as_old_as_each_longitude_crossed_the_meridian() -> None:
    """c2048_000 of 2006-10-04 in the middle of rotation 2048, which 2049 ends."""
    cards = GONG_CARDS | {"LONG0": 0, "CRVAL1": 180, "CAR_ROT": 2048, "DATE": "2006-10-04T21:31:00"}
    base = read_base(file_of(spot((180, 360), 70, 120), cards))
    ended = sun.carrington_rotation_time(2049)
    assert abs((base.time - ended).to_value("s")) < 1
    assert place_of_spot(base)[0] == pytest.approx(70.5)
    np.testing.assert_allclose(base.age_days[0], base.grid.longitude_deg / 13.199, rtol=1e-3)


@pytest.mark.parametrize(("name", "instrument"), [(GONG, "NSO-GONG"), (ADAPT, "ADAPT")])
def test_real_maps_lie_where_sunpy_puts_them(shared_data: Path, name: str, instrument: str) -> None:
    path = shared_data / "real" / name
    base = read_base(path)
    with fits.open(path) as hdus:
        planes = hdus[0].data if hdus[0].data.ndim == 3 else hdus[0].data[None]
        field, header = planes.astype(float).mean(axis=0), hdus[0].header
    opened = sunpy.map.Map(field, header)
    if instrument == "ADAPT":  # its header has no observer, which places on the Sun do not need
        opened.meta.update({"hgln_obs": 0.0, "hglt_obs": 0.0, "dsun_obs": 1.5e11})
    assert (base.instrument, base.name) == (instrument, name)
    assert abs((base.time - opened.date).to_value("s")) < 1
    for row, column in ((0, 0), (179, 359), (70, 50), (120, 300)):
        there = opened.pixel_to_world(column * u.pix, row * u.pix)
        longitude = there.lon.to_value(u.deg) % 360
        latitude = there.lat.to_value(u.deg)
        here = int(longitude), int(np.argmin(np.abs(base.grid.latitude_deg - latitude)))
        assert base.field_gauss[here[1], here[0]] == pytest.approx(field[row, column], abs=1e-4)
        assert base.grid.longitude_deg[here[0]] == pytest.approx(longitude, abs=1e-6)
        assert base.grid.latitude_deg[here[1]] == pytest.approx(latitude, abs=0.02)


def test_sigma_of_the_real_adapt_map_is_its_stddev(shared_data: Path) -> None:
    path = shared_data / "real" / ADAPT
    np.testing.assert_array_equal(read_base(path).sigma_gauss, fits.getdata(path, "STDDEV"))


def test_gzip_and_plain_are_one_map_with_two_hashes() -> None:
    data = file_of(spot((180, 360), 70, 120), GONG_CARDS)
    plain, packed = read_base(data, "a.fits"), read_base(gzip.compress(data), "a.fits.gz")
    np.testing.assert_array_equal(plain.field_gauss, packed.field_gauss)
    assert plain.sha256 != packed.sha256


def test_our_own_map_comes_back_with_its_age_sigma_and_quality() -> None:
    made = synchronic_map()
    base = read_base(native.to_bytes(made), "own.fits")
    assert (base.instrument, base.quality, base.grid) == ("FARSIDE", made.quality, made.grid)
    np.testing.assert_array_equal(base.field_gauss, made.field_gauss.astype(np.float32))
    np.testing.assert_array_equal(base.age_days, made.age_days)
    np.testing.assert_array_equal(base.sigma_gauss, made.sigma_gauss.astype(np.float32))


@pytest.mark.parametrize(("cards", "shape"), [(GONG_CARDS, (180, 360)), (DAILY_CARDS, (360, 720))])
def test_a_missing_pixel_stays_missing_alone(
    cards: dict[str, object], shape: tuple[int, int]
) -> None:
    field = spot(shape, 10, 20)
    field[50, 60] = np.nan
    missing = np.isnan(read_base(file_of(field, cards)).field_gauss)
    assert 1 <= missing.sum() <= 2
    assert missing[50].any()


def test_missing_pixels_of_adapt_are_not_9999_gauss(shared_data: Path) -> None:
    with fits.open(shared_data / "real" / ADAPT) as hdus:
        hdus[0].data[:, 10, 20] = -9999
        file = io.BytesIO()
        hdus.writeto(file)
    base = read_base(file.getvalue())
    assert np.argwhere(np.isnan(base.field_gauss)).tolist() == [[10, 20]]
    assert np.nanmin(base.field_gauss) > -1000


def test_a_map_full_of_nan_is_refused_by_name() -> None:
    field = np.zeros((180, 360), np.float32)
    field[:, :36] = np.nan
    with pytest.raises(DamagedImageError, match=r"gaps\.fits: 10\.0% of the sphere is missing"):
        read_base(file_of(field, GONG_CARDS), "gaps.fits")


@pytest.mark.parametrize(
    ("error", "message", "update"),
    [
        (UnsupportedImageError, "TELESCOP 'KPVT'", {"TELESCOP": "KPVT"}),
        (UnsupportedImageError, "BUNIT is 'DN'", {"BUNIT": "DN"}),
        (UnsupportedImageError, "CTYPE2 is 'CRLT-CAR'", {"CTYPE2": "CRLT-CAR"}),
        (MissingMetadataError, "DATE is 'yesterday'", {"DATE": "yesterday"}),
        (MissingMetadataError, "LONG0 is 'left'", {"LONG0": "left"}),
        (ImplausibleGeometryError, "LONG0 wants 200.00", {"LONG0": 200}),
        (ImplausibleGeometryError, "CDELT2 is -0.01", {"CDELT2": -0.0111111}),
        (ImplausibleGeometryError, "CDELT1 is 0.5", {"CDELT1": 0.5}),
        (ImplausibleGeometryError, "CRVAL2 is 1", {"CRVAL2": 1.0}),
    ],
)
def test_what_is_not_certain_is_refused(
    error: type[InputError], message: str, update: dict[str, object]
) -> None:
    with pytest.raises(error, match=f"odd.fits: .*{message}"):
        read_base(file_of(spot((180, 360), 1, 1), GONG_CARDS, **update), "odd.fits")


def test_a_chart_of_the_line_of_sight_field_is_refused() -> None:
    with pytest.raises(UnsupportedImageError, match=r"radial field \(Mr, Br\) is wanted"):
        read_base(
            file_of(spot((360, 720), 1, 1), DAILY_CARDS, CONTENT="Carrington Synoptic Chart Of Bl")
        )


def test_a_daily_frame_whose_axis_and_observer_disagree_is_refused() -> None:
    with pytest.raises(ImplausibleGeometryError, match=r"CRLN_OBS - 60 wants 40\.00"):
        read_base(file_of(spot((360, 720), 1, 1), DAILY_CARDS, CRLN_OBS=100.0))


ADAPT_CARDS = {"MODEL": "ADAPT", "MAPTIME": "2017-08-13T20:00:00", "LATTYPE": 0, "CRLNGEDG": 0.0}


def test_realisations_are_averaged_and_turned_from_any_edge() -> None:
    stack = np.stack([spot((90, 180), 10, 20), 3 * spot((90, 180), 10, 20)])
    base = read_base(file_of(stack, ADAPT_CARDS, CRLNGEDG=40.0))
    assert base.field_gauss[20, 30] == 200.0
    assert base.grid == CarringtonGrid(180, 90, "uniform")
    assert base.sigma_gauss is None
    # The central meridian of that moment, and 90° west of it.
    assert base.age_days[0, 17] == 0
    assert base.age_days[0, 17 + 45] == pytest.approx(90 / 13.199, abs=0.2)


@pytest.mark.parametrize(
    ("field", "update"),
    [
        (np.zeros((90, 180), np.float32), {}),
        (np.zeros((65, 64, 64), np.float32), {}),
        (np.zeros((2, 90, 180), np.float32), {"LATTYPE": 1}),
    ],
)
def test_an_adapt_map_of_another_shape_is_refused(
    field: NDArray[np.float32], update: dict[str, object]
) -> None:
    with pytest.raises(UnsupportedImageError):
        read_base(file_of(field, ADAPT_CARDS, **update))


def test_sizes_are_bounded_before_anything_is_unpacked() -> None:
    data = gzip.compress(bytes(2**24))
    with pytest.raises(FileTooLargeError):
        read_base(data, max_bytes=2**20)
    huge = file_of(spot((180, 360), 1, 1), GONG_CARDS).replace(
        b"NAXIS1  =                  360", b"NAXIS1  =            999999999"
    )
    with pytest.raises(NotFitsError, match="truncated"):
        read_base(huge)


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99])
def test_truncated_files_are_refused(part: float) -> None:
    for data in (file_of(spot((180, 360), 1, 1), GONG_CARDS), native.to_bytes(synchronic_map())):
        for whole in (data, gzip.compress(data)):
            with pytest.raises(InputError, match=r"cut\.fits"):
                read_base(whole[: int(part * len(whole))], "cut.fits")


@pytest.mark.filterwarnings("ignore:.*dubious year")
@settings(max_examples=150)
@given(st.integers(0, 2879), st.binary(min_size=1, max_size=12), st.sampled_from(["gong", "adapt"]))
def test_any_damage_to_a_header_is_an_input_error_or_harmless(
    start: int, noise: bytes, kind: str
) -> None:
    if kind == "gong":
        data = bytearray(file_of(spot((180, 360), 1, 1), GONG_CARDS))
    else:
        data = bytearray(file_of(np.zeros((2, 90, 180), np.float32), ADAPT_CARDS))
    data[start : start + len(noise)] = noise
    try:
        base = read_base(bytes(data))
    except InputError:
        return
    assert base.field_gauss.shape == base.grid.shape
    assert base.time > Time("1600-01-01")
