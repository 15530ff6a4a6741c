"""Phase maps of JSOC and GONG: a region lies where its file has it, with its strength."""

import io

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from farside.errors import InputError
from farside.seismology.phase_map import (
    HEMISPHERE_MILLIONTHS,
    SMOOTHING_DEG,
    read_phase_map,
    regions_of_phase,
)
from farside.seismology.regions import cosine_to
from farside.sun.carrington_rotation import central_longitude_deg

TIME = Time("2014-03-05T12:00:00")
VANTAGE, TILT = (central_longitude_deg(TIME) + 180) % 360, 7.2
PLACE = (VANTAGE + 40) % 360, 20.0
DEPTH_RAD, WIDTH_DEG = -0.3, 4.0


def phase_at(longitude_deg: np.ndarray, latitude_deg: np.ndarray) -> np.ndarray:
    """A region of Gaussian shape."""
    cosine = np.sin(np.radians(latitude_deg)) * np.sin(np.radians(PLACE[1])) + np.cos(
        np.radians(latitude_deg)
    ) * np.cos(np.radians(PLACE[1])) * np.cos(np.radians(longitude_deg - PLACE[0]))
    return np.asarray(DEPTH_RAD * np.exp((cosine - 1) / np.radians(WIDTH_DEG) ** 2))


def written(pixels: np.ndarray, **cards: object) -> bytes:
    hdu, file = fits.PrimaryHDU(pixels), io.BytesIO()
    hdu.header.update({"REF_L0": VANTAGE, "REF_B0": TILT} | cards)
    hdu.writeto(file)
    return file.getvalue()


def jsoc(**cards: object) -> bytes:
    longitude, latitude = np.meshgrid(np.arange(361.0), np.arange(-90.0, 91))
    far = np.cos(np.radians(latitude)) * np.cos(np.radians(longitude - VANTAGE)) > 0
    pixels = np.where(far, phase_at(longitude, latitude), np.nan).astype(np.float32)
    # As in a copy of a real file: these coordinates would put the far side on the near side.
    given = {"T_REC": "2014.03.05_12:00:00_TAI", "CRPIX1": 181.0, "CRVAL1": 0.0}
    return written(pixels, **given | cards)


def gong(**cards: object) -> bytes:
    west, north = np.meshgrid((np.arange(200) - 100) * 0.011, (np.arange(200) - 100) * 0.011)
    near = np.sqrt(np.maximum(1 - west**2 - north**2, 0))
    tilt = np.radians(TILT)
    sine = north * np.cos(tilt) + near * np.sin(tilt)
    meridian = np.arctan2(west, near * np.cos(tilt) - north * np.sin(tilt))
    phase = phase_at(VANTAGE + np.degrees(meridian), np.degrees(np.arcsin(np.clip(sine, -1, 1))))
    pixels = np.where(near > 0, phase, -0.4)
    given = {"X0": 100.0, "Y0": 100.0, "DAXIS1": 0.011, "DAXIS2": 0.011}
    given |= {"TIME0": "2014 03 05 00:00", "DTIME": 86400}  # type: ignore[dict-item]
    return written(pixels, **given | cards)


@pytest.mark.parametrize("made", [jsoc, gong], ids=["jsoc", "gong"])
def test_a_region_is_at_its_place_and_has_its_strength(made: object) -> None:
    phase = read_phase_map(made())  # type: ignore[operator]
    assert abs(float((phase.time - TIME).to_value("hour"))) < 0.1
    (region,) = regions_of_phase(phase).regions
    assert region.longitude_deg == pytest.approx(PLACE[0], abs=0.5)
    assert region.latitude_deg == pytest.approx(PLACE[1], abs=0.5)
    # ∫ of the smoothed Gaussian down to the outline at -0.08 rad.
    peak = DEPTH_RAD * WIDTH_DEG**2 / (WIDTH_DEG**2 + SMOOTHING_DEG**2)
    square_rad = np.radians(WIDTH_DEG) ** 2 + np.radians(SMOOTHING_DEG) ** 2
    whole = 2 * np.pi * square_rad * (-peak - 0.08)
    assert region.size == pytest.approx(whole / (4 * np.pi) * HEMISPHERE_MILLIONTHS, rel=0.05)
    assert not regions_of_phase(phase, region.size + 1).regions


@pytest.mark.parametrize("made", [jsoc, gong], ids=["jsoc", "gong"])
def test_the_near_side_is_not_covered(made: object) -> None:
    covered = regions_of_phase(read_phase_map(made())).covered  # type: ignore[operator]
    cosine = cosine_to(VANTAGE, TILT)
    assert not covered[cosine < 0.25].any()
    assert covered[cosine > 0.4].mean() > 0.98


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SIMPLE  =" + bytes(5000),
        written(np.zeros((100, 100), np.float32)),
        jsoc(T_REC="yesterday"),
        jsoc(REF_L0=VANTAGE + 180),
        jsoc(REF_B0=float(40)),
        gong(TIME0="2014 03 05"),
        gong(DTIME=-1),
        gong(DAXIS1=0.11),
        gong(X0="left"),
        gong(DAXIS1=0.006, DAXIS2=0.006),
        jsoc()[:-60_000],
        written(np.zeros((181, 361), np.float32), T_REC="2014.03.05_12:00:00_TAI"),
    ],
)
def test_a_map_that_contradicts_itself_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(InputError, match=r"phase\.fits: "):
        read_phase_map(data, "phase.fits")
