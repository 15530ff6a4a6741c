"""Maps that others made: each lies where its own convention puts it, and bad ones are refused."""

import gzip
import io
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import replace
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

from farside.errors import (
    DamagedImageError,
    DegenerateFieldError,
    FileTooLargeError,
    ImplausibleGeometryError,
    InputError,
    MissingMetadataError,
    NotFitsError,
    UnsupportedImageError,
)
from farside.sun.carrington_grid import CarringtonGrid
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.base import read_base
from farside.synchronic.map import BaseMap
from tests.support.synchronic_maps import synchronic_map

GONG = "gong_mrbqs220302t0614c2254_009.fits"
ADAPT = "adapt40411_02e012_201708132000_i00020000n0.fts"

GONG_CARDS = {
    "TELESCOP": "NSO-GONG",
    "DATE": "2018-11-06T00:04:00",
    "DATE-OBS": "2018-11-06",
    "TIME-OBS": "00:04",
    "MAPDATE": "2018-11-06",
    "MAPTIME": "00:04",
    "CRNOW": 2210.3718379,
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


TIME_CARDS = ("DATE", "DATE-OBS", "TIME-OBS", "MAPDATE", "MAPTIME", "CRNOW")


def spot(shape: tuple[int, ...], column: int, row: int) -> NDArray[np.float32]:
    """A dipole of 4.5 G at the poles, and 100 G more in one cell."""
    field = np.broadcast_to(np.linspace(-4.5, 4.5, shape[-2])[:, None], shape).astype(np.float32)
    field[..., row, column] += 100.0
    return field


def file_of(field: NDArray[np.float32], cards: Mapping[str, object], **update: object) -> bytes:
    """The file of a map; a card that is updated to None is left out."""
    hdu = fits.PrimaryHDU(field)
    for key, value in {**cards, **update}.items():
        if value is not None:
            hdu.header[key] = value
    file = io.BytesIO()
    hdu.writeto(file)
    return file.getvalue()


def place_of_spot(base: BaseMap) -> tuple[float, float]:
    """Longitude and sine latitude of the middle of the spot, above its dipole."""
    weight = base.field_gauss - np.linspace(-4.5, 4.5, base.grid.rows)[:, None]
    weight[np.abs(weight) < 1e-3] = 0
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
    central = sun.L0(base.time).to_value(u.deg)
    assert base.age_days[0, 300] == pytest.approx((300.5 - central) / 13.199, rel=1e-3)
    assert base.age_days[0, 200] == 0


def test_a_gong_map_of_a_rotation_is_as_old_as_each_longitude_crossed_the_meridian() -> None:
    """c2048_000 of 2006-10-04 in the middle of rotation 2048, which 2049 ends."""
    cards = GONG_CARDS | {"LONG0": 0, "CRVAL1": 180, "CAR_ROT": 2048}
    dates: dict[str, object] = dict.fromkeys(TIME_CARDS) | {"DATE": "2006-10-04T21:31:00"}
    base = read_base(file_of(spot((180, 360), 70, 120), cards, **dates))
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


def test_each_real_gong_map_has_the_time_of_its_name_and_both_polarities(
    shared_data: Path,
) -> None:
    """26 rotations, of which one begins at longitude 257 and one at 2."""
    for path in sorted((shared_data / "realsun/wind/gong").glob("*.fits")):
        base, header = read_base(path), fits.getheader(path)
        assert base.time.isot[:16] == header["DATE"][:16], path.name
        first = float(fits.getdata(path)[90, 0])
        assert base.field_gauss[90, header["LONG0"]] == pytest.approx(first, abs=1e-4), path.name


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
    base = read_base(synchronic_fits.to_bytes(made), "own.fits")
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
    field = spot((180, 360), 70, 120)
    field[:, :36] = np.nan
    with pytest.raises(DamagedImageError, match=r"gaps\.fits: 10\.0% of the sphere is missing"):
        read_base(file_of(field, GONG_CARDS), "gaps.fits")


@pytest.mark.parametrize(
    ("error", "message", "update"),
    [
        (UnsupportedImageError, "TELESCOP 'KPVT'", {"TELESCOP": "KPVT"}),
        (UnsupportedImageError, "BUNIT is 'DN'", {"BUNIT": "DN"}),
        (UnsupportedImageError, "BUNIT is 5", {"BUNIT": 5}),
        (MissingMetadataError, "BUNIT is missing", {"BUNIT": None}),
        (UnsupportedImageError, "CTYPE2 is 'CRLT-CAR'", {"CTYPE2": "CRLT-CAR"}),
        (MissingMetadataError, "LONG0 is 'left'", {"LONG0": "left"}),
        (ImplausibleGeometryError, r"expected 200\.00° by LONG0", {"LONG0": 200}),
        (ImplausibleGeometryError, "CDELT2 is -0.01", {"CDELT2": -0.0111111}),
        (ImplausibleGeometryError, "CDELT2 is 0.02", {"CDELT2": 0.02}),
        (ImplausibleGeometryError, "CDELT1 is 0.5", {"CDELT1": 0.5}),
        (ImplausibleGeometryError, "by CRVAL2 1 ", {"CRVAL2": 1.0}),
        (ImplausibleGeometryError, "CRPIX2 91.5, expected -1", {"CRPIX2": 91.5}),
        (ImplausibleGeometryError, "the axis begins at 1e", {"CRVAL1": 1e300, "LONG0": None}),
    ],
)
def test_what_is_not_certain_is_refused(
    error: type[InputError], message: str, update: dict[str, object]
) -> None:
    with pytest.raises(error, match=f"odd.fits: .*{message}"):
        read_base(file_of(spot((180, 360), 1, 1), GONG_CARDS, **update), "odd.fits")


def test_a_chart_of_the_line_of_sight_field_is_refused() -> None:
    with pytest.raises(UnsupportedImageError, match=r"expected the radial field \(Mr, Br\)"):
        read_base(
            file_of(spot((360, 720), 1, 1), DAILY_CARDS, CONTENT="Carrington Synoptic Chart Of Bl")
        )


def test_a_scale_left_over_on_floats_is_refused() -> None:
    data = file_of(spot((180, 360), 70, 120), GONG_CARDS, BSCALE=0.1)
    with pytest.raises(UnsupportedImageError, match=r"floating-point pixels with BSCALE 0\.1"):
        read_base(data)


def test_a_daily_frame_whose_axis_and_observer_disagree_is_refused() -> None:
    with pytest.raises(ImplausibleGeometryError, match=r"expected 40\.00° by CRLN_OBS - 60"):
        read_base(file_of(spot((360, 720), 1, 1), DAILY_CARDS, CRLN_OBS=100.0))


ROLLED_TO_0 = {"LONG0": 0, "CRVAL1": 180}
PLACEHOLDER = {"DATE": "0001-01-01T00:00:00"}


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"DATE": "2018-11-09T10:00:00"},  # a copy made later
        {"DATE": "2024-01-01T00:00:00", "CRNOW": None, "MAPDATE": None, "MAPTIME": None},
        {"DATE": None},
        {"DATE": None, "DATE-OBS": None, "TIME-OBS": None, "CRNOW": None},
        {"DATE-OBS": "2018-11-06T00:04:00.000", "TIME-OBS": None},  # saved by sunpy
        {"DATE-OBS": "2024-01-01T00:00:00", "TIME-OBS": None},
        dict.fromkeys(TIME_CARDS) | {"DATE": "2018-11-06T00:04:00", "DATE-OBS": "2018-11-06"},
        {"LONG0": None},
        {"CAR_ROT": None},
        PLACEHOLDER,
        ROLLED_TO_0,
        ROLLED_TO_0 | {"DATE": "2018-11-09T10:00:00"},
        ROLLED_TO_0 | {"DATE": "2018-11-09T10:00:00", "DATE-OBS": None},
    ],
)
def test_a_gong_map_has_the_time_that_its_cards_agree_on_whatever_date_says(
    update: dict[str, object],
) -> None:
    base = read_base(file_of(spot((180, 360), 70, 120), GONG_CARDS, **update))
    assert abs((base.time - Time("2018-11-06T00:04:00")).to_value("minute")) < 1
    central = sun.L0(base.time).to_value(u.deg)
    west = (base.grid.longitude_deg - central + 60) % 360 - 60
    np.testing.assert_allclose(base.age_days[0], np.maximum(west, 0) / 13.199, rtol=1e-3)


def test_the_carrington_number_alone_dates_a_gong_map_to_two_hours() -> None:
    update: dict[str, object] = dict.fromkeys(TIME_CARDS) | {"CRNOW": 2210.3718379}
    base = read_base(file_of(spot((180, 360), 70, 120), GONG_CARDS, **update))
    assert abs((base.time - Time("2018-11-06T00:04:00")).to_value("hour")) < 2


@pytest.mark.parametrize(
    ("error", "update"),
    [
        (MissingMetadataError, dict.fromkeys(TIME_CARDS)),
        (MissingMetadataError, dict.fromkeys(TIME_CARDS) | PLACEHOLDER),
        (MissingMetadataError, dict.fromkeys(TIME_CARDS) | {"CRNOW": 1e300}),
        (ImplausibleGeometryError, dict.fromkeys(TIME_CARDS) | {"DATE": "2018-11-09T10:00:00"}),
        # A rotation later: the same longitudes, in another rotation than CAR_ROT.
        (ImplausibleGeometryError, dict.fromkeys(TIME_CARDS) | {"DATE": "2018-12-03T07:00:00"}),
        (ImplausibleGeometryError, ROLLED_TO_0 | {"CRNOW": None}),
    ],
)
def test_a_gong_map_whose_time_is_not_certain_is_refused(
    error: type[InputError], update: dict[str, object]
) -> None:
    with pytest.raises(error, match="expected"):
        read_base(file_of(spot((180, 360), 1, 1), GONG_CARDS, **update))


@pytest.mark.parametrize(
    ("cards", "shape", "update"),
    [
        (DAILY_CARDS, (360, 720), {"T_OBS": "2018.11.08_11:56:08_TAI"}),
        (DAILY_CARDS, (360, 720), {"T_OBS": "2019.11.06_11:56:08_TAI"}),
        (SYNOPTIC_CARDS, (360, 720), {"T_STOP": "2018.11.09_12:30:52_TAI"}),
        (
            {"MODEL": "ADAPT", "LATTYPE": 0, "CRLNGEDG": 0.0, "MAPCR": 2193.90290820342},
            (180, 360),
            {"MAPTIME": "2017-08-16T20:00:00"},
        ),
    ],
)
def test_a_time_that_the_axis_contradicts_is_refused(
    cards: dict[str, object], shape: tuple[int, int], update: dict[str, object]
) -> None:
    with pytest.raises(ImplausibleGeometryError, match="in Carrington rotation"):
        read_base(file_of(spot(shape, 1, 1), cards, **update))


@pytest.mark.parametrize(("cards", "shape"), [(GONG_CARDS, (180, 360)), (DAILY_CARDS, (360, 720))])
def test_sine_latitude_and_degrees_as_fits_has_them_are_one_map(
    cards: dict[str, object], shape: tuple[int, int]
) -> None:
    field = spot(shape, 70, 120)
    degrees = {"CDELT2": np.degrees(2 / shape[0]), "CUNIT1": "deg", "CUNIT2": "deg"}
    from_the_south = {**degrees, "CRPIX2": 0.5, "CRVAL2": -np.degrees(1.0)}
    expected = read_base(file_of(field, cards)).field_gauss
    for update in (degrees, from_the_south):
        found = read_base(file_of(field, cards, **update)).field_gauss
        np.testing.assert_array_equal(found, expected)


def counts(shape: tuple[int, int]) -> NDArray[np.float32]:
    return np.random.default_rng(7).integers(0, 20, shape).astype(np.float32)


@pytest.mark.parametrize(
    ("error", "message", "change"),
    [
        (UnsupportedImageError, r"net flux is \+100% .* counts", lambda f: counts(f.shape)),
        (UnsupportedImageError, "net flux is -100%", lambda f: -np.abs(f)),
        (UnsupportedImageError, "whole numbers from -1 to 1", np.sign),
        (UnsupportedImageError, "whole numbers", lambda f: counts(f.shape) - 10),
        (UnsupportedImageError, "mean unsigned field is 0.0002", lambda f: f * 1e-4),
        (UnsupportedImageError, "mean unsigned field is 2", lambda f: np.clip(f, -4, 4) * 1e3),
        (DegenerateFieldError, "every cell is 0", np.zeros_like),
        (DegenerateFieldError, "every cell is 19", lambda f: np.full_like(f, 19)),
        (DamagedImageError, "100.0% of the sphere", lambda f: f * np.float32(1e30)),
        (DamagedImageError, "100.0% of the sphere", lambda f: f * np.float32(np.inf)),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in multiply")
def test_what_is_no_radial_field_in_gauss_is_refused(
    error: type[InputError],
    message: str,
    change: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> None:
    with pytest.raises(error, match=rf"odd\.fits: .*{message}"):
        read_base(file_of(change(spot((180, 360), 70, 120)), GONG_CARDS), "odd.fits")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -32768.0, -2.147e8])
def test_one_impossible_cell_is_missing_and_changes_no_other(value: float) -> None:
    field = spot((180, 360), 70, 120)
    expected = read_base(file_of(field, GONG_CARDS)).field_gauss
    field[50, 60] = value
    found = read_base(file_of(field, GONG_CARDS)).field_gauss
    assert np.argwhere(np.isnan(found)).tolist() == [[50, 60 + 166]]
    np.testing.assert_array_equal(found[120], expected[120])


def test_files_that_belong_to_another_input_are_told_so() -> None:
    product = {"CONTENT": "GENERATED MAGNETOGRAM", "CTYPE1": "HPLN-TAN"}
    with pytest.raises(UnsupportedImageError, match="to be given as `generated`"):
        read_base(file_of(spot((64, 64), 1, 1), product))
    disk = {"TELESCOP": "SDO/HMI", "CONTENT": "MAGNETOGRAM", "CTYPE1": "HPLN-TAN"}
    with pytest.raises(UnsupportedImageError, match="to be given as `observed`"):
        read_base(file_of(spot((64, 64), 1, 1), disk))


@pytest.mark.parametrize("quality", [-1, 1 << 40, 0.5, "bad"])
def test_quality_bits_that_do_not_exist_are_refused(quality: object) -> None:
    with pytest.raises(MissingMetadataError, match="QUALITY"):
        read_base(file_of(spot((180, 360), 1, 1), GONG_CARDS, ORIGIN="Farside 1", QUALITY=quality))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"field_gauss": 1e30}, "of PRIMARY are out"),
        ({"sigma_gauss": -1.0}, "of SIGMA are out"),
        ({"sigma_gauss": 1e30}, "of SIGMA are out"),
        ({"age_days": 1e30}, "of AGE are out"),
    ],
)
def test_a_map_of_ours_with_values_that_no_map_has_is_refused(
    change: dict[str, float], message: str
) -> None:
    made = synchronic_map()
    planes = {key: getattr(made, key).copy() for key in change}
    for key, value in change.items():
        planes[key][0] = value
    with pytest.raises(DamagedImageError, match=message):
        read_base(synchronic_fits.to_bytes(replace(made, **planes)))


ADAPT_CARDS = {"MODEL": "ADAPT", "MAPTIME": "2017-08-13T20:00:00", "LATTYPE": 0, "CRLNGEDG": 0.0}


def test_realisations_are_averaged_and_turned_from_any_edge() -> None:
    stack = np.stack([spot((90, 180), 10, 20), 3 * spot((90, 180), 10, 20)])
    base = read_base(file_of(stack, ADAPT_CARDS, CRLNGEDG=40.0))
    assert base.field_gauss[20, 30] == pytest.approx(200.0, abs=10)
    assert base.grid == CarringtonGrid(180, 90, "uniform")
    assert base.sigma_gauss is None
    # The central meridian of that moment, and 90° west of it.
    assert base.age_days[0, 17] == 0
    assert base.age_days[0, 17 + 45] == pytest.approx(90 / 13.199, abs=0.2)


@pytest.mark.parametrize(
    ("field", "update"),
    [
        (np.zeros((65, 64, 64), np.float32), {}),
        (np.zeros((2, 90, 180), np.float32), {"LATTYPE": 1}),
        (spot((2, 90, 180), 1, 1), {"BUNIT": "nT"}),
    ],
)
def test_an_adapt_map_of_another_shape_is_refused(
    field: NDArray[np.float32], update: dict[str, object]
) -> None:
    with pytest.raises(UnsupportedImageError):
        read_base(file_of(field, ADAPT_CARDS, **update))


@pytest.mark.parametrize("coding", ["RICE_1", "GZIP_1", "GZIP_2"])
def test_a_packed_cube_of_adapt_is_the_plain_one(coding: str) -> None:
    stack = np.random.default_rng(3).normal(0, 10, (2, 90, 180)).astype(np.float32)
    packed = fits.CompImageHDU(
        stack, fits.Header(ADAPT_CARDS), compression_type=coding, tile_shape=(1, 1, 180)
    )
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(file)
    plain, unpacked = (read_base(data) for data in (file_of(stack, ADAPT_CARDS), file.getvalue()))
    # Quantised to a sixteenth of the noise, by cfitsio's default.
    np.testing.assert_allclose(unpacked.field_gauss, plain.field_gauss, atol=10 / 16)
    assert (unpacked.time, unpacked.instrument) == (plain.time, "ADAPT")


def test_one_realisation_cut_out_of_a_stack_is_read_alone() -> None:
    base = read_base(file_of(spot((90, 180), 10, 20), ADAPT_CARDS, CRLNGEDG=40.0))
    assert place_of_spot(base)[0] == pytest.approx(61.0, abs=0.01)
    assert base.sigma_gauss is None


def test_64_large_realisations_take_little_more_memory_than_their_file() -> None:
    """Plane by plane: not as 64 planes of double precision."""
    stack = np.zeros((64, 200, 400), np.float32)
    stack[:] = spot((200, 400), 10, 20)
    data = file_of(stack, ADAPT_CARDS)
    tracemalloc.start()
    try:
        read_base(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.6 * len(data)


def test_a_map_of_more_cells_than_any_is_refused() -> None:
    with pytest.raises(FileTooLargeError, match="expected at most 8000000"):
        read_base(file_of(np.zeros((2828, 2830), np.float32), GONG_CARDS))


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
    for data in (
        file_of(spot((180, 360), 1, 1), GONG_CARDS),
        synchronic_fits.to_bytes(synchronic_map()),
    ):
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
        data = bytearray(file_of(spot((2, 90, 180), 1, 1), ADAPT_CARDS))
    data[start : start + len(noise)] = noise
    try:
        base = read_base(bytes(data))
    except InputError:
        return
    assert base.field_gauss.shape == base.grid.shape
    assert Time("1970-01-01") < base.time < Time("2100-01-01")
