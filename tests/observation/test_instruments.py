"""Each instrument's own rules: its times, calibration frames, bias, impossible values, cards."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from numpy.typing import NDArray

from farside.errors import (
    DamagedImageError,
    ImplausibleGeometryError,
    InputError,
    MissingMetadataError,
    UnsupportedImageError,
)
from farside.observation.image import KEPT_CARDS, MISSING_LIMIT, read
from farside.quality import Quality
from tests.support.instrument_files import (
    BIAS_DN,
    Camera,
    Card,
    Cards,
    aia_cards,
    euvi_cards,
    file_bytes,
    hmi_cards,
    integers,
)

CAMERA = Camera(128, 50.0, 6.0, (-3.0, 4.0))
RADIUS = CAMERA.sees(np.hypot)
SUN = CAMERA.sees(lambda x, y: np.where(x * x + y * y < 1, 500 + 300 * x, 0.0))
FIELD = CAMERA.sees(lambda x, y: 120.5 * x + 30 * y)


def euvi_of(pixels: NDArray[Any], history: str = "", **changes: Card) -> bytes:
    """EUVI-A with `pixels` as they are."""
    values = np.asarray(pixels, np.float32)
    return file_bytes(euvi_cards(CAMERA) | changes, values, history=history)


def euvi(**changes: Card) -> bytes:
    """EUVI-A level 0: bias in."""
    return file_bytes(euvi_cards(CAMERA, **changes), (SUN + BIAS_DN).astype(np.float32))


def aia(**changes: Card) -> bytes:
    return file_bytes(aia_cards(CAMERA) | changes, SUN.astype(np.int16))


def hmi_of(field: NDArray[Any], **changes: Card) -> bytes:
    return file_bytes(hmi_cards(CAMERA) | changes, np.asarray(field, np.float32))


def hmi(**changes: Card) -> bytes:
    return hmi_of(FIELD, **changes)


def renamed(data: bytes, **names: str) -> bytes:
    """Give cards other keywords."""
    for old, new in names.items():
        key = old.replace("_", "-")
        assert f"{key:<8}=".encode() in data
        data = data.replace(f"{key:<8}=".encode(), f"{new:<8}=".encode())
    return data


def dated(cards: Cards, key: str, date: str) -> bytes:
    return file_bytes(cards | {key: date}, SUN + BIAS_DN)


PLACEHOLDERS = [
    "0000-01-01T00:00:00",
    "0001-01-01T00:00:00",
    "1970-01-01T00:00:00",
    "9999-12-31T23:59:59",
    "10000-01-01T00:00:00",
    "unknown",
]


@pytest.mark.parametrize("date", PLACEHOLDERS)
def test_a_placeholder_date_is_refused_though_another_date_is_there(date: str) -> None:
    with pytest.raises(MissingMetadataError, match=r"no time: .*expected"):
        read(dated(euvi_cards(CAMERA), "DATE-AVG", date))
    with pytest.raises(MissingMetadataError, match=r"no time: .*expected"):
        read(dated(aia_cards(CAMERA), "DATE-OBS", date))
    with pytest.raises(MissingMetadataError, match=r"no time: .*expected"):
        read(hmi(T_OBS=date))


@pytest.mark.parametrize(
    ("data", "launch"),
    [
        (dated(euvi_cards(CAMERA), "DATE-AVG", "2006-10-25T23:00:00"), "2006-10-26"),
        (dated(aia_cards(CAMERA), "DATE-OBS", "2010-02-10T00:00:00"), "2010-02-11"),
        (hmi(T_OBS="2010.02.10_00:00:00_TAI"), "2010-02-11"),
    ],
)
def test_a_date_before_the_launch_is_refused(data: bytes, launch: str) -> None:
    with pytest.raises(MissingMetadataError, match=f"expected one after the launch on {launch}"):
        read(data)


def test_dates_are_read_with_an_underscore_in_their_keywords() -> None:
    given = read(euvi()).origin.time.isot
    assert read(renamed(euvi(), DATE_AVG="DATE_AVG")).origin.time.isot == given
    both = renamed(euvi(), DATE_AVG="UNUSED", DATE_OBS="DATE_OBS")
    assert read(both).origin.time.isot == given
    assert read(renamed(aia(), DATE_OBS="DATE_OBS")).origin.time.isot == "2011-02-15T00:00:01.340"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (euvi(SEB_PROG="LED"), "a calibration frame, SEB_PROG is 'LED', expected 'NORMAL'"),
        (euvi(SEB_PROG="DARK"), "SEB_PROG is 'DARK'"),
        (euvi(LEDCOLOR="BLUE"), "LEDCOLOR is 'BLUE', expected 'NONE'"),
        (euvi(DOORSTAT=0), r"the door was closed, expected it open \(2\)"),
        (euvi(DOORSTAT=1), "the door was in transit"),
        (aia(IMG_TYPE="DARK"), "a calibration frame, IMG_TYPE is 'DARK', expected 'LIGHT'"),
    ],
)
def test_a_calibration_frame_is_refused_by_name(data: bytes, found: str) -> None:
    with pytest.raises(UnsupportedImageError, match=found):
        read(data)


def test_an_exposure_of_the_sun_says_so_and_is_read() -> None:
    assert read(euvi(SEB_PROG="NORMAL", LEDCOLOR="NONE", DOORSTAT=2)).origin.band == "304"
    assert read(aia(IMG_TYPE="LIGHT")).origin.band == "171"


@pytest.mark.parametrize(
    ("pixels", "history", "changes"),
    [
        pytest.param(SUN + BIAS_DN, "Bias Subtracted 700.0", {}, id="HISTORY is wrong"),
        pytest.param(SUN + BIAS_DN, "", {"OFFSETCR": BIAS_DN}, id="OFFSETCR is wrong"),
        pytest.param(4 * (SUN + BIAS_DN), "", {}, id="summed on the ground"),
        pytest.param((SUN + BIAS_DN) / 2, "", {}, id="DIV2CORR is wrong"),
        pytest.param(2 * (SUN + BIAS_DN), "", {}, id="doubled twice"),
        pytest.param((SUN + BIAS_DN) / 16, "euvi_correction", {}, id="BIAS_OFF, DN a second"),
    ],
)
def test_a_sky_that_contradicts_what_the_header_says_of_the_bias_is_refused(
    pixels: NDArray[Any], history: str, changes: Cards
) -> None:
    with pytest.raises(UnsupportedImageError, match=r"sky .* of 700 DN|sky .* bias is 700 DN"):
        read(file_bytes(euvi_cards(CAMERA) | changes, pixels.astype("f4"), history=history))


def test_a_bias_that_secchi_prep_was_told_to_leave_is_subtracted() -> None:
    observation = read(
        euvi_of(SUN + BIAS_DN, history="Applied euvi_correction.pro,v 1.12 2007/09/25")
    )
    np.testing.assert_allclose(observation.pixels, SUN, atol=1e-3)


def test_a_halving_that_only_icer_knows_of_is_undone() -> None:
    programs: Cards = {"IP_00_19": " 41 76 94".ljust(60), "DIV2CORR": False}
    halved = ((SUN + BIAS_DN) / 2).astype(np.float32)
    observation = read(file_bytes(euvi_cards(CAMERA) | programs, halved))
    np.testing.assert_allclose(observation.pixels, SUN, atol=1e-3)
    assert "multiplied by 2, the divisor on board" in observation.origin.notes


@pytest.mark.parametrize("scaling", [{"BSCALE": 0.1}, {"BZERO": 32768.0}])
def test_a_scale_left_over_on_floats_is_refused(scaling: Cards) -> None:
    bare = {key: str(value) for key, value in scaling.items()}
    for cards, pixels in ((euvi_cards, SUN + BIAS_DN), (hmi_cards, FIELD)):
        data = file_bytes(cards(CAMERA), pixels.astype(np.float32), bare={"SCALING": "1"})
        for key, value in bare.items():
            card = f"{key:<8}= {value:>20}".ljust(80).encode()
            start = data.index(b"SCALING =")
            data = data[:start] + card + data[start + 80 :]
        with pytest.raises(UnsupportedImageError, match="left over from integers"):
            read(data)


@pytest.mark.parametrize("fill", [np.nan, 0.0])
def test_missing_blocks_are_zero_or_nan_and_are_filled(fill: float) -> None:
    pixels = SUN + BIAS_DN
    pixels[60:66, 60:66] = fill
    origin = read(euvi_of(pixels, NMISSING=1)).origin
    assert origin.quality == Quality.REPAIRED
    assert any(note.startswith("36 missing pixels") for note in origin.notes)


def test_missing_blocks_are_blank_in_integers() -> None:
    pixels = SUN + BIAS_DN
    pixels[60:66, 60:66] = np.nan
    counts, scaling = integers(pixels)
    data = file_bytes(euvi_cards(CAMERA, NMISSING=1) | scaling, counts)
    assert read(data).origin.quality == Quality.REPAIRED


@pytest.mark.parametrize("fill", [-2.1474837e8, -32768.0, 0.0, 50.0, 1e30, np.inf])
def test_whatever_hmi_has_off_the_disk_is_no_value(fill: float) -> None:
    observation = read(hmi_of(np.where(RADIUS < 1.02, FIELD, fill)))
    assert observation.origin.quality == Quality.GOOD
    assert np.isnan(observation.pixels[RADIUS > 1.02]).all()
    assert np.nanmax(np.abs(observation.pixels)) < 200


def spoilt(value: float, part: float) -> NDArray[Any]:
    field = FIELD.copy()
    places = np.flatnonzero(RADIUS < 0.9)
    field.flat[places[: round(part * np.pi * 50**2)]] = value
    return np.asarray(field)


@pytest.mark.parametrize("value", [1e30, -2.1e8, 10_001.0])
def test_a_field_that_no_sun_has_is_missing_and_counted(value: float) -> None:
    observation = read(hmi_of(spoilt(value, 0.02)))
    assert observation.origin.quality == Quality.REPAIRED
    assert observation.origin.notes[0] == ("157 pixels of the disk beyond 10000 are no measurement")
    assert np.nanmax(np.abs(observation.pixels)) < 200
    with pytest.raises(DamagedImageError, match="of the disk is missing, at most 5%"):
        read(hmi_of(spoilt(value, MISSING_LIMIT + 0.01)))


def test_a_strong_field_is_kept() -> None:
    field = spoilt(-4900.0, 0.02)
    strong = field == -4900.0
    field[strong] += np.arange(strong.sum())
    observation = read(hmi_of(field))
    assert observation.origin.quality == Quality.GOOD
    assert np.nanmin(observation.pixels) == -4900.0


@pytest.mark.parametrize("value", [9999.0, -9999.0, -3276.8, 6553.5])
def test_a_strong_value_that_many_pixels_share_is_missing_and_counted(value: float) -> None:
    observation = read(hmi_of(spoilt(value, 0.02)))
    assert observation.origin.quality == Quality.REPAIRED
    assert observation.origin.notes[0].startswith("157 pixels of the disk with the one strong")
    assert np.nanmax(np.abs(observation.pixels)) < 200
    with pytest.raises(DamagedImageError, match="of the disk is missing, at most 5%"):
        read(hmi_of(spoilt(value, MISSING_LIMIT + 0.01)))


@pytest.mark.parametrize("value", [0.0, 1000.0])
def test_a_field_of_one_value_is_refused(value: float) -> None:
    field = np.where(RADIUS < 1, value, np.nan)
    with pytest.raises(DamagedImageError, match=r"100\.00% of the disk has the value"):
        read(hmi_of(field))


@pytest.mark.parametrize(
    "changes",
    [
        {"CRLN_OBS": 0.0, "CRLT_OBS": 0.0},
        {"CRLN_OBS": 24.698355 + 1.2},
        {"CRLT_OBS": -6.803794 + 1.2},
        {"T_OBS": "2011.02.16_20:35:09_TAI"},
    ],
)
def test_sdo_away_from_the_earth_is_refused(changes: Cards) -> None:
    with pytest.raises(ImplausibleGeometryError, match=r"expected (AIA|HMI) within 1° and"):
        read(file_bytes(hmi_cards(CAMERA) | changes, FIELD))


def test_sdo_at_another_distance_is_refused() -> None:
    far = Camera(128, 50.0, distance_m=CAMERA.distance_m * 1.02)
    data = file_bytes(aia_cards(far), far.sees(lambda x, y: 500.0 * (np.hypot(x, y) < 1)))
    with pytest.raises(ImplausibleGeometryError, match=r"1\.0073 au; expected (AIA|HMI) within"):
        read(data)


def test_stereo_is_anywhere() -> None:
    assert read(euvi()).origin.observer.longitude_deg == pytest.approx(87.06, abs=0.01)


@pytest.mark.parametrize("unit", ["arcsecs", "arcseconds", "Arcsec"])
def test_arcseconds_are_known_by_every_spelling(unit: str) -> None:
    assert read(aia(CUNIT1=unit, CUNIT2=unit)).to_map().scale == read(aia()).to_map().scale


@pytest.mark.parametrize("unit", ["deg", "degree", "degrees"])
def test_degrees_are_known_by_every_spelling(unit: str) -> None:
    scale = CAMERA.scale_arcsec / 3600
    found = read(aia(CUNIT1=unit, CUNIT2=unit, CDELT1=scale, CDELT2=scale)).to_map().scale
    assert found.axis1.value == pytest.approx(read(aia()).to_map().scale.axis1.value)


UNWRITABLE = {
    "T_REC": "'caf\u00e9'",
    "CADENCE": "1E400",
    "OBS_VR": "nan",
    "OBS_VW": "T",
    "CAMERA": "1E999",
    "TELESCOP": "'SDO/HMI\u00ff'",
    "CAR_ROT": "9" * 60,
}


@pytest.mark.parametrize("key", sorted(UNWRITABLE))
def test_a_card_that_cannot_be_written_is_not_kept(key: str) -> None:
    assert key in KEPT_CARDS
    data = file_bytes(hmi_cards(CAMERA), FIELD.astype(np.float32), bare={"UNWRIT": "0"})
    start = data.index(b"UNWRIT  =")
    card = f"{key:<8}= {UNWRITABLE[key]}".ljust(80).encode("latin-1")
    if key == "TELESCOP":  # the first of equal cards counts
        data = data.replace(b"TELESCOP=", b"ORIGIN  =")
    meta = read(data[:start] + card + data[start + 80 :]).to_map().meta
    header = fits.Header({k: meta[k] for k in map(str.lower, KEPT_CARDS) if k in meta})
    header.tofile(io.BytesIO())
    assert key == "TELESCOP" or key == "T_REC" or key not in header


def test_a_product_given_as_a_measurement_is_called_so() -> None:
    data = aia(INSTRUME="AISFM", AIGEN=True, AIMODEL="demo")
    with pytest.raises(UnsupportedImageError, match=r"a product of Farside.*'demo'.*as generated"):
        read(data, "far.fits")


CASES: dict[str, Quality | type[InputError]] = {
    "aia304_uint32.fits.gz": Quality.GOOD,
    "euvi304_biasoff.fts.gz": Quality.BEACON,
    "euvi304_dark.fts.gz": UnsupportedImageError,
    "euvi304_date_underscore.fts.gz": Quality.BEACON,
    "euvi304_date_year1.fts.gz": MissingMetadataError,
    "euvi304_icer_implicit.fts.gz": Quality.BEACON,
    "euvi304_leap_second.fts.gz": Quality.BEACON,
    "euvi304_led.fts.gz": UnsupportedImageError,
    "euvi304_nanblock.fts.gz": Quality.BEACON | Quality.REPAIRED,
    "euvi304_sum.fts.gz": UnsupportedImageError,
    "hmi_crln0.fits.gz": ImplausibleGeometryError,
    "hmi_quality_0x10000.fits.gz": Quality.SUBOPTIMAL,
    "hmi_ssw_blank_float.fits.gz": Quality.GOOD,
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_files_that_were_read_wrongly_once_are_read_or_refused_rightly(
    shared_data: Path, name: str
) -> None:
    path = shared_data / "cases" / name
    if not path.is_file():
        pytest.skip(f"no {path}")
    expected = CASES[name]
    if isinstance(expected, Quality):
        assert read(path).origin.quality == expected
    else:
        with pytest.raises(expected):
            read(path)
