"""Headers and file names of EUVI, AIA and HMI for simulated files.

Constant cards are those of EUVI level 0 and AIA level 1 files of 2011-02-15 and of HMI 720 s
magnetograms; the others depend on the scene. Housekeeping cards (temperatures, table versions) are
kept where a reader might use them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from astropy.io.fits import Header
from astropy.time import Time, TimeDelta

from farside.simulation.instruments.camera import Detector
from farside.sun.observer import ASTRONOMICAL_UNIT_M, Observer

CardValue = str | int | float | bool

EUVI_EXPOSURE_S = {"304": 4.0, "195": 8.0, "171": 16.0}
AIA_EXPOSURE_S = {"304": 2.9, "193": 2.0, "171": 2.0}
AIA_CAMERA = {"304": 4, "193": 2, "171": 3}
EUVI_BIAS = {"A": 724.5, "B": 688.2}


@dataclass(frozen=True)
class HmiSeries:
    """Series of HMI line-of-sight magnetograms at the JSOC.

    Attributes
    ----------
    name
        Name of the series in file names.
    instrume, camera
        INSTRUME and CAMERA cards.
    cadence_s
        Time between slots.
    """

    name: str
    instrume: str
    camera: int
    cadence_s: float

    def slot(self, time: Time) -> Time:
        """Nearest slot of the series, UTC; slots begin at 0 h TAI."""
        slots_a_day = 86400 / self.cadence_s
        middle = np.rint(time.tai.mjd * slots_a_day) / slots_a_day
        return Time(Time(middle, format="mjd", scale="tai").utc.isot)


M_720S = HmiSeries("m_720s", "HMI_COMBINED", 3, 720.0)
M_45S = HmiSeries("m_45s", "HMI_FRONT2", 2, 45.0)

JSOC_RADIUS_M = 696.0e6
SECCHI_RADIUS_M = 695.508e6


def time_after(time: Time, seconds: float) -> Time:
    """Time `seconds` after `time`, to the millisecond."""
    return Time((time + TimeDelta(seconds, format="sec")).isot, scale=time.scale)


def _radius_arcsec(observer: Observer, radius_m: float) -> float:
    return float(np.degrees(np.arcsin(radius_m / observer.distance_m)) * 3600)


def _compact(time: Time, form: str) -> str:
    moment: datetime = time.to_datetime()
    return moment.strftime(form)


def euvi_header(
    band: str, start: Time, observer: Observer, detector: Detector, side: str, summing: int
) -> Header:
    """Header of an EUVI level 0 image (bias included, not corrected for roll and offset).

    Parameters
    ----------
    band, start
        Band, and start of the exposure.
    observer, detector
        Position of the spacecraft, and pixels with their pointing.
    side
        Spacecraft, ``"A"`` or ``"B"``.
    summing
        Number of times the array was halved on board: IPSUM - 1.
    """
    exposure = EUVI_EXPOSURE_S[band]
    end = time_after(start, exposure)
    roll = np.radians(detector.roll_deg)
    middle = (detector.size_px - 1) / 2
    dx = (middle - detector.centre_px[0]) * detector.scale_arcsec
    dy = (middle - detector.centre_px[1]) * detector.scale_arcsec
    size = 2048 >> summing
    cards: dict[str, CardValue] = {
        "DATE-OBS": start.isot,
        "FILEORIG": f"{side}{_compact(start, '%m%d%H%M')}.448",
        "SEB_PROG": "NORMAL",
        "SYNC": True,
        "SPWX": summing > 0,
        "EXPCMD": exposure,
        "EXPTIME": exposure,
        "DSTART1": 1,
        "DSTOP1": size,
        "DSTART2": 1,
        "DSTOP2": size,
        "P1COL": 51,
        "P2COL": 2098,
        "P1ROW": 1,
        "P2ROW": 2048,
        "RECTIFY": True,
        "RECTROTA": 6 if side == "A" else 3,
        "LEDCOLOR": "NONE",
        "LEDPULSE": 0,
        "OFFSET": 600,
        "BIASMEAN": EUVI_BIAS[side],
        "BIASSDEV": 0.02,
        "GAINCMD": 1,
        "GAINMODE": "HIGH",
        "SUMMED": 1.0 + summing,
        "SUMROW": 1,
        "SUMCOL": 1,
        "CEB_T": 48,
        "TEMP_CCD": -70.3,
        "POLAR": -1.0,
        "WAVELNTH": int(band),
        "FILTER": "S1",
        "FPS_ON": True,
        "OBS_PROG": "",
        "DOORSTAT": 2,
        "IP_TIME": 15,
        "COMPRSSN": 94,
        "COMPFACT": 20.66,
        "NMISSING": 0,
        "MISSLIST": "",
        "DIV2CORR": True,
        "DISTCORR": False,
        "ORIGIN": "NRL",
        "DETECTOR": "EUVI",
        "OBJECT": "",
        "FILENAME": euvi_name(start, side, summing),
        "DATE": time_after(start, 2 * 86400).isot,
        "INSTRUME": "SECCHI",
        "OBSRVTRY": f"STEREO_{side}",
        "TELESCOP": "STEREO",
        "CCDSUM": 1.0,
        "IPSUM": 1.0 + summing,
        "DATE-CMD": start.isot,
        "DATE-AVG": time_after(start, exposure / 2).isot,
        "DATE-END": end.isot,
        "OBT_TIME": 0.0,
        "APID": 1092,
        "OBS_ID": 1624,
        "IP_PROG0": 41,
        "IP_PROG1": 76,
        "IP_PROG2": 1,
        "IP_PROG3": 94,
        "IP_PROG4": 0,
        "IP_00_19": " 41 76  1 94" + "  0" * 16,
        "OBSERVER": "",
        "BUNIT": "DN",
        "VERSION": 4,
        "EVENT": False,
        "N_IMAGES": 1,
        "OFFSETCR": 0.0,
        "DOWNLINK": "SW" if summing else "SSR1",
        "DSATVAL": 15000,
        "CRPIX1": middle + 1,
        "CRPIX2": middle + 1,
        "RSUN": _radius_arcsec(observer, SECCHI_RADIUS_M),
        "CTYPE1": "HPLN-TAN",
        "CTYPE2": "HPLT-TAN",
        "CRVAL1": float(dx * np.cos(roll) - dy * np.sin(roll)),
        "CRVAL2": float(dx * np.sin(roll) + dy * np.cos(roll)),
        "CROTA": detector.roll_deg,
        "PC1_1": float(np.cos(roll)),
        "PC1_2": float(-np.sin(roll)),
        "PC2_1": float(np.sin(roll)),
        "PC2_2": float(np.cos(roll)),
        "CUNIT1": "arcsec",
        "CUNIT2": "arcsec",
        "CDELT1": detector.scale_arcsec,
        "CDELT2": detector.scale_arcsec,
        "PV2_1": 0.0,
        "LONPOLE": 180,
        "CRLN_OBS": observer.carrington_longitude_deg(start),
        "CRLT_OBS": observer.latitude_deg,
        "HGLN_OBS": observer.longitude_deg,
        "HGLT_OBS": observer.latitude_deg,
        "DSUN_OBS": observer.distance_m,
    }
    return Header(list(cards.items()))


def euvi_name(start: Time, side: str, summing: int) -> str:
    """File name of an EUVI level 0 image: ``n4`` science, ``n7`` beacon; it has no band."""
    return f"{_compact(start, '%Y%m%d_%H%M%S')}_n{7 if summing else 4}eu{side}.fts"


def _jsoc_cards(start: Time, observer: Observer, detector: Detector) -> dict[str, CardValue]:
    return {
        "ORIGIN": "SDO/JSOC-SDP",
        "DATE": time_after(start, 4 * 86400).isot[:19],
        "CTYPE1": "HPLN-TAN",
        "CTYPE2": "HPLT-TAN",
        "CUNIT1": "arcsec",
        "CUNIT2": "arcsec",
        "CRVAL1": 0.0,
        "CRVAL2": 0.0,
        "CDELT1": detector.scale_arcsec,
        "CDELT2": detector.scale_arcsec,
        "CRPIX1": detector.centre_px[0] + 1,
        "CRPIX2": detector.centre_px[1] + 1,
        "CROTA2": detector.roll_deg,
        "DSUN_OBS": observer.distance_m,
        "DSUN_REF": ASTRONOMICAL_UNIT_M,
        "RSUN_REF": JSOC_RADIUS_M,
        "RSUN_OBS": _radius_arcsec(observer, JSOC_RADIUS_M),
        "CRLT_OBS": observer.latitude_deg,
        "OBS_VR": 2812.0,
        "OBS_VW": 30057.5,
        "OBS_VN": -3110.6,
        "QUALITY": 0,
    }


def aia_header(band: str, start: Time, observer: Observer, detector: Detector) -> Header:
    """Header of an AIA level 1 image."""
    exposure = AIA_EXPOSURE_S[band]
    pixels = detector.size_px**2
    cards = _jsoc_cards(start, observer, detector) | {
        "TELESCOP": "SDO/AIA",
        "INSTRUME": f"AIA_{AIA_CAMERA[band]}",
        "DETECTOR": "AIA",
        "DATE-OBS": start.isot[:22],
        "T_OBS": time_after(start, exposure / 2).isot[:22] + "Z",
        "T_REC": time_after(start, exposure / 2).isot[:19] + "Z",
        "CAMERA": AIA_CAMERA[band],
        "IMG_TYPE": "LIGHT",
        "EXPTIME": exposure,
        "EXPSDEV": 0.000132,
        "WAVELNTH": int(band),
        "WAVEUNIT": "angstrom",
        "WAVE_STR": f"{band}_THIN",
        "LVL_NUM": 1.0,
        "TOTVALS": pixels,
        "DATAVALS": pixels,
        "MISSVALS": 0,
        "PERCENTD": 100.0,
        "NSPIKES": 18263,
        "NSATPIX": 0,
        "PIXLUNIT": "DN",
        "DN_GAIN": 17.7,
        "QUALLEV0": 0,
        "ACS_MODE": "SCIENCE",
        "ACS_ECLP": "NO",
        "ACS_SUNP": "YES",
        "ACS_SAFE": "NO",
        "AECTYPE": 0,
        "AIAWVLEN": 7,
        "INST_ROT": 0.019327,
        "SAT_ROT": 8.6e-05,
        "R_SUN": _radius_arcsec(observer, JSOC_RADIUS_M) / detector.scale_arcsec,
        "HGLN_OBS": 0.0,
        "HGLT_OBS": observer.latitude_deg,
        "CRLN_OBS": observer.carrington_longitude_deg(start),
    }
    header = Header(list(cards.items()))
    for name in ("OSCNMEAN", "OSCNRMS"):
        header[name] = "nan"
    return header


def aia_name(band: str, start: Time) -> str:
    """File name under which the JSOC exports an AIA level 1 image."""
    return f"aia.lev1_euv_12s.{_compact(start, '%Y-%m-%dT%H%M%SZ')}.{band}.image_lev1.fits"


def hmi_header(
    middle: Time,
    observer: Observer,
    detector: Detector,
    values: int,
    series: HmiSeries = M_720S,
) -> Header:
    """Header of an HMI magnetogram, with the observer in Carrington coordinates.

    Parameters
    ----------
    middle
        Middle of the observation.
    observer, detector
        Position of SDO, and pixels with their pointing.
    values
        Number of pixels with a value.
    series
        Series of the JSOC.
    """
    tai = middle.tai
    slot = _compact(tai, "%Y.%m.%d_%H:%M:%S")
    cards = _jsoc_cards(middle, observer, detector) | {
        "TELESCOP": "SDO/HMI",
        "INSTRUME": series.instrume,
        "DATE-OBS": time_after(middle, -series.cadence_s / 2).isot[:22],
        "T_OBS": f"{slot}.{tai.isot[20:23]}_TAI",
        "T_REC": f"{slot}_TAI",
        "TRECEPOC": "1993.01.01_00:00:00_TAI",
        "TRECSTEP": series.cadence_s,
        "TRECUNIT": "secs",
        "CADENCE": series.cadence_s,
        "WAVELNTH": 6173.0,
        "CAMERA": series.camera,
        "BUNIT": "Gauss",
        "CONTENT": "MAGNETOGRAM",
        "TOTVALS": detector.size_px**2,
        "DATAVALS": values,
        "MISSVALS": detector.size_px**2 - values,
        "QUALLEV1": 0,
        "WCSNAME": "Helioprojective-cartesian",
        "CRLN_OBS": observer.carrington_longitude_deg(middle),
        "HGLN_OBS": "nan",
        "CSYSER1": "nan",
        "CSYSER2": "nan",
        "CRDER1": "nan",
        "CRDER2": "nan",
    }
    return Header(list(cards.items()))


def hmi_name(middle: Time, series: HmiSeries = M_720S) -> str:
    """File name under which the JSOC exports a magnetogram; prime keys are T_REC and CAMERA."""
    slot = _compact(middle.tai, "%Y%m%d_%H%M%S")
    return f"hmi.{series.name}.{slot}_TAI.{series.camera}.magnetogram.fits"


def with_bare_nan(file_bytes: bytes, names: tuple[str, ...]) -> bytes:
    """File with the text ``'nan'`` of some cards replaced by the bare ``nan`` of the JSOC."""
    for name in names:
        text = f"{name:<8}= 'nan     '".ljust(80).encode()
        bare = f"{name:<8}= {'nan':>20}".ljust(80).encode()
        file_bytes = file_bytes.replace(text, bare)
    return file_bytes
