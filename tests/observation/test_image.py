"""Reading: every trap of real files, and files made to do harm."""

from __future__ import annotations

import hashlib
import importlib.resources
import io
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import DTypeLike, NDArray

from farside.errors import (
    BadQualityError,
    DamagedImageError,
    FileTooLargeError,
    ImplausibleGeometryError,
    InputError,
    MissingMetadataError,
    NotFitsError,
    PartialDiskError,
    UnsupportedImageError,
)
from farside.io.wcs import pointing_of
from farside.observation.image import MISSING_LIMIT, SATURATED_LIMIT, Observation, read
from farside.quality import Quality
from farside.sun.observer import SOLAR_RADIUS_M, earth
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
    packed,
)

CAMERA = Camera(128, 50.0, 6.0, (-3.0, 4.0))
AU_M = 1.496e11


def sun(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """Counts above the sky: 500 DN on the disk, brighter in the west."""
    return np.where(x * x + y * y < 1, 500 + 300 * x, 0.0)


def euvi(camera: Camera = CAMERA, **changes: Card) -> bytes:
    """EUVI-A level 0: bias in."""
    pixels = (camera.sees(sun) + BIAS_DN).astype(np.uint16)
    return file_bytes(euvi_cards(camera) | changes, pixels)


def aia(camera: Camera = CAMERA, **changes: Card) -> bytes:
    return file_bytes(aia_cards(camera, **changes), camera.sees(sun).astype(np.int16), rice=True)


def hmi(camera: Camera = CAMERA, **changes: Card) -> bytes:
    field = camera.sees(lambda x, y: np.where(np.hypot(x, y) < 1.02, 120.5 * x, np.nan))
    counts, scaling = integers(field, 0.1)
    return file_bytes(hmi_cards(camera) | scaling | changes, counts, rice=True)


def without(data: bytes, *names: str) -> bytes:
    """Blank out cards."""
    for name in names:
        start = data.index(f"{name:<8}=".encode())
        data = data[:start] + b" " * 80 + data[start + 80 :]
    return data


def on_disk_mean(observation: Observation) -> float:
    return float(np.mean(observation.pixels[CAMERA.sees(lambda x, y: np.hypot(x, y) < 0.9)]))


@pytest.mark.parametrize(
    ("data", "instrument", "band", "time", "unit"),
    [
        (euvi(), "EUVI-A", "304", "2011-02-15T00:14:08.010", "DN"),
        (euvi(OBSRVTRY="STEREO_B"), "EUVI-B", "304", "2011-02-15T00:14:08.010", "DN"),
        (euvi(WAVELNTH=195), "EUVI-A", "195", "2011-02-15T00:14:08.010", "DN"),
        (aia(), "AIA", "171", "2011-02-15T00:00:01.340", "DN"),
        (aia(WAVELNTH=193, INSTRUME="AIA_2"), "AIA", "193", "2011-02-15T00:00:01.340", "DN"),
        (hmi(), "HMI", "LOS", "2011-02-14T20:34:35.000", "G"),
        (hmi(INSTRUME="HMI_FRONT2"), "HMI", "LOS", "2011-02-14T20:34:35.000", "G"),
    ],
)
def test_instrument_band_and_middle_of_the_exposure(
    data: bytes, instrument: str, band: str, time: str, unit: str
) -> None:
    observation = read(data)
    origin = observation.origin
    assert (origin.instrument, origin.band, origin.time.isot) == (instrument, band, time)
    assert origin.time.scale == "utc"
    assert observation.pixels.dtype == np.float32
    assert observation.to_map().unit.to_string() == unit
    assert str(origin) == f"{instrument} {band} {time[:19]}"


def test_euvi_without_date_avg_takes_the_middle_from_the_exposure() -> None:
    time = read(without(euvi(), "DATE-AVG")).origin.time.isot
    assert time == "2011-02-15T00:14:08.010"


def test_aia_without_exposure_takes_t_obs() -> None:
    assert read(without(aia(), "EXPTIME")).origin.time.isot == "2011-02-15T00:00:01.340"


@pytest.mark.parametrize(
    ("data", "cards", "expected"),
    [
        (euvi(), ("DATE-AVG", "EXPTIME"), "DATE-AVG, or DATE-OBS and EXPTIME"),
        (aia(), ("DATE-OBS", "T_OBS"), "DATE-OBS and EXPTIME, or T_OBS"),
        (hmi(), ("T_OBS",), "T_OBS"),
    ],
)
def test_missing_time_is_refused(data: bytes, cards: tuple[str, ...], expected: str) -> None:
    with pytest.raises(MissingMetadataError, match=expected):
        read(without(data, *cards))


def test_a_time_that_is_no_time_is_refused() -> None:
    with pytest.raises(MissingMetadataError, match=r"2011\.02\.31"):
        read(hmi(T_OBS="2011.02.31_20:35:09_TAI"))


def test_origin_holds_name_and_hash_of_the_bytes_as_given(tmp_path: Path) -> None:
    data = packed(euvi())
    path = tmp_path / "20110215_001400_n4euA.fts.gz"
    path.write_bytes(data)
    with path.open("rb") as file:
        sources = [read(path), read(str(path)), read(data, path.name), read(file)]
    for observation in sources:
        assert observation.origin.name == path.name
        assert observation.origin.sha256 == hashlib.sha256(data).hexdigest()


def test_a_stream_without_a_name_is_read() -> None:
    assert read(io.BytesIO(aia())).origin.name == ""


@pytest.mark.parametrize("name", ["../../etc/x.fts", "C:\\temp\\x.fts", "/x\n.fts"])
def test_a_name_loses_folders_and_control_characters(name: str) -> None:
    assert read(euvi(), name).origin.name == "x.fts"


@pytest.mark.parametrize("rice", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_plain_gzip_and_rice_give_the_same_pixels(rice: bool, zipped: bool) -> None:
    pixels = CAMERA.sees(sun).astype(np.int16)
    data = file_bytes(aia_cards(CAMERA), pixels, rice=rice)
    found = read(packed(data) if zipped else data).pixels
    np.testing.assert_array_equal(found, pixels)


def test_hmi_counts_are_scaled_to_gauss_and_off_the_disk_is_nan() -> None:
    found = read(hmi()).pixels
    radius = CAMERA.sees(np.hypot)
    true = CAMERA.sees(lambda x, _: 120.5 * x + np.zeros((128, 128)))
    np.testing.assert_allclose(found[radius < 0.99], true[radius < 0.99], atol=0.0501)
    assert np.isnan(found[radius > 1.02]).all()


@pytest.mark.parametrize(
    "kind",
    [np.uint16, np.int32, np.uint32, np.int64, np.uint64, ">u4", ">i8", np.float32, np.float64],
)
def test_every_number_format_gives_the_same_pixels(kind: DTypeLike) -> None:
    pixels = (CAMERA.sees(sun) + BIAS_DN).astype(np.uint16)
    found = read(file_bytes(euvi_cards(CAMERA), pixels.astype(kind))).pixels
    np.testing.assert_allclose(found, pixels.astype(np.float32) - BIAS_DN, atol=1e-3)


def test_map_has_the_observer_the_time_and_the_one_radius() -> None:
    observation = read(euvi())
    origin, image = observation.origin, observation.to_map()
    assert image.observer_coordinate.lon.deg == pytest.approx(origin.observer.longitude_deg)
    assert image.observer_coordinate.radius.m == pytest.approx(origin.observer.distance_m)
    assert image.reference_date.isot == image.date.isot == origin.time.isot
    assert image.rsun_meters.value == SOLAR_RADIUS_M
    centre = image.wcs.world_to_pixel_values(0, 0)
    np.testing.assert_allclose(centre, CAMERA.centre_px, atol=1e-3)


@pytest.mark.parametrize(
    ("product", "unit"),
    [
        ("CONTINUUM INTENSITY", "DN/s"),
        ("DOPPLERGRAM", "m/s"),
        ("HMI observable", "Gauss"),
        ("", "Gauss"),
    ],
)
def test_other_hmi_products_are_refused(product: str, unit: str) -> None:
    with pytest.raises(UnsupportedImageError, match=r"CONTENT is .*expected 'MAGNETOGRAM'"):
        read(hmi(CONTENT=product, BUNIT=unit))


def test_a_magnetogram_without_its_unit_is_refused() -> None:
    with pytest.raises(MissingMetadataError, match="BUNIT"):
        read(without(hmi(), "BUNIT"))


def test_another_instrument_is_refused_with_what_was_found_and_what_is_read() -> None:
    with pytest.raises(UnsupportedImageError, match=r"'EIT'.*EUVI-A 171.*AIA .*HMI LOS"):
        read(aia(INSTRUME="EIT"))


def test_another_band_is_refused() -> None:
    with pytest.raises(
        UnsupportedImageError, match="EUVI-A 175, expected one of 171, 195, 284, 304"
    ):
        read(euvi(WAVELNTH=175))


def test_an_euvi_image_of_an_unnamed_spacecraft_is_refused() -> None:
    with pytest.raises(MissingMetadataError, match="OBSRVTRY"):
        read(without(euvi(), "OBSRVTRY"))


@pytest.mark.parametrize("value", ["nan", "-nan", "NaN", ""])
def test_hmi_with_bare_nan_cards_has_its_carrington_observer(value: str) -> None:
    names = ("HGLN_OBS", "CRDER1", "CRDER2", "CSYSER1", "CSYSER2")
    pixels = (CAMERA.sees(sun) - 500).astype(np.float32)  # both signs
    data = file_bytes(hmi_cards(CAMERA), pixels, bare=dict.fromkeys(names, value))
    observer = read(data).origin.observer
    # SDO is at Earth; 0.1° is the light travel time between the two conventions.
    assert observer.longitude_deg == pytest.approx(0, abs=0.15)
    assert observer.latitude_deg == -6.803794


def test_bare_nan_elsewhere_does_not_matter() -> None:
    pixels = CAMERA.sees(sun).astype(np.int16)
    names = ("OSCNMEAN", "OSCNRMS", "TEMPCCD", "GCIEC_X")
    data = file_bytes(aia_cards(CAMERA), pixels, bare=dict.fromkeys(names, "-nan"))
    assert read(data).origin.instrument == "AIA"


def test_stonyhurst_and_carrington_cards_give_the_same_observer() -> None:
    stonyhurst = read(without(euvi(), "CRLN_OBS")).origin.observer
    carrington = read(without(euvi(), "HGLN_OBS")).origin.observer
    assert carrington.longitude_deg == pytest.approx(stonyhurst.longitude_deg, abs=0.15)
    assert carrington.latitude_deg == stonyhurst.latitude_deg
    assert carrington.distance_m == stonyhurst.distance_m


@pytest.mark.parametrize(
    "cards", [("HGLN_OBS", "CRLN_OBS"), ("HGLT_OBS", "CRLT_OBS"), ("DSUN_OBS",)]
)
@pytest.mark.parametrize("data", [euvi(), aia()])
def test_missing_observer_is_refused_and_never_earth(data: bytes, cards: tuple[str, ...]) -> None:
    with pytest.raises(MissingMetadataError, match="no observer") as caught:
        read(without(data, *cards))
    assert caught.value.files[0] in (
        "EUVI-A 304 2011-02-15T00:14:08",
        "AIA 171 2011-02-15T00:00:01",
    )
    assert caught.value.files[0] in str(caught.value)


def test_longitudes_are_wrapped() -> None:
    observer = read(euvi(HGLN_OBS=87.06 - 360)).origin.observer
    assert observer.longitude_deg == pytest.approx(87.06)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"HGLN_OBS": 90.0}, "apart"),
        ({"HGLT_OBS": 3.0}, "apart"),
        ({"CRLT_OBS": 99.0}, "CRLT_OBS"),
        ({"DSUN_OBS": 0.03 * AU_M}, "DSUN_OBS is 0.03 au, expected 0.28 to 1.1"),
        ({"DSUN_OBS": 1.2 * AU_M}, "DSUN_OBS is 1.2 au"),
        ({"DSUN_OBS": 1.01 * AU_M}, r"RSUN is 97\d\.\d\d arcsec, expected \d+\.\d\d at 1\.01"),
        ({"RSUN": 0.0}, "RSUN is 0.00 arcsec, expected"),
        ({"RSUN": 967.0}, "RSUN is 967.00 arcsec"),
        ({"CDELT1": 20.0}, "expected square ones"),
        ({"CDELT1": -CAMERA.scale_arcsec}, "mirrored"),
        ({"PC1_1": 0.0, "PC2_1": 0.0}, "degenerate"),
    ],
)
def test_implausible_geometry_is_refused(changes: Cards, found: str) -> None:
    pixels = (CAMERA.sees(sun) + BIAS_DN).astype(np.uint16)
    with pytest.raises(ImplausibleGeometryError, match=found):
        read(file_bytes(euvi_cards(CAMERA) | changes, pixels))


@pytest.mark.parametrize("radius_mm", [695.508, 695.7, 696.0])
def test_every_solar_radius_in_use_is_accepted_and_changes_nothing(radius_mm: float) -> None:
    angle = np.degrees(np.arcsin(radius_mm * 1e6 / CAMERA.distance_m)) * 3600
    observation = read(euvi(RSUN=float(angle)))
    assert observation.to_map().meta["rsun_obs"] == read(euvi()).to_map().meta["rsun_obs"]


def test_roll_is_read_from_pc_from_crota2_and_from_crota() -> None:
    pixels = CAMERA.sees(sun).astype(np.float32)
    pc = ("PC1_1", "PC1_2", "PC2_1", "PC2_2")
    sources = [
        without(euvi(), "CROTA"),
        without(euvi(), *pc),
        file_bytes(aia_cards(CAMERA), pixels),
    ]
    for source in sources:
        assert read(source).to_map().rotation_matrix[1, 0] == pytest.approx(np.sin(np.radians(6.0)))


@pytest.mark.parametrize("angle_deg", [1e30, -400.0])
def test_a_roll_beyond_a_turn_is_refused(angle_deg: float) -> None:
    with pytest.raises(ImplausibleGeometryError, match=r"CROTA2 is .*, expected degrees up to 360"):
        read(hmi(CROTA2=angle_deg))


@pytest.mark.parametrize("name", ["CROTA2", "CDELT1", "CRPIX2", "CRVAL1"])
def test_missing_geometry_is_refused(name: str) -> None:
    with pytest.raises(MissingMetadataError):
        read(without(hmi(), name))


def test_missing_cunit_means_arcseconds() -> None:
    plain, bare = read(aia()), read(without(aia(), "CUNIT1", "CUNIT2"))
    assert plain.to_map().scale == bare.to_map().scale


def test_degrees_are_converted() -> None:
    arcsec = read(aia())
    scale = CAMERA.scale_arcsec / 3600
    degrees = read(aia(CUNIT1="deg", CUNIT2="deg", CDELT1=scale, CDELT2=scale))
    assert degrees.to_map().scale.axis1.value == pytest.approx(arcsec.to_map().scale.axis1.value)


def test_other_projections_are_refused() -> None:
    with pytest.raises(UnsupportedImageError, match="CRLN-CEA"):
        read(hmi(CTYPE1="CRLN-CEA", CTYPE2="CRLT-CEA"))


@pytest.mark.parametrize("offset_px", [(15.0, 0.0), (0.0, -15.0), (200.0, 0.0)])
def test_a_disk_that_leaves_the_array_is_refused(offset_px: tuple[float, float]) -> None:
    with pytest.raises(PartialDiskError, match="is not inside 128 by 128 pixels"):
        read(euvi(Camera(128, 50.0, offset_px=offset_px)))


def test_a_disk_that_just_fits_is_read() -> None:
    assert read(euvi(Camera(128, 63.9))).origin.instrument == "EUVI-A"


def test_a_narrow_euvi_frame_is_refused() -> None:
    pixels = np.full((512, 2048), 1000, np.uint16)
    with pytest.raises(UnsupportedImageError, match="2048 by 512"):
        read(file_bytes(euvi_cards(Camera(2048, 200.0)), pixels))


@pytest.mark.parametrize(
    "data", [aia(QUALITY=0x40000000), hmi(QUALITY=0x400), hmi(QUALITY="0x00000400"), hmi(QLOOK=1)]
)
def test_near_real_time_is_accepted_and_recorded(data: bytes) -> None:
    origin = read(data).origin
    assert origin.quality == Quality.NEAR_REAL_TIME
    assert "near-real-time, not definitive data" in origin.notes


@pytest.mark.parametrize("data", [euvi(), aia(), hmi()])
def test_definitive_science_images_carry_no_flag(data: bytes) -> None:
    assert read(data).origin.quality == Quality.GOOD


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (aia(QUALITY=0x40002000), [r"0x2000 \(eclipse\)"]),
        (aia(QUALITY=0x20400), ["over 5 % of the values missing", "stabilisation loop open"]),
        (aia(QUALITY=-(2**31)), [r"0x80000000 \(no image\)"]),
        (hmi(QUALITY=0x500), [r"0x100 \(eclipse\)"]),
        (hmi(QUALITY="0x00000800"), ["limb fit"]),
        (hmi(QUALITY=0x40000000), ["no target filtergram"]),
        (hmi(QUALITY=1), [r"0x1 \(undocumented\)"]),
    ],
)
def test_a_quality_bit_that_forbids_the_use_is_refused_by_name(
    data: bytes, names: list[str]
) -> None:
    with pytest.raises(BadQualityError) as caught:
        read(data)
    for name in names:
        assert caught.match(name)


USABLE = {"AIA": (4, 8, 9), "HMI": (6, 7, 9, 12, 13, 15, 16)}
LATE = {"AIA": 30, "HMI": 10}


@pytest.mark.parametrize("bit", range(32))
@pytest.mark.parametrize(("name", "file"), [("AIA", aia), ("HMI", hmi)])
def test_each_quality_bit_is_accepted_and_flagged_or_refused(
    name: str, file: Callable[..., bytes], bit: int
) -> None:
    data = file(QUALITY=1 << bit)
    if bit == LATE[name]:
        assert read(data).origin.quality == Quality.NEAR_REAL_TIME
    elif bit in USABLE[name]:
        origin = read(data).origin
        assert origin.quality == Quality.SUBOPTIMAL
        assert any(f"QUALITY says {1 << bit:#x} " in note for note in origin.notes)
    else:
        with pytest.raises(BadQualityError, match=f"{1 << bit:#x} "):
            read(data)


@pytest.mark.parametrize("word", ["good", 2**32, -(2**31) - 1])
def test_quality_that_is_no_bit_pattern_is_refused(word: Card) -> None:
    with pytest.raises(MissingMetadataError, match=f"QUALITY is {word!r}"):
        read(aia(QUALITY=word))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (euvi(), "20261120_000530_n7euA.fts"),
        (euvi(FILENAME="20261120_000530_n7euA.fts"), ""),
        (euvi(SPWX=True), ""),
    ],
)
def test_beacon_is_accepted_and_recorded(data: bytes, name: str) -> None:
    origin = read(data, name).origin
    assert origin.quality == Quality.BEACON
    assert any("beacon" in note for note in origin.notes)


@pytest.mark.parametrize("ipsum", [1.0, 2.0, 3.0])
def test_bias_is_subtracted_once_for_each_summed_pixel(ipsum: float) -> None:
    binning = 4 ** (ipsum - 1)
    pixels = (CAMERA.sees(sun) + BIAS_DN * binning).astype(np.float32)
    observation = read(file_bytes(euvi_cards(CAMERA, IPSUM=ipsum), pixels))
    np.testing.assert_allclose(observation.pixels, CAMERA.sees(sun), atol=2e-3)
    assert (observation.origin.quality == Quality.BEACON) == (ipsum > 1)


@pytest.mark.parametrize(
    ("changes", "history"),
    [
        ({"OFFSETCR": BIAS_DN}, ""),
        ({"IP_00_19": " 41 76103 94" + "  0" * 16}, ""),
        ({"IP_00_19": " 37 76  1 94" + "  0" * 16}, ""),
        ({"OFFSETCR": "none"}, "Id: euvi_correction.pro,v 1.8"),
        ({}, "get_biasmean.pro Bias Subtracted 724.5"),
    ],
)
def test_bias_that_is_gone_is_not_subtracted_again(changes: Cards, history: str) -> None:
    pixels = CAMERA.sees(sun).astype(np.float32)
    data = file_bytes(euvi_cards(CAMERA, **changes), pixels, history=history)
    observation = read(data)
    np.testing.assert_array_equal(observation.pixels, pixels)
    assert any("no bias was subtracted" in note for note in observation.origin.notes)


def test_history_of_level_zero_does_not_look_prepared() -> None:
    history = "Id: secchi_reduce.pro,v 1.315 ExpId: euvi_point.pro,v 1.13 2009/01/15"
    pixels = (CAMERA.sees(sun) + BIAS_DN).astype(np.uint16)
    data = file_bytes(euvi_cards(CAMERA), pixels, history=history)
    assert on_disk_mean(read(data)) == pytest.approx(500, abs=2)


@pytest.mark.parametrize(
    ("programs", "div2corr", "divisor"),
    [
        (" 41 76  1 94", True, 1),  # halved on board, doubled on the ground
        (" 41 76  1 94", False, 2),
        (" 41 76  1  1 94", True, 2),
        (" 41  1  7", False, 2),
        (" 41 50  7", False, 4),
        (" 41 76 94", False, 1),
        ("  1  1 94117  3  1  7", False, 2),  # what follows 117 made the space-weather image
    ],
)
def test_on_board_division_is_undone_once(programs: str, div2corr: bool, divisor: int) -> None:
    pixels = ((CAMERA.sees(sun) + BIAS_DN) / divisor).astype(np.float32)
    cards = euvi_cards(CAMERA, IP_00_19=programs.ljust(60), DIV2CORR=div2corr)
    observation = read(file_bytes(cards, pixels))
    np.testing.assert_allclose(observation.pixels, CAMERA.sees(sun), atol=1e-3)


def test_a_conditional_halving_that_was_not_done_is_not_undone() -> None:
    assert on_disk_mean(read(euvi(DIV2CORR=False))) == pytest.approx(500, abs=2)


def test_programs_are_also_read_one_by_one() -> None:
    pixels = ((CAMERA.sees(sun) + BIAS_DN) / 2).astype(np.float32)
    each: Cards = {f"IP_PROG{i}": p for i, p in enumerate((41, 76, 1, 94, 0, 0, 0, 0, 0, 0))}
    cards = euvi_cards(CAMERA, DIV2CORR=False) | each
    data = without(file_bytes(cards, pixels), "IP_00_19")
    assert on_disk_mean(read(data)) == pytest.approx(500, abs=2)


def test_a_bias_that_the_pixels_do_not_have_is_refused() -> None:
    pixels = (CAMERA.sees(sun) + 3).astype(np.float32)
    with pytest.raises(UnsupportedImageError, match="far below the bias of 700 DN"):
        read(file_bytes(euvi_cards(CAMERA), pixels))


def test_a_bias_that_offsetcr_says_is_gone_and_the_pixels_have_is_refused() -> None:
    pixels = (CAMERA.sees(sun) + BIAS_DN).astype(np.float32)
    data = file_bytes(euvi_cards(CAMERA, OFFSETCR=BIAS_DN), pixels)
    for left in (data, without(data, "BIASMEAN")):
        with pytest.raises(UnsupportedImageError, match="700 DN are gone, but the sky is at 700"):
            read(left)


def test_a_square_root_image_is_refused() -> None:
    with pytest.raises(UnsupportedImageError, match="square root"):
        read(euvi(IP_00_19=" 41  2 94" + "  0" * 17))


def test_level_zero_without_its_bias_is_refused() -> None:
    with pytest.raises(MissingMetadataError, match="BIASMEAN"):
        read(without(euvi(), "BIASMEAN"))


def disk_pixels() -> NDArray[np.intp]:
    """Flat indices of the pixels well on the disk."""
    return np.flatnonzero(CAMERA.sees(lambda x, y: np.hypot(x, y) < 0.95))


LEVELS = {"EUVI": BIAS_DN, "AIA": 0.0, "HMI": -500.0}
"""What is added to the picture of the Sun: a field has both signs."""


def damaged(kind: str, fraction: float, value: float) -> bytes:
    """A file in which a part of the disk has `value`."""
    indices = disk_pixels()
    count = round(fraction * np.pi * 50.0**2)
    pixels = (CAMERA.sees(sun) + LEVELS[kind]).astype(np.float32)
    pixels.flat[indices[:count]] = value
    cards = {"EUVI": euvi_cards, "AIA": aia_cards, "HMI": hmi_cards}[kind]
    return file_bytes(cards(CAMERA), pixels)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("EUVI", 0.0), ("EUVI", -1.0), ("EUVI", np.nan), ("AIA", np.nan), ("HMI", np.inf)],
)
def test_missing_pixels_are_filled_with_the_median_and_recorded(kind: str, value: float) -> None:
    observation = read(damaged(kind, 0.02, value))
    first = disk_pixels()[0]
    median = 0 if kind == "HMI" else 500
    assert observation.pixels.flat[first] == pytest.approx(median, abs=25)
    assert observation.origin.quality == Quality.REPAIRED
    assert any("missing pixels of the disk filled" in note for note in observation.origin.notes)


@pytest.mark.parametrize(
    ("kind", "value"), [("EUVI", 0.0), ("AIA", np.nan), ("HMI", np.nan), ("EUVI", np.inf)]
)
def test_too_many_missing_pixels_are_refused(kind: str, value: float) -> None:
    with pytest.raises(DamagedImageError, match=r"6\.\d% of the disk is missing, at most 5%"):
        read(damaged(kind, MISSING_LIMIT + 0.015, value))


def test_an_integer_image_misses_its_blank_pixels() -> None:
    values = CAMERA.sees(sun)
    values.flat[disk_pixels()[:20]] = np.nan
    counts, scaling = integers(values)
    origin = read(file_bytes(aia_cards(CAMERA) | scaling, counts)).origin
    assert origin.notes[0].startswith("20 missing pixels of the disk filled with its median")


def test_blank_may_be_written_as_a_float() -> None:
    values = CAMERA.sees(sun)
    values.flat[disk_pixels()[:20]] = -32768
    data = file_bytes(aia_cards(CAMERA), values.astype(np.int16), bare={"NOBLANK": "-32768.0"})
    origin = read(data.replace(b"NOBLANK =", b"BLANK   =")).origin
    assert origin.notes[0].startswith("20 missing pixels of the disk filled with its median")


@pytest.mark.parametrize(
    ("key", "value"), [("BSCALE", "'0.1'"), ("BSCALE", "nan"), ("BSCALE", "0.0"), ("BZERO", "'x'")]
)
def test_a_scale_that_is_no_number_is_refused(key: str, value: str) -> None:
    data = file_bytes(aia_cards(CAMERA), CAMERA.sees(sun).astype(np.int32), bare={"SCALING": value})
    with pytest.raises(NotFitsError, match=rf"{key} is .*, expected a number"):
        read(data.replace(b"SCALING =", f"{key:<8}=".encode()))


@pytest.mark.parametrize("blank", [0, 500, -32768])
def test_blank_means_nothing_for_floats(blank: int) -> None:
    pixels = CAMERA.sees(sun).astype(np.float32)
    data = file_bytes(aia_cards(CAMERA), pixels, bare={"NOBLANK": str(blank)})
    data = data.replace(b"NOBLANK =", b"BLANK   =")
    observation = read(data)
    np.testing.assert_array_equal(observation.pixels, pixels)
    assert observation.origin.quality == Quality.GOOD


def test_missing_blocks_off_the_disk_are_left() -> None:
    pixels = (CAMERA.sees(sun) + BIAS_DN).astype(np.uint16)
    pixels[:6, :6] = 0
    origin = read(file_bytes(euvi_cards(CAMERA, NMISSING=1), pixels)).origin
    assert origin.quality == Quality.GOOD


def test_missing_blocks_that_do_not_show_are_refused() -> None:
    with pytest.raises(DamagedImageError, match="NMISSING is 3"):
        read(euvi(NMISSING=3))


def test_zeros_of_a_prepared_image_are_missing_only_where_it_says_so() -> None:
    pixels = (CAMERA.sees(sun) + 0.5).astype(np.float32)
    pixels.flat[disk_pixels()[:10]] = 0
    good = read(file_bytes(euvi_cards(CAMERA, OFFSETCR=BIAS_DN), pixels))
    filled = read(file_bytes(euvi_cards(CAMERA, OFFSETCR=BIAS_DN, NMISSING=1), pixels))
    assert good.origin.quality == Quality.GOOD
    assert filled.origin.quality == Quality.REPAIRED


@pytest.mark.parametrize(("kind", "value"), [("EUVI", 16383.0), ("AIA", 16000.0)])
def test_saturated_pixels_are_counted_and_kept(kind: str, value: float) -> None:
    observation = read(damaged(kind, 0.01, value))
    bias = BIAS_DN if kind == "EUVI" else 0
    assert observation.pixels.flat[disk_pixels()[0]] == value - bias
    assert observation.origin.notes[-1] == "79 saturated pixels on the disk, kept"
    assert observation.origin.quality == Quality.GOOD


@pytest.mark.parametrize(("kind", "value"), [("EUVI", 16383.0), ("AIA", 16000.0)])
def test_too_many_saturated_pixels_are_refused(kind: str, value: float) -> None:
    with pytest.raises(DamagedImageError, match="of the disk is saturated, at most 5%"):
        read(damaged(kind, SATURATED_LIMIT + 0.01, value))


def test_an_image_without_any_value_is_refused() -> None:
    with pytest.raises(DamagedImageError):
        read(file_bytes(euvi_cards(CAMERA), np.zeros((128, 128), np.uint16)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"S",
        b"Dear all,\nthe file is attached.\n",
        b"<!DOCTYPE html>",
        b"\x1f\x8b",
        b"\0" * 2880,
    ],
)
def test_what_is_not_fits_is_called_so(data: bytes) -> None:
    with pytest.raises(NotFitsError):
        read(data)


def test_errors_name_the_file() -> None:
    with pytest.raises(NotFitsError, match=r"letter\.txt: not a FITS file") as caught:
        read(b"Dear all", "letter.txt")
    assert caught.value.files == ("letter.txt",)


WHOLE = {"plain": euvi(), "rice": aia(), "gzip": packed(euvi()), "gzipped rice": packed(aia())}


@pytest.mark.parametrize("kind", sorted(WHOLE))
@given(fraction=st.floats(0, 1, exclude_max=True))
@settings(max_examples=40)
def test_a_truncated_file_is_called_so(kind: str, fraction: float) -> None:
    data = WHOLE[kind].rstrip(b"\0")  # a file that lacks nothing but its padding is whole
    with pytest.raises((NotFitsError, UnsupportedImageError)):
        read(data[: int(fraction * len(data))])


def test_data_one_byte_short_are_truncated() -> None:
    data = euvi()
    end = data.index(b"END" + b" " * 77)
    begin = -(-(end + 80) // 2880) * 2880
    whole = begin + 128 * 128 * 2
    assert read(data[:whole]).origin.instrument == "EUVI-A"
    with pytest.raises(NotFitsError, match="truncated: 32767 bytes of data, the header says 32768"):
        read(data[: whole - 1])


@pytest.mark.parametrize("kind", sorted(WHOLE))
@given(st.data())
@settings(max_examples=150)
def test_changed_bytes_are_read_or_refused_as_input(kind: str, data: st.DataObject) -> None:
    changed = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    try:
        observation = read(bytes(changed))
    except InputError as error:
        assert error.files
    else:
        assert observation.pixels.dtype == np.float32


@given(st.binary(max_size=6000))
@settings(max_examples=100)
def test_arbitrary_bytes_after_the_first_card_are_refused(tail: bytes) -> None:
    with pytest.raises(InputError):
        read(b"SIMPLE  =                    T".ljust(80) + tail)


def test_a_gzip_bomb_is_refused_before_it_is_unpacked() -> None:
    engine = zlib.compressobj(9, wbits=31)
    bomb = b"".join(engine.compress(bytes(2**20)) for _ in range(600)) + engine.flush()
    assert len(bomb) < 2**20
    tracemalloc.start()
    try:
        with pytest.raises(FileTooLargeError, match="unpacks to more than 4194304 bytes"):
            read(bomb, max_bytes=4 * 2**20)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 32 * 2**20


def test_a_bomb_of_many_gzip_members_is_refused() -> None:
    with pytest.raises(FileTooLargeError):
        read(packed(bytes(2**20)) * 10, max_bytes=2**22)


def test_a_file_larger_than_allowed_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.fits"
    with path.open("wb") as file:
        file.truncate(2**33)
    with pytest.raises(FileTooLargeError):
        read(path, max_bytes=2**20)


def test_a_header_without_end_is_refused() -> None:
    cards = b"SIMPLE  =                    T".ljust(80) + b"COMMENT".ljust(80) * 40000
    with pytest.raises(FileTooLargeError, match="a header of more than 128 blocks"):
        read(cards)


def declared(data: bytes, **values: int) -> bytes:
    """Change what a header says of sizes."""
    for name, value in values.items():
        start = data.index(f"{name:<8}=".encode())
        card = f"{name:<8}= {value:>20}".ljust(80).encode()
        data = data[:start] + card + data[start + 80 :]
    return data


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (declared(euvi(), NAXIS1=10**6, NAXIS2=10**6), NotFitsError),
        (declared(euvi(), BITPIX=17), NotFitsError),
        (declared(euvi(), NAXIS=-1), NotFitsError),
        (declared(euvi(), NAXIS=999999), NotFitsError),
        (declared(euvi(), NAXIS1=4), UnsupportedImageError),
        (declared(aia(), ZNAXIS1=10**6, ZNAXIS2=10**6), FileTooLargeError),
        (declared(aia(), ZTILE1=10**9), NotFitsError),
        (declared(aia(), ZTILE2=10**9), NotFitsError),
        (declared(aia(), ZTILE1=0), NotFitsError),
        (declared(aia(), ZNAXIS2=256), NotFitsError),
        (declared(aia(), ZVAL1=0), NotFitsError),
        (declared(aia(), ZVAL2=9), NotFitsError),
        (declared(aia(), ZBITPIX=5), NotFitsError),
        (declared(aia(), TFIELDS=500), NotFitsError),
        (declared(aia(), PCOUNT=10), NotFitsError),
        (declared(aia(), ZNAXIS=3), UnsupportedImageError),
    ],
)
def test_sizes_that_lie_are_refused(data: bytes, error: type[InputError]) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(error):
            read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**22


def test_empty_gzip_members_without_end_are_refused() -> None:
    with pytest.raises(FileTooLargeError, match="more than 10000 gzip members"):
        read(packed(b"") * 10_001)


def test_a_large_array_of_zeros_behind_a_small_gzip_is_refused() -> None:
    header = declared(euvi(), NAXIS1=8192, NAXIS2=8192)[: 2880 * 3]
    end = -(-(header.index(b"END" + b" " * 77) + 80) // 2880) * 2880
    with pytest.raises(FileTooLargeError, match="8192 by 8192 pixels"):
        read(packed(header[:end] + bytes(8192 * 8192 * 2)))


def test_tiles_that_lie_outside_the_file_are_refused() -> None:
    data = bytearray(aia())
    start = data.index(b"XTENSION")
    table = -(-(data.index(b"END" + b" " * 77, start) + 80 - start) // 2880) * 2880 + start
    data[table + 4 : table + 8] = (2**31 - 1).to_bytes(4, "big")
    with pytest.raises(NotFitsError, match="lies outside the file"):
        read(bytes(data))


def test_quantised_floats_are_read() -> None:
    pixels = (CAMERA.sees(sun) + np.random.default_rng(0).normal(0, 4, (128, 128))).astype("f4")
    found = read(file_bytes(aia_cards(CAMERA), pixels, rice=True)).pixels
    assert np.abs(found - pixels).max() < 1.0


@pytest.mark.parametrize(
    ("hdus", "found"),
    [
        ([fits.PrimaryHDU()], "no image in the first two HDUs"),
        ([fits.PrimaryHDU(np.zeros((2, 80, 80), "f4"))], "3 axes"),
        (
            [
                fits.PrimaryHDU(),
                fits.BinTableHDU.from_columns([fits.Column("a", "D", array=[1.0])]),
            ],
            "table",
        ),
    ],
)
def test_a_file_without_an_image_is_refused(hdus: list[Any], found: str) -> None:
    buffer = io.BytesIO()
    fits.HDUList(hdus).writeto(buffer)
    with pytest.raises(UnsupportedImageError, match=found):
        read(buffer.getvalue())


@pytest.mark.parametrize(
    ("package", "name", "expected"),
    [
        ("reproject.tests", "secchi_l0_a.fits", ("EUVI-A", "171", 87.060, "00:14:08.010")),
        ("reproject.tests", "secchi_l0_b.fits", ("EUVI-B", "171", -93.730, "00:14:41.651")),
        ("reproject.tests", "aia_171_level1.fits", ("AIA", "171", 0.0, "00:00:01.340")),
        ("sunpy", "test/aia_171_level1.fits", ("AIA", "171", 0.0, "00:00:01.340")),
    ],
)
def test_real_files_of_installed_packages_are_read(
    package: str, name: str, expected: tuple[str, str, float, str]
) -> None:
    path = importlib.resources.files(package) / "data" / name
    origin = read(Path(str(path))).origin
    instrument, band, longitude_deg, clock = expected
    assert (origin.instrument, origin.band) == (instrument, band)
    assert origin.observer.longitude_deg == pytest.approx(longitude_deg, abs=0.001)
    assert origin.time.isot == f"2011-02-15T{clock}"
    assert origin.quality == Quality.GOOD


def test_real_level_zero_sky_is_zero_after_the_bias() -> None:
    path = importlib.resources.files("reproject.tests") / "data" / "secchi_l0_b.fits"
    pixels = read(Path(str(path))).pixels
    assert np.percentile(pixels, 1) == pytest.approx(0, abs=6)


def test_a_real_euvi_header_of_2009_is_read() -> None:
    header = importlib.resources.files("sunpy") / "data/test/euvi_20090615_000900_n4euA_s.header"
    cards = fits.Header.fromtextfile(str(header))
    block = str(cards.tostring()).encode()
    disk = pointing_of(dict(cards))
    y, x = np.indices((128, 128)) - disk.sun_centre_px[::-1, None, None]
    light = 800.0 * (np.hypot(x, y) < disk.disk_radius_px(float(cards["DSUN_OBS"])))
    light += np.arange(128.0)
    observation = read(block + (light + 724.545).astype(">f8").tobytes())
    assert str(observation.origin) == "EUVI-A 171 2009-06-15T00:09:08"
    np.testing.assert_allclose(observation.pixels, light, atol=1e-3)


def test_a_real_file_of_mdi_is_read(shared_data: Path) -> None:
    found = read(shared_data / "real/mdi.fd_m_96m_lev182.20101015_000000_TAI.data.fits")
    assert str(found.origin) == "MDI LOS 2010-10-15T00:02:56"
    assert found.origin.observer.distance_m < 0.995 * earth(found.origin.time).distance_m


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("aia_171_cutout.fits", PartialDiskError),
        ("sdo-hmi_2011-02-14_20-34-12.fits", PartialDiskError),
        ("aia_1600_20120606_040731_UTC.0041.fits", BadQualityError),
        ("gong_mrbqs220302t0614c2254_009.fits", UnsupportedImageError),
        ("adapt40411_02e012_201708132000_i00020000n0.fts", UnsupportedImageError),
    ],
)
def test_real_files_that_cannot_be_used_are_refused(
    shared_data: Path, name: str, error: type[InputError]
) -> None:
    with pytest.raises(error):
        read(shared_data / "real" / name)
