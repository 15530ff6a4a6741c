"""Instruments (EUVI, AIA, HMI): identification, exposure time, calibration and quality bits."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from astropy.time import Time, TimeDelta

from farside.errors import (
    BadQualityError,
    DamagedImageError,
    ImplausibleGeometryError,
    MissingMetadataError,
    UnsupportedImageError,
)
from farside.io.fits import Cards, FitsImage, number, text
from farside.observation.gong import is_gong_disk, without_sky
from farside.quality import Quality
from farside.sun.grid import Image

EUVI_BANDS = ("171", "195", "284", "304")
AIA_BANDS = ("94", "131", "171", "193", "211", "304", "335", "1600", "1700", "4500")

EUVI_SATURATION_DN = 15000.0
"""Saturation of full-resolution EUVI pixels: DSATVAL of SECCHI headers."""

AIA_SATURATION_DN = 15000.0
"""Saturation of AIA pixels: the 14-bit converter ends at 16383 DN, less offset and flat field."""

MAX_FIELD_GAUSS = 10_000.0
"""Largest line-of-sight field that counts as measured: the strongest known on the Sun is 8.2 kG
(Castellanos Duran et al. 2020), and HMI saturates below 5 kG."""

SKY_RATIO = (0.7, 1.5)
"""Accepted ratio of sky to bias in a level-0 EUVI image. Real images have 0.98 to 1.02; an image
halved on board has 0.5, one summed 2 by 2 on the ground 4."""

BIAS_LEFT = 0.3
"""Ratio of sky to bias above which the bias was not subtracted."""

AIA_NEAR_REAL_TIME = 0x40000000
HMI_NEAR_REAL_TIME = 0x400
"""QUALITY bit of near-real-time magnetograms, made before the lists of cosmic rays exist."""

AIA_USABLE = 0x310
"""Accepted QUALITY bits of AIA: limb fit error (the nominal pointing is used instead), and up to
5 % of the values missing."""

HMI_USABLE = 0x1B2C0
"""Accepted QUALITY bits of HMI: observables of reduced quality (HMI_observables.c). Poor quality,
eclipse, limb fit and stabilisation are not accepted: they move or blur the image."""

# Level-1 QUALITY of AIA: JSOC, quallev1.h.
_AIA_BITS = {
    0x00000001: "no flat field",
    0x00000002: "no orbit data",
    0x00000004: "no ancillary science data",
    0x00000008: "no master pointing",
    0x00000010: "limb fit error",
    0x00000020: "instrument anomaly",
    0x00000040: "instrument misconfigured",
    0x00000080: "camera anomaly",
    0x00000100: "values missing",
    0x00000200: "over 1 % of the values missing",
    0x00000400: "over 5 % of the values missing",
    0x00000800: "over 25 % of the values missing",
    0x00001000: "spacecraft not in science mode",
    0x00002000: "eclipse",
    0x00004000: "no Sun presence",
    0x00008000: "spacecraft in safe mode",
    0x00010000: "dark image",
    0x00020000: "image stabilisation loop open",
    0x00040000: "calibration image",
    0x00080000: "HMI calibration mode",
    0x00100000: "focus out of range",
    0x00200000: "register flag",
    0x00400000: "thermal recovery",
    0x00800000: "lunar transit",
    AIA_NEAR_REAL_TIME: "near real time",
    0x80000000: "no image",
}

# Level-1.5 QUALITY of HMI observables: JSOC, Quality_Bits/QUALITY.txt (2013-05-24).
_HMI_BITS = {
    0x00000020: "poor quality",
    0x00000040: "focus tuning adds noise",
    0x00000080: "no record of polynomial coefficients",
    0x00000100: "eclipse",
    0x00000200: "no keywords of polynomial coefficients",
    HMI_NEAR_REAL_TIME: "no list of cosmic rays",
    0x00000800: "limb fit issue",
    0x00001000: "gaps not filled",
    0x00002000: "no temperatures",
    0x00004000: "image stabilisation loop open",
    0x00008000: "keywords not interpolated",
    0x00010000: "few interpolation points",
    0x00020000: "too few level-1p records",
    0x00040000: "interpolation in time failed",
    0x00080000: "too few points to interpolate",
    0x00100000: "no keywords of look-up tables",
    0x00200000: "no look-up tables",
    0x00400000: "keywords missing in level-1p data",
    0x00800000: "wrong number of wavelengths",
    0x01000000: "keywords missing in level-1d data",
    0x02000000: "too few level-1d filtergrams",
    0x04000000: "wrong target filtergram",
    0x08000000: "wrong cadence",
    0x10000000: "no frame list",
    0x20000000: "keywords could not be interpolated",
    0x40000000: "no target filtergram",
    0x80000000: "no data",
}

# SECCHI on-board image-processing functions, as in SolarSoft's scc_sebip and get_biasmean.
MDI_USABLE = 0x200
"""Accepted QUALITY bit of MDI, set in most files of level 1.8.2."""

_MDI_BITS = {MDI_USABLE: "undocumented, in most files"}

_HALVE = 1
_DIVISORS = {_HALVE: 2, 50: 4, 53: 4, 118: 3} | {82 + power: 2 ** (power + 1) for power in range(7)}
_SQUARE_ROOT = 2
_SUBTRACT_BIAS = {37, 38, 103}
_SPACE_WEATHER = 117
_ICER = range(90, 103)

_SUBTRACTED = re.compile(r"bias\s+subtracted", re.IGNORECASE)
_PREPARED = re.compile(r"euvi_correction|secchi_prep", re.IGNORECASE)
_CALIBRATION_PROGRAMS = ("DARK", "LED")
_DOOR = {0: "closed", 1: "in transit"}
_BEACON_NAME = re.compile(r"_.7eu", re.IGNORECASE)
_BEACON_SIDE_PX = 512
_TIME = re.compile(r"(\d{4})[-.](\d\d)[-.](\d\d)[T_ ](\d\d:\d\d:\d\d(?:\.\d*)?)(Z|_UTC|_TAI)?$")
_YEARS = range(1600, 2200)
"""Accepted years of observation times: the Sun has been drawn since 1610."""

_DATE_OBS, _DATE_AVG = ("DATE-OBS", "DATE_OBS"), ("DATE-AVG", "DATE_AVG")
_LONGEST_EXPOSURE_S = 3600.0


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Calibrated pixels: physical values, with limits and notes.

    Attributes
    ----------
    pixels
        DN above the bias, or gauss, (y, x); NaN where the file has no value.
    saturation
        Value above which a pixel is saturated; infinite if none can be.
    limit
        Largest absolute value that counts as measured; a pixel beyond it counts as missing.
    notes
        Calibration steps applied, a sentence each.
    """

    pixels: Image
    saturation: float = math.inf
    limit: float = math.inf
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Instrument:
    """Properties of an instrument that reading depends on.

    Attributes
    ----------
    name
        Name, as in ``Origin.instrument``.
    bands
        Bands that are read.
    unit
        Unit of the calibrated pixels, as BUNIT.
    launch
        Date of the launch: earlier times are placeholders.
    middle
        Function from header cards to the time of mid-exposure.
    calibrate
        Function from the image of a file to calibrated pixels.
    quality_bits
        Meaning of each bit of QUALITY; empty if there is no such card.
    near_real_time
        QUALITY bits of good near-real-time images.
    usable
        QUALITY bits with which an image is accepted and flagged.
    at_earth
        Whether the instrument is always near the Earth, on the line from the Sun or in orbit.
    sunward
        Distance from the Earth towards the Sun, as a fraction of the Earth's distance.
    """

    name: str
    bands: tuple[str, ...]
    unit: str
    launch: str
    middle: Callable[[Cards], Time]
    calibrate: Callable[[FitsImage], Calibrated]
    quality_bits: Mapping[int, str]
    near_real_time: int = 0
    usable: int = 0
    at_earth: bool = True
    sunward: float = 0.0


def identify(cards: Cards) -> tuple[Instrument, str]:
    """Identify the instrument and the band of an image.

    Raises
    ------
    UnsupportedImageError
        Another instrument, band or kind of image.
    MissingMetadataError
        A card is missing that identifies spacecraft, band, product or unit.
    """
    for recognise in (_is_euvi, _is_aia, _is_hmi, _is_mdi, _is_phi, _is_gong):
        found = recognise(cards)
        if found is not None:
            instrument, band = found
            _check_band(instrument, band)
            return found
    if is_restored(cards):
        raise UnsupportedImageError(
            f"a product of Farside (AIMODEL {text(cards, 'AIMODEL')!r}), expected a measured image;"
            " a map takes products of /generate as generated, not as observed"
        )
    keys = ("TELESCOP", "OBSRVTRY", "INSTRUME", "DETECTOR", "CAMERA", "CONTENT")
    seen = " ".join(f"{key}={text(cards, key)!r}" for key in keys if text(cards, key))
    raise UnsupportedImageError(
        f"found {seen or 'no instrument name'}, expected one of {_what_is_read()}"
    )


def quality_of(instrument: Instrument, cards: Cards) -> tuple[Quality, tuple[str, ...]]:
    """Quality flags and notes from the QUALITY card of an image.

    Raises
    ------
    BadQualityError
        A bit is set that forbids the use of the image; the message names each.
    """
    if not instrument.quality_bits:
        return Quality.GOOD, ()
    word = _quality_word(cards)
    late, usable = instrument.near_real_time, instrument.usable
    bad = word & ~(late | usable)
    if bad:
        raise BadQualityError(
            f"QUALITY {word:#010x} says {_names(bad, instrument)};"
            f" expected at most near real time ({late:#x}) and {usable:#x}"
        )
    flags, notes = Quality.GOOD, []
    if word & late or cards.get("QLOOK") == 1:
        flags |= Quality.NEAR_REAL_TIME
        notes.append("near-real-time, not definitive data")
    if word & usable:
        flags |= Quality.SUBOPTIMAL
        notes.append(f"QUALITY says {_names(word & usable, instrument)}")
    return flags, tuple(notes)


def is_beacon(instrument: Instrument, cards: Cards, name: str) -> bool:
    """Whether an image is a beacon image: EUVI's compressed real-time data (``*_n7euA.fts``)."""
    if not instrument.name.startswith("EUVI"):
        return False
    small = (number(cards, "NAXIS1") or 0) <= _BEACON_SIDE_PX and _ipsum(cards) > 1
    named = any(_BEACON_NAME.search(each) for each in (name, text(cards, "FILENAME")))
    return named or small or cards.get("SPWX") in (True, "T")


def is_restored(cards: Cards) -> bool:
    """Whether an image was restored (denoised) by a network of Farside (AIGEN)."""
    return cards.get("AIGEN") is True


def _is_euvi(cards: Cards) -> tuple[Instrument, str] | None:
    if text(cards, "DETECTOR") != "EUVI":
        return None
    spacecraft = text(cards, "OBSRVTRY")
    if spacecraft not in _EUVI:
        raise MissingMetadataError(
            f"EUVI: OBSRVTRY is {spacecraft!r}, expected 'STEREO_A' or 'STEREO_B'"
        )
    _check_exposure_of_the_sun(cards)
    return _EUVI[spacecraft], _band(cards)


def _check_exposure_of_the_sun(cards: Cards) -> None:
    # Dark frames and LED frames are in the same archive.
    program, diode = text(cards, "SEB_PROG").upper(), text(cards, "LEDCOLOR").upper()
    if program in _CALIBRATION_PROGRAMS:
        raise UnsupportedImageError(
            f"EUVI: a calibration frame, SEB_PROG is {program!r}, expected 'NORMAL'"
        )
    if diode not in ("", "NONE"):
        raise UnsupportedImageError(
            f"EUVI: a calibration frame, LEDCOLOR is {diode!r}, expected 'NONE'"
        )
    _check_light_was_let_in("EUVI", cards)
    door = number(cards, "DOORSTAT")
    if door in _DOOR:
        raise UnsupportedImageError(f"EUVI: the door was {_DOOR[int(door)]}, expected it open (2)")


def _check_light_was_let_in(name: str, cards: Cards) -> None:
    exposure_s = number(cards, "EXPTIME")
    if exposure_s is not None and exposure_s <= 0:
        raise UnsupportedImageError(
            f"{name}: EXPTIME is {exposure_s:g} s, expected an exposure of the Sun"
        )


def _is_aia(cards: Cards) -> tuple[Instrument, str] | None:
    if not text(cards, "INSTRUME").startswith("AIA"):
        return None
    kind = text(cards, "IMG_TYPE").upper()
    if kind not in ("", "LIGHT"):
        raise UnsupportedImageError(
            f"AIA: a calibration frame, IMG_TYPE is {kind!r}, expected 'LIGHT'"
        )
    _check_light_was_let_in("AIA", cards)
    return _AIA, _band(cards)


def _is_hmi(cards: Cards) -> tuple[Instrument, str] | None:
    if not text(cards, "INSTRUME").startswith("HMI"):
        return None
    product = text(cards, "CONTENT")
    if product.upper() != "MAGNETOGRAM":
        raise UnsupportedImageError(
            f"HMI: CONTENT is {product!r}, expected 'MAGNETOGRAM' (M_720s, M_45s)"
        )
    _check_gauss("HMI", cards)
    return (_RESTORED_HMI if is_restored(cards) else _HMI), "LOS"


def _is_mdi(cards: Cards) -> tuple[Instrument, str] | None:
    content = text(cards, "CONTENT")
    if not (text(cards, "TELESCOP").startswith("SOHO") and content.startswith("MDI")):
        return None
    if not re.fullmatch(r"MDI Full Disk .*Magnetogram", content):
        raise UnsupportedImageError(
            f"MDI: CONTENT is {content!r}, expected a full-disk magnetogram"
        )
    _check_gauss("MDI", cards)
    return _MDI, "LOS"


def _is_phi(cards: Cards) -> tuple[Instrument, str] | None:
    if text(cards, "INSTRUME") != "PHI":
        return None
    detector, kind = text(cards, "DETECTOR"), text(cards, "BTYPE")
    if not (detector.startswith("FDT") and kind.lower().startswith("los magnetic field")):
        raise UnsupportedImageError(
            f"PHI: DETECTOR is {detector!r}, BTYPE {kind!r}, expected FDT and"
            " 'LOS Magnetic Field Strength' (blos)"
        )
    if text(cards, "COMPLETE") == "I":
        raise UnsupportedImageError("PHI: COMPLETE is 'I', expected a complete image")
    _check_gauss("PHI", cards)
    return _PHI, "LOS"


def _is_gong(cards: Cards) -> tuple[Instrument, str] | None:
    if text(cards, "ORIGIN").startswith("NSO-GONG"):
        raise UnsupportedImageError(
            "GONG: a copy with coordinates of another archive, expected GONG's own file (bqa)"
        )
    if not is_gong_disk(cards):
        return None
    _check_gauss("GONG", cards)
    return _GONG, "LOS"


def _check_gauss(name: str, cards: Cards) -> None:
    unit = text(cards, "BUNIT")
    if unit not in ("Gauss", "gauss", "G"):
        raise MissingMetadataError(f"{name}: BUNIT is {unit!r}, expected 'Gauss'")


def _band(cards: Cards) -> str:
    wavelength = number(cards, "WAVELNTH")
    return "unknown" if wavelength is None else f"{wavelength:g}"


def _check_band(instrument: Instrument, band: str) -> None:
    if band == "unknown":
        raise MissingMetadataError(f"{instrument.name}: no WAVELNTH")
    if band not in instrument.bands:
        raise UnsupportedImageError(
            f"{instrument.name} {band}, expected one of {', '.join(instrument.bands)}"
        )


def _what_is_read() -> str:
    return "; ".join(
        f"{each.name} {', '.join(each.bands)}"
        for each in (*_EUVI.values(), _AIA, _HMI, _MDI, _PHI, _GONG)
    )


def _quality_word(cards: Cards) -> int:
    value = cards.get("QUALITY", 0)
    try:
        # A bit pattern: negative as a signed integer, sometimes a text such as '0x00000200'.
        word = int(value, 0) if isinstance(value, str) else int(value)
        return int.from_bytes(word.to_bytes(4, signed=word < 0))
    except (ValueError, OverflowError) as error:
        raise MissingMetadataError(
            f"QUALITY is {value!r}, expected a bit pattern of 32 bits"
        ) from error


def _names(bits: int, instrument: Instrument) -> str:
    each = (1 << position for position in range(32))
    return ", ".join(
        f"{bit:#x} ({instrument.quality_bits.get(bit, 'undocumented')})"
        for bit in each
        if bits & bit
    )


def card_time(cards: Cards, key: str) -> Time | None:
    """Time of a card, UTC unless marked TAI; None if the card is missing or a placeholder."""
    match = _TIME.match(text(cards, key))
    if match is None:
        return None
    year, month, day, clock, scale = match.groups()
    if int(year) not in _YEARS:
        return None
    try:
        words = f"{year}-{month}-{day}T{clock}"
        time = Time(words, format="isot", scale="tai" if scale == "_TAI" else "utc")
    except ValueError:
        return None
    return time.utc


def _first_card_time(cards: Cards, keys: Sequence[str]) -> Time | None:
    """Time of the first of `keys` that is present; None if all are missing.

    Raises
    ------
    MissingMetadataError
        That card holds no time; the other cards are not trusted then.
    """
    key = next((key for key in keys if text(cards, key)), None)
    if key is None:
        return None
    time = card_time(cards, key)
    if time is None:
        raise MissingMetadataError(f"no time: {key} is {cards[key]!r}, expected a date and time")
    return time


def _after_half_exposure(cards: Cards) -> Time | None:
    start, exposure_s = _first_card_time(cards, _DATE_OBS), number(cards, "EXPTIME")
    if start is None or exposure_s is None or not 0 <= exposure_s <= _LONGEST_EXPOSURE_S:
        return None
    return start + TimeDelta(exposure_s / 2, format="sec")


def _needed(time: Time | None, expected: str, cards: Cards) -> Time:
    if time is None:
        keys = (*_DATE_OBS, *_DATE_AVG, "T_OBS", "EXPTIME")
        found = ", ".join(f"{key}={cards[key]!r}" for key in keys if key in cards)
        raise MissingMetadataError(f"no time: expected {expected}, found {found or 'none'}")
    return time


def _euvi_middle(cards: Cards) -> Time:
    average = _first_card_time(cards, _DATE_AVG)
    return _needed(
        _after_half_exposure(cards) if average is None else average,
        "DATE-AVG, or DATE-OBS and EXPTIME",
        cards,
    )


def _aia_middle(cards: Cards) -> Time:
    # DATE-OBS is the start of the exposure, T_OBS its middle.
    middle = _after_half_exposure(cards)
    return _needed(
        _first_card_time(cards, ("T_OBS",)) if middle is None else middle,
        "DATE-OBS and EXPTIME, or T_OBS",
        cards,
    )


def _hmi_middle(cards: Cards) -> Time:
    return _needed(_first_card_time(cards, ("T_OBS",)), "T_OBS", cards)


def _phi_middle(cards: Cards) -> Time:
    return _needed(_first_card_time(cards, _DATE_AVG), "DATE-AVG", cards)


def check_launched(instrument: Instrument, time: Time) -> None:
    """Check that a time is after the launch of the instrument.

    Raises
    ------
    MissingMetadataError
        The time is before the launch: a placeholder.
    """
    if time.utc.isot < instrument.launch:  # ISO texts sort as their times
        raise MissingMetadataError(
            f"no time: {time.isot[:19]}, expected one after the launch on {instrument.launch}"
        )


def _calibrate_euvi(image: FitsImage) -> Calibrated:
    """Undo on-board division and subtract the bias, each exactly once.

    As SolarSoft's secchi_prep does in scc_icerdiv2, scc_sebip and get_biasmean.
    """
    pixels = _without_missing_blocks(image)
    reason = _why_without_bias(image)
    if reason:
        _check_bias_is_gone(pixels, image.cards, reason)
        return Calibrated(pixels, notes=(f"no bias was subtracted: {reason}",))
    binning = 4.0 ** (_ipsum(image.cards) - 1)
    bias = _bias_mean(image.cards) * binning
    factor = _on_board_divisor(image.cards, sky=_sky(pixels), bias=bias)
    calibrated = (pixels if factor == 1 else pixels * np.float32(factor)) - np.float32(bias)
    notes = [f"bias of {bias:.1f} DN subtracted"]
    if factor != 1:
        notes.insert(0, f"multiplied by {factor:g}, the divisor on board")
    return Calibrated(calibrated, EUVI_SATURATION_DN * binning - bias, notes=tuple(notes))


def _without_missing_blocks(image: FitsImage) -> Image:
    """Set missing blocks to NaN: they are NaN, BLANK or zero, or negative.

    With the bias in, no other pixel is zero or negative.
    """
    reported, has_bias = number(image.cards, "NMISSING") or 0, not _why_without_bias(image)
    if not reported and not has_bias:
        return image.pixels
    dark = image.pixels <= 0 if has_bias else image.pixels == 0
    empty = dark | ~np.isfinite(image.pixels)
    if reported and not empty.any():
        raise DamagedImageError(
            f"NMISSING is {reported:g}, but no pixel is zero, NaN or BLANK: expected the missing"
            " blocks to be marked"
        )
    return np.where(empty, np.float32(np.nan), image.pixels) if empty.any() else image.pixels


def _why_without_bias(image: FitsImage) -> str:
    """Evidence in the header that the bias was subtracted already; empty if there is none.

    SolarSoft's euvi_correction sets OFFSETCR and HISTORY where it subtracts the bias; with
    /BIAS_OFF it leaves OFFSETCR at 0.
    """
    offset = number(image.cards, "OFFSETCR")
    if offset is not None and offset > 0:
        return f"OFFSETCR says that {offset:g} DN are gone"
    on_board = _SUBTRACT_BIAS.intersection(_programs(image.cards))
    if on_board:
        return f"on-board program {min(on_board)} did"
    done = _SUBTRACTED.search(image.history)
    if done is None and offset is None:
        done = _PREPARED.search(image.history)
    return f"HISTORY says {done[0]!r}" if done else ""


def _check_bias_is_gone(pixels: Image, cards: Cards, reason: str) -> None:
    bias = max(number(cards, key) or 0.0 for key in ("BIASMEAN", "OFFSETCR"))
    if bias <= 0:
        return
    sky = _sky(pixels)
    if sky > BIAS_LEFT * bias:
        raise UnsupportedImageError(
            f"{reason}, but the sky is at {sky:.0f} DN and the bias is {bias:.0f} DN: expected a"
            " sky near zero"
        )


def _bias_mean(cards: Cards) -> float:
    bias = number(cards, "BIASMEAN")
    if bias is None or bias <= 0:
        raise MissingMetadataError(
            f"BIASMEAN is {cards.get('BIASMEAN')!r}, expected the bias of a level-0 image"
        )
    return bias


def _ipsum(cards: Cards) -> float:
    """On-board binning IPSUM: 1 is none, 2 is 2 by 2, 3 is 4 by 4."""
    value = number(cards, "IPSUM")
    if value is None:
        return 1.0
    if not 1 <= value <= 6:
        raise ImplausibleGeometryError(f"IPSUM is {value:g}, expected 1 to 6")
    return value


def _programs(cards: Cards) -> list[int]:
    """On-board image-processing functions in order, from 20 fields of three characters."""
    line = cards.get("IP_00_19", "")
    if isinstance(line, str) and line.strip():
        line = line.rjust(60)
        fields = [line[start : start + 3].strip() for start in range(0, 60, 3)]
    else:
        fields = [str(cards.get(f"IP_PROG{index}", "")) for index in range(10)]
    return [int(field) for field in fields if field.isdecimal() and int(field)]


def _on_board_divisor(cards: Cards, sky: float, bias: float) -> float:
    """On-board divisor that is still to be undone."""
    programs = _programs(cards)
    if _SPACE_WEATHER in programs:
        programs = programs[programs.index(_SPACE_WEATHER) :]
    if _SQUARE_ROOT in programs:
        raise UnsupportedImageError("square root taken on board, expected a linear image")
    factor = float(math.prod(_DIVISORS.get(program, 1) for program in programs))
    if cards.get("DIV2CORR") in (True, "T"):
        factor /= 2 if _HALVE in programs else 1
    elif programs and programs[-1] in _ICER:
        # ICER halves conditionally, possibly without a program that records it. The level of the
        # sky, which is the bias, shows whether it did.
        asked = programs[-2:-1] == [_HALVE]
        if asked and sky * factor > SKY_RATIO[1] * bias:
            factor /= 2
        elif not asked and sky * factor < SKY_RATIO[0] * bias:
            factor *= 2
    _check_sky(sky * factor, bias)
    return factor


def _check_sky(sky: float, bias: float) -> None:
    low, high = SKY_RATIO
    if not low * bias <= sky <= high * bias:
        side = "below" if sky < bias else "above"
        raise UnsupportedImageError(
            f"sky at {sky:.0f} DN lies far {side} the bias of {bias:.0f} DN that the header says is"
            " still in the image: expected level 0, or secchi_prep with its bias subtracted"
        )


def _sky(pixels: Image) -> float:
    """Sky level: first percentile of the image, DN."""
    sample = pixels[::4, ::4]
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        raise DamagedImageError("no pixel has a value")
    return float(np.percentile(sample, 1))


def _calibrate_aia(image: FitsImage) -> Calibrated:
    return Calibrated(image.pixels, AIA_SATURATION_DN)


def _calibrate_gong(image: FitsImage) -> Calibrated:
    return Calibrated(without_sky(image), limit=MAX_FIELD_GAUSS)


def _calibrate_field(image: FitsImage) -> Calibrated:
    return Calibrated(image.pixels, limit=MAX_FIELD_GAUSS)


_EUVI = {
    f"STEREO_{letter}": Instrument(
        name=f"EUVI-{letter}",
        bands=EUVI_BANDS,
        unit="DN",
        launch="2006-10-26",
        middle=_euvi_middle,
        calibrate=_calibrate_euvi,
        quality_bits={},
        at_earth=False,
    )
    for letter in "AB"
}
_AIA = Instrument(
    name="AIA",
    bands=AIA_BANDS,
    unit="DN",
    launch="2010-02-11",
    middle=_aia_middle,
    calibrate=_calibrate_aia,
    quality_bits=_AIA_BITS,
    near_real_time=AIA_NEAR_REAL_TIME,
    usable=AIA_USABLE,
)
_HMI = Instrument(
    name="HMI",
    bands=("LOS",),
    unit="Gauss",
    launch="2010-02-11",
    middle=_hmi_middle,
    calibrate=_calibrate_field,
    quality_bits=_HMI_BITS,
    near_real_time=HMI_NEAR_REAL_TIME,
    usable=HMI_USABLE,
)
# QUALITY of a restored image holds Farside's bits; HMI's were checked before it was restored.
_RESTORED_HMI = replace(_HMI, quality_bits={})
_MDI = Instrument(
    name="MDI",
    bands=("LOS",),
    unit="Gauss",
    launch="1995-12-02",
    middle=_hmi_middle,
    calibrate=_calibrate_field,
    quality_bits=_MDI_BITS,
    usable=MDI_USABLE,
    sunward=0.01,
)
_PHI = Instrument(
    name="PHI-FDT",
    bands=("LOS",),
    unit="Gauss",
    launch="2020-02-10",
    middle=_phi_middle,
    calibrate=_calibrate_field,
    quality_bits={},
    at_earth=False,
)
_GONG = Instrument(
    name="GONG",
    bands=("LOS",),
    unit="Gauss",
    launch="1995-05-01",
    middle=_hmi_middle,
    calibrate=_calibrate_gong,
    quality_bits={},
)
