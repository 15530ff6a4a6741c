"""Plots of a modelled solar wind."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from farside.corona.wind import SolarWind
from farside.plots._png import png
from farside.plots.caveat import training_caveat
from farside.quality import Quality
from farside.sun.carrington_grid import Map
from farside.sun.carrington_rotation import central_longitude_deg

SLOWEST_KM_S, FASTEST_KM_S = 250.0, 800.0
"""Limits of the colour scale of speeds, the range of both laws."""


def draw_wind(wind: SolarWind, quality: Quality = Quality.GOOD) -> bytes:
    """Render speed and radial field at 0.1 au over Carrington coordinates as PNG.

    Parameters
    ----------
    quality
        Quality of the photospheric map.
    """
    figure = Figure(figsize=(11, 8.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    speed = _show(upper, wind, wind.speed_km_s, "viridis", SLOWEST_KM_S, FASTEST_KM_S)
    figure.colorbar(speed, ax=upper, label="speed, km/s", pad=0.01, extend="max")
    limit = float(np.percentile(np.abs(wind.field_nt), 99))
    field = _show(lower, wind, wind.field_nt, "RdBu_r", -limit, limit)
    figure.colorbar(field, ax=lower, label="radial field, nT", pad=0.01, extend="both")
    lower.set_xlabel("Carrington longitude, deg")
    figure.suptitle(f"Solar wind at 0.1 au, {wind.time.utc.isot[:19]} UT, law of {wind.law.name}")
    figure.supxlabel(training_caveat(quality), fontsize=8)
    return png(figure)


def _show(
    axes: Axes, wind: SolarWind, values: Map, colours: str, least: float, greatest: float
) -> AxesImage:
    """Draw a map with the current sheet and the Earth's meridian."""
    image = axes.imshow(
        values,
        origin="lower",
        cmap=colours,
        vmin=least,
        vmax=greatest,
        extent=(0, 360, -90, 90),
        aspect="auto",
        interpolation="nearest",
    )
    longitude, latitude = wind.grid.longitude_deg, wind.grid.latitude_deg
    axes.contour(longitude, latitude, wind.field_nt, levels=[0.0], colors="k", linewidths=1.2)
    earth_deg = central_longitude_deg(wind.time)
    axes.axvline(earth_deg, color="k", linestyle=":")
    axes.annotate("Earth", (earth_deg, 90), ha="center", va="bottom", fontsize=8)
    axes.set_ylabel("latitude, deg")
    axes.set_yticks(range(-90, 91, 30))
    axes.set_xticks(range(0, 361, 30))
    return image
