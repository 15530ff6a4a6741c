"""Plot of the inner boundary of the heliosphere."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from farside.plots._png import png
from farside.solarwind.euhforia import Boundary


def draw_boundary(boundary: Boundary) -> bytes:
    """Render speed and radial field of a boundary file as PNG, Earth at longitude 0."""
    longitude_deg = np.degrees(boundary.longitude_rad)
    latitude_deg = 90 - np.degrees(boundary.colatitude_rad)
    field_nt = boundary.radial_field_t * 1e9
    limit = float(np.abs(field_nt).max()) or 1.0
    figure = Figure(figsize=(11, 8.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    speed = upper.pcolormesh(longitude_deg, latitude_deg, boundary.speed_m_s / 1e3)
    field = lower.pcolormesh(
        longitude_deg, latitude_deg, field_nt, cmap="RdBu_r", vmin=-limit, vmax=limit
    )
    figure.colorbar(speed, ax=upper, label="speed, km/s", pad=0.01)
    figure.colorbar(field, ax=lower, label="radial field, nT", pad=0.01)
    for axes in (upper, lower):
        axes.set_ylabel("latitude, deg (HEEQ)")
    lower.set_xlabel("longitude, deg (HEEQ: Earth at 0)")
    figure.suptitle(f"Solar wind at 0.1 au, {boundary.time.utc.isot[:19]} UT")
    return png(figure)
