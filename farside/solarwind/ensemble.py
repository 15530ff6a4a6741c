"""Extensions of an ADAPT file: parameters and statistics of its realisations."""

from __future__ import annotations

import numpy as np
from astropy.io import fits

from farside.io.cards import Column, table
from farside.solarwind.realisations import Realisations
from farside.sun.carrington_grid import CarringtonGrid, Map

MISSING = -9999.0
"""Value in ADAPT headers and tables of a number that is not known."""

POLAR_BANDS_DEG = ((62.0, 70.0), (70.0, 90.0), (62.0, 90.0))
"""Latitudes of ADAPT's polar means, found by reproducing the numbers of a real file."""

_TRANSPORT: tuple[Column, ...] = (
    ("sgSize", "1E", "radians"),
    ("sgLife", "1E", "hr"),
    ("magCutOff", "1E", "Gauss"),
    ("merid_N", "1E", "m/s"),
    ("merid_S", "1E", "m/s"),
    ("difrot_A_N", "1E", None),
    ("difrot_B_N", "1E", None),
    ("difrot_C_N", "1E", None),
    ("difrot_A_S", "1E", None),
    ("difrot_B_S", "1E", None),
    ("difrot_C_S", "1E", None),
    ("ranAmp", "1E", "Gauss"),
)
_STATISTICS: tuple[Column, ...] = (
    ("mnMapAll", "1E", "Gauss"),
    ("mnMapNH", "1E", "Gauss"),
    ("mnMapSH", "1E", "Gauss"),
    ("mnPol_60N", "1E", "Gauss"),
    ("mnPol_69N", "1E", "Gauss"),
    ("mnPol_6090N", "1E", "Gauss"),
    ("mnPol_60S", "1E", "Gauss"),
    ("mnPol_69S", "1E", "Gauss"),
    ("mnPol_6090S", "1E", "Gauss"),
)


def transport_table(count: int) -> fits.BinTableHDU:
    """Table of flux transport parameters, all missing, with a row for each realisation."""
    hdu = table("ensemParmInfo", _TRANSPORT, [(MISSING,) * len(_TRANSPORT)] * count)
    for number, (_, _, unit) in enumerate(_TRANSPORT, start=1):
        if unit is None:
            hdu.header[f"TUNIT{number}"] = " "
    return _named(hdu, "ensemParmInfo")


def statistics_table(name: str, stack: Realisations, grid: CarringtonGrid) -> fits.BinTableHDU:
    """Table of the means of each realisation."""
    return _named(table(name, _STATISTICS, [polar_means(each, grid) for each in stack]), name)


def deviation_plane(sigma_gauss: Map, count: int) -> fits.ImageHDU:
    """Plane of the standard deviation from which the realisations were drawn."""
    hdu = fits.ImageHDU(sigma_gauss.astype(np.float32), name="STDDEV")
    hdu.header["NFRAMES"] = (count, "frames drawn with this Std Dev")
    return hdu


def polar_means(values: Map, grid: CarringtonGrid) -> tuple[float, ...]:
    """Means of the sphere, the northern and southern hemisphere and the polar bands, gauss."""
    north = [band_mean(values, grid, *band) for band in POLAR_BANDS_DEG]
    south = [band_mean(values, grid, -high, -low) for low, high in POLAR_BANDS_DEG]
    halves = band_mean(values, grid, 0, 90), band_mean(values, grid, -90, 0)
    return band_mean(values, grid, -90, 90), *halves, *north, *south


def band_mean(values: Map, grid: CarringtonGrid, low_deg: float, high_deg: float) -> float:
    """Area-weighted mean between two latitudes."""
    inside = (grid.latitude_deg > low_deg) & (grid.latitude_deg < high_deg)
    area = grid.area[inside, 0]
    return float((values[inside].mean(axis=1) * area).sum() / area.sum())


def _named(hdu: fits.BinTableHDU, name: str) -> fits.BinTableHDU:
    """Set the name in ADAPT's mixed case, which astropy would put in capitals."""
    hdu.header["EXTNAME"] = name
    return hdu
