"""Small files of every kind that was ever read wrongly, or refused although good.

``python -m tests.cases.files FOLDER`` writes them all; ``cases.csv`` says what is right.
"""

from __future__ import annotations

import argparse
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.time import Time
from numpy.typing import NDArray

from farside.solarwind import adapt, gong, wsa
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.observer import earth
from tests.cases import seeds
from tests.cases.mutation import joined, mutated, split
from tests.support.drawn_suns import encoded, side_car
from tests.support.instrument_files import (
    BIAS_DN,
    Camera,
    Card,
    aia_cards,
    euvi_cards,
    file_bytes,
    hmi_cards,
    packed,
)
from tests.support.synchronic_maps import synchronic_map
from tests.synchronic.test_base import (
    ADAPT_CARDS,
    DAILY_CARDS,
    GONG_CARDS,
    SYNOPTIC_CARDS,
    file_of,
    spot,
)

Array = NDArray[Any]
Make = Callable[[], bytes]

STEREO = Camera(128, 50.0, 6.0, (-3.0, 4.0))
SDO = Camera(
    128, 50.0, 6.0, (-3.0, 4.0), earth(Time("2011-02-15T00:00:00", scale="utc")).distance_m
)
BACKGROUND_DN, FIELD_GAUSS = 500.0, 120.5


def _sun(x: Array, y: Array) -> Array:
    """Counts above the sky: brighter in the west, with an active region."""
    spots = 900 * np.exp(-((x - 0.3) ** 2 + (y - 0.3) ** 2) / 0.01)
    return np.where(x * x + y * y < 1, BACKGROUND_DN + 100 * x + spots, 0.0)


def _field(x: Array, y: Array) -> Array:
    """Gauss, positive in the west; no value off the disk."""
    return np.where(np.hypot(x, y) < 1.02, FIELD_GAUSS * np.sin(9 * x) * np.cos(7 * y), np.nan)


def _noise(scale: float) -> Array:
    size = STEREO.size_px
    return np.random.default_rng(3).normal(0, scale, (size, size))


def euvi_pixels() -> Array:
    """Level 0: bias in, and the noise of the detector."""
    return np.rint(STEREO.sees(_sun) + BIAS_DN + _noise(2.0)).astype(np.uint16)


def euvi(pixels: Array | None = None, **changes: Card) -> bytes:
    """EUVI-A 304, level 0."""
    found = euvi_pixels() if pixels is None else pixels
    history = str(changes.pop("HISTORY", ""))
    return file_bytes(euvi_cards(STEREO, **changes), found, history=history)


def aia(pixels: Array | None = None, *, rice: bool = False, **changes: Card) -> bytes:
    """AIA 171, level 1."""
    found = np.rint(SDO.sees(_sun)).astype(np.int16) if pixels is None else pixels
    return file_bytes(aia_cards(SDO, **changes), found, rice=rice)


def hmi(pixels: Array | None = None, **changes: Card) -> bytes:
    """HMI M_720s in floats."""
    found = hmi_pixels() if pixels is None else pixels
    return file_bytes(hmi_cards(SDO, **changes), found.astype(np.float32))


def hmi_pixels() -> Array:
    return SDO.sees(_field)


def filled(value: float) -> Array:
    """A magnetogram with this value off the disk."""
    pixels = hmi_pixels()
    return np.where(np.isnan(pixels), value, pixels)


def raw(cards: Mapping[str, Card], pixels: Array, **bare: Card) -> bytes:
    """Pixels as they are, with scaling cards that astropy would apply or refuse."""
    hdu = fits.PrimaryHDU(pixels)
    for key, value in cards.items():
        hdu.header[key] = value
    file = io.BytesIO()
    hdu.writeto(file)
    return with_cards(file.getvalue(), **bare)


def with_cards(data: bytes, **cards: object) -> bytes:
    """Set cards of the first header as they stand there; quotes are the caller's."""
    edits = [("card", "0", key.replace("__", "-"), str(value)) for key, value in cards.items()]
    return mutated(data, edits)


def without(data: bytes, *keys: str) -> bytes:
    """Take cards out of all headers."""
    count = len(split(data))
    return mutated(data, [("lose", str(hdu), key) for key in keys for hdu in range(count)])


def forged(data: bytes, **cards: object) -> bytes:
    """A product whose cards were changed, with checksums to match."""
    return mutated(with_cards(data, **cards), [("sums",)])


def compressed(cards: Mapping[str, object], pixels: Array, coding: str, **options: Any) -> bytes:
    """An image compressed into HDU 1 by astropy, as sunpy and fpack do."""
    hdu = fits.CompImageHDU(pixels, compression_type=coding, **options)
    for key, value in cards.items():
        hdu.header[key] = value
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(file)
    return file.getvalue()


def unsigned(kind: str, dtype: str, zero: float, *, rice: bool = False) -> bytes:
    """AIA as integers whose BZERO is half their range."""
    values = np.rint(SDO.sees(_sun)).astype(dtype)
    cards = aia_cards(SDO)
    if rice:
        return compressed(cards, values, "RICE_1")
    return raw(cards, values) if kind == "astropy" else raw(cards, values, BZERO=zero)


def half_dark() -> Array:
    pixels = euvi_pixels()
    pixels[:, : pixels.shape[1] // 2] = BIAS_DN
    return pixels


def block(value: float) -> Array:
    """One block of the on-board compression is lost."""
    pixels = euvi_pixels().astype(np.float32)
    pixels[64:72, 64:72] = value
    return pixels


def emptied(pixels: Array) -> Array:
    """Missing values written as 0: a square of 8 pixels."""
    pixels = pixels.copy()
    pixels[64:72, 64:72] = 0
    return pixels


def prepared(pixels: Array, **changes: Card) -> bytes:
    """EUVI-A 304 without its bias, as secchi_prep leaves it."""
    return euvi(pixels.astype(np.float32), OFFSETCR=BIAS_DN, **changes)


def logarithm(base: float) -> Array:
    """Counts of a Sun of many brightnesses, and of its sky, as a logarithm."""
    light = SDO.sees(_sun) * np.exp(_noise(0.5)) + 1.0
    return np.asarray(np.log(light) / np.log(base), np.float32)


def hot() -> Array:
    pixels = hmi_pixels()
    pixels[66, 60] = 1e30
    return pixels


def frame(**changes: object) -> bytes:
    return file_of(spot((180, 360), 70, 120), GONG_CARDS, **changes)


def counts(shape: tuple[int, int]) -> NDArray[np.float32]:
    return np.random.default_rng(7).integers(0, 20, shape).astype(np.float32)


def map_of_ours(pack: Callable[..., Any]) -> bytes:
    content: bytes = pack(synchronic_map()).content
    return content


def late() -> bytes:
    """A magnetogram whose time was moved by two days, its position left."""
    taken = Time("2011-02-14T20:35:09", scale="tai") + 2 * u.day
    return hmi(T_OBS=f"{taken.isot[:10].replace('-', '.')}_{taken.isot[11:19]}_TAI")


def product(**cards: object) -> bytes:
    made = seeds.magnetogram().to_bytes(seeds.CREATED)
    return forged(made, **cards) if cards else made


def plane(which: int, value: str) -> bytes:
    """A product with this value in the middle of a plane."""
    return mutated(product(), [("fill", str(which), value), ("sums",)])


def flat(gauss: float) -> bytes:
    """A product whose field is the same everywhere."""
    made = seeds.magnetogram()
    return replace(made, image=np.full_like(made.image, gauss)).to_bytes(seeds.CREATED)


def own_map(**cards: object) -> bytes:
    made = seeds.synchronic(CarringtonGrid(72, 64))
    return forged(made, **cards) if cards else made


def heads_only(data: bytes) -> bytes:
    return joined([(header, bytearray()) for header, _ in split(data)])


FILES: dict[str, Make] = {
    # Good files of each instrument.
    "euvi304": euvi,
    "euvi304_gz": lambda: packed(euvi()),
    "aia171": aia,
    "aia171_rice": lambda: aia(rice=True),
    "hmi": hmi,
    # Integers wider than float32, and their BZERO.
    "aia171_uint16": lambda: unsigned("astropy", "u2", 2.0**15),
    "aia171_uint32": lambda: unsigned("astropy", "u4", 2.0**31),
    "aia171_uint32_rice": lambda: unsigned("astropy", "u4", 2.0**31, rice=True),
    "aia171_uint64": lambda: unsigned("astropy", "u8", 2.0**63),
    "aia171_int64": lambda: unsigned("astropy", "i8", 0.0),
    "aia171_float64": lambda: aia(SDO.sees(_sun).astype(np.float64)),
    "aia171_negative_bscale": lambda: raw(
        aia_cards(SDO), -np.rint(SDO.sees(_sun)).astype(np.int16), BSCALE=-1.0
    ),
    # Fill values, and fields that no Sun has.
    "hmi_fill_ssw": lambda: hmi(filled(-2.147e8)),
    "hmi_fill_32768": lambda: hmi(filled(-32768.0)),
    "hmi_fill_1e6": lambda: hmi(filled(1e6)),
    "hmi_hot_pixel": lambda: hmi(hot()),
    "hmi_1e6_times": lambda: hmi(hmi_pixels() * 1e6),
    "hmi_zero": lambda: hmi(hmi_pixels() * 0),
    "hmi_strength": lambda: hmi(np.abs(hmi_pixels())),
    "hmi_negative": lambda: hmi(-np.abs(hmi_pixels())),
    "hmi_kilogauss": lambda: hmi(hmi_pixels() / 1000),
    "hmi_tesla": lambda: hmi(hmi_pixels() / 1e4),
    "hmi_block_0": lambda: hmi(emptied(hmi_pixels())),
    "hmi_half_0": lambda: hmi(np.where(SDO.sees(lambda x, y: x + 0 * y) < 0, 0, hmi_pixels())),
    "aia171_block_0": lambda: aia(emptied(np.rint(SDO.sees(_sun)).astype(np.int16))),
    "aia171_tiny": lambda: aia(CDELT1=60 * SDO.scale_arcsec, CDELT2=60 * SDO.scale_arcsec),
    "aia171_log10": lambda: aia(logarithm(10.0)),
    "aia171_ln": lambda: aia(logarithm(math.e)),
    "aia171_exposure_0": lambda: aia(EXPTIME=0.0),
    "euvi304_exposure_0": lambda: euvi(EXPTIME=0.0),
    "euvi304_prepared": lambda: prepared(STEREO.sees(_sun) + _noise(2.0)),
    "euvi304_prepared_block_0": lambda: prepared(emptied(STEREO.sees(_sun) + _noise(2.0))),
    "euvi304_prepared_log10": lambda: prepared(logarithm(10.0)),
    "hmi_constant": lambda: hmi(hmi_pixels() * 0 + 1000.0),
    "hmi_bscale_left": lambda: raw(
        hmi_cards(SDO), (hmi_pixels() * 10).astype(np.float32), BSCALE=0.1, BZERO=0.0
    ),
    "hmi_mx_per_cm2": lambda: hmi(BUNIT="Mx/cm^2"),
    # Observers.
    "hmi_crln_0": lambda: hmi(CRLN_OBS=0.0, CRLT_OBS=0.0),
    "hmi_two_days_late": late,
    "aia171_carrington_only": lambda: without(aia(), "HGLN_OBS", "HGLT_OBS"),
    "aia171_carrington_0": lambda: without(aia(CRLN_OBS=0.0, CRLT_OBS=0.0), "HGLN_OBS", "HGLT_OBS"),
    "aia171_distance_km": lambda: aia(DSUN_OBS=1.4775e8),
    # EUVI's bias, divisors and calibration frames.
    "euvi304_bias_off": lambda: euvi(HISTORY="Applied euvi_correction.pro, calibration 1.0"),
    "euvi304_doubled": lambda: euvi(2 * euvi_pixels().astype(np.float32)),
    "euvi304_summed": lambda: euvi(4 * euvi_pixels().astype(np.float32)),
    "euvi304_bzero_left": lambda: raw(
        euvi_cards(STEREO), euvi_pixels().astype(np.float32), BZERO=32768.0
    ),
    "euvi304_led": lambda: euvi(SEB_PROG="LED", LEDCOLOR="BLUE"),
    "euvi304_dark": lambda: euvi(SEB_PROG="DARK"),
    "euvi304_door_closed": lambda: euvi(DOORSTAT=0),
    "aia171_dark": lambda: aia(IMG_TYPE="DARK"),
    "euvi304_half_dark": lambda: euvi(half_dark()),
    "euvi304_constant": lambda: euvi(euvi_pixels() * 0 + 1500),
    "euvi304_icer_implicit": lambda: euvi(
        (euvi_pixels() / 2).astype(np.float32), DIV2CORR=False, IP_00_19=" 41 76 94" + "  0" * 17
    ),
    # Missing blocks.
    "euvi304_block_0": lambda: euvi(block(0.0), NMISSING=1),
    "euvi304_block_nan": lambda: euvi(block(np.nan), NMISSING=1),
    "euvi304_block_blank": lambda: raw(
        euvi_cards(STEREO, NMISSING=1), block(-32768.0).astype(np.int16), BLANK=-32768
    ),
    # Dates.
    "euvi304_year_0": lambda: with_cards(euvi(), DATE__AVG="'0000-01-01T00:00:00'"),
    "euvi304_year_1": lambda: with_cards(euvi(), DATE__AVG="'0001-01-01T00:00:00'"),
    "euvi304_year_9999": lambda: with_cards(euvi(), DATE__AVG="'9999-12-31T23:59:59'"),
    "euvi304_year_10000": lambda: with_cards(euvi(), DATE__AVG="'10000-01-01T00:00:00'"),
    "euvi304_leap_second": lambda: without(
        with_cards(euvi(), DATE__AVG="'2016-12-31T23:59:60.500'"), "CRLN_OBS", "CRLT_OBS"
    ),
    "euvi304_date_underscore": lambda: euvi().replace(b"DATE-", b"DATE_"),
    # Quality.
    "hmi_quality_0x10000": lambda: hmi(QUALITY=0x10000),
    "hmi_quality_missing": lambda: hmi(QUALITY=-(2**31)),
    "aia171_quality_0x100": lambda: aia(QUALITY=0x100),
    # Compression.
    "hmi_gzip_1": lambda: compressed(
        hmi_cards(SDO), hmi_pixels().astype(np.float32), "GZIP_1", quantize_level=0
    ),
    "hmi_gzip_2": lambda: compressed(
        hmi_cards(SDO), hmi_pixels().astype(np.float32), "GZIP_2", quantize_level=0
    ),
    "hmi_rice_floats": lambda: compressed(
        hmi_cards(SDO), hmi_pixels().astype(np.float32), "RICE_1", quantize_level=-0.05
    ),
    "aia171_hcompress": lambda: compressed(
        aia_cards(SDO), np.rint(SDO.sees(_sun)).astype(np.int32), "HCOMPRESS_1"
    ),
    "aia171_plio": lambda: compressed(
        aia_cards(SDO), np.rint(SDO.sees(_sun)).astype(np.int32), "PLIO_1"
    ),
    # Coordinates.
    "aia171_cunit_degree": lambda: aia(
        CUNIT1="degree",
        CUNIT2="degree",
        CDELT1=SDO.scale_arcsec / 3600,
        CDELT2=SDO.scale_arcsec / 3600,
    ),
    "aia171_cunit_arcsecs": lambda: aia(CUNIT1="arcsecs", CUNIT2="arcsecs"),
    "aia171_no_cdelt": lambda: without(aia(), "CDELT1", "CDELT2"),
    "aia171_off_centre": lambda: aia(CRPIX1=10.0),
    # What is no image of an instrument.
    "empty": lambda: b"",
    "html": lambda: b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    "png": lambda: encoded(seeds.PLAIN.picture()),
    "truncated": lambda: euvi()[:-2880],
    "truncated_gz": lambda: packed(euvi())[:-100],
    "headers_only": lambda: heads_only(aia(rice=True)),
    "stack_of_three": lambda: euvi(np.stack([euvi_pixels()] * 3)),
    "no_instrument": lambda: without(aia(), "INSTRUME", "TELESCOP"),
    # Global maps.
    "gong": frame,
    "gong_copied_later": lambda: frame(DATE="2018-11-10T13:26:00"),
    "gong_no_date": lambda: without(frame(), "DATE"),
    "gong_degrees": lambda: frame(CDELT2=float(np.degrees(2 / 180)), CUNIT2="deg"),
    "gong_fz": lambda: compressed(GONG_CARDS, spot((180, 360), 70, 120), "RICE_1"),
    "hmi_daily": lambda: file_of(spot((360, 720), 180, 270), DAILY_CARDS),
    "hmi_synoptic": lambda: file_of(spot((360, 720), 100, 90), SYNOPTIC_CARDS),
    "hmi_synoptic_counts": lambda: file_of(counts((360, 720)), SYNOPTIC_CARDS),
    "hmi_synoptic_los": lambda: file_of(
        spot((360, 720), 1, 1), DAILY_CARDS, CONTENT="Carrington Synoptic Chart Of Bl"
    ),
    "adapt": lambda: file_of(np.stack([spot((180, 360), 70, 120)] * 2), ADAPT_CARDS),
    "adapt_fz": lambda: compressed(
        ADAPT_CARDS, np.stack([spot((180, 360), 70, 120)] * 2), "GZIP_1", quantize_level=0
    ),
    "adapt_slice": lambda: file_of(spot((180, 360), 70, 120), ADAPT_CARDS),
    "map_in_dn": lambda: frame(BUNIT="DN"),
    "map_zero": lambda: file_of(np.zeros((180, 360), np.float32), GONG_CARDS),
    "map_hot_cell": lambda: file_of(
        np.where(spot((180, 360), 70, 120) > 50, np.float32(1e30), spot((180, 360), 70, 120)),
        GONG_CARDS,
    ),
    "own_gong": lambda: map_of_ours(gong.pack),
    "own_adapt": lambda: map_of_ours(adapt.pack),
    "own_wsa": lambda: map_of_ours(wsa.pack),
    # Our own products, as written and forged.
    "product": product,
    "product_gz": lambda: packed(product()),
    "product_altered": lambda: with_cards(product(), HGLN_OBS=10.0),
    "product_distance_0": lambda: product(DSUN_OBS=0.0),
    "product_distance_negative": lambda: product(DSUN_OBS=-1.4e11),
    "product_latitude_200": lambda: product(HGLT_OBS=200.0),
    "product_radius_0": lambda: product(R_SUN=0.0),
    "product_radius_1e30": lambda: product(R_SUN=1e30),
    "product_mask_0": lambda: product(MASKRAD=0.0),
    "product_mask_nan": lambda: product(MASKRAD="nan"),
    "product_skill_2": lambda: product(AISKILL=2.0),
    "product_quality_negative": lambda: product(QUALITY=-1),
    "product_quality_2_40": lambda: product(QUALITY=2**40),
    "product_quality_1e300": lambda: product(QUALITY=1e300),
    "product_year_1": lambda: product(DATE__OBS="'0001-01-01T00:00:00'"),
    "product_field_1e30": lambda: plane(0, "1e30"),
    "product_field_nan": lambda: plane(0, "nan"),
    "product_zero": lambda: flat(0.0),
    "product_constant": lambda: flat(50.0),
    "product_sigma_negative": lambda: plane(1, "-5"),
    "product_negative_axis": lambda: product(NAXIS1=-2880),
    "product_columns": lambda: mutated(
        product(), [("card", "3", "TFIELDS", "2147483647"), ("sums",)]
    ),
    "product_groups": lambda: mutated(product(), [("card", "3", "GCOUNT", "0"), ("sums",)]),
    "product_many_hdus": lambda: mutated(product(), [("twice", "2", "5000"), ("sums",)]),
    "map": own_map,
    "map_no_rows": lambda: mutated(own_map(), [("card", "6", "NAXIS2", "0"), ("sums",)]),
    "map_flux_nan": lambda: own_map(NETFLX0="nan"),
    "map_correlation_length": lambda: own_map(CORRLEN=1e300),
    # Drawings: a picture with its side-car behind a NUL byte.
    "drawing": lambda: drawing(position_angle_deg=0.0),
    "drawing_no_angle": lambda: drawing(),
    "drawing_year_1": lambda: drawing(north_up=True, time_utc="0001-01-01"),
    "drawing_overflow": lambda: drawing(north_up=True, time_utc="9999-12-31T23:59:59-14:00"),
    "drawing_unknown_key": lambda: drawing(north_up=True, place="Kanzelhöhe"),
    "drawing_blank": lambda: (
        encoded(np.full((128, 128), 240, np.uint8)) + b"\0--side-car--" + side_car(north_up=True)
    ),
}


def drawing(**keys: object) -> bytes:
    picture = encoded(seeds.PLAIN.picture((0.2, 0.3)))
    return picture + b"\0--side-car--" + side_car(**keys)


def write_all(folder: Path) -> None:
    """Make every file anew."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in FILES.items():
        (folder / f"{name}.fits").write_bytes(make())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    write_all(parser.parse_args().folder)
