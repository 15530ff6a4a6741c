"""Density, temperature and field of the wind at 0.1 au: what a heliospheric model starts from.

The laws of EUHFORIA: Pomoell & Poedts (2018, J. Space Weather Space Clim. 8, A35), Sect. 2.2.
"""

from __future__ import annotations

import numpy as np

from farside.corona.wind import SolarWind
from farside.solarwind.euhforia import Boundary
from farside.sun.angles import folded_deg
from farside.sun.carrington_rotation import central_longitude_deg

FAST_KM_S = 675.0
"""Speed of the fast wind to which the next three belong."""

FAST_DENSITY_CM3 = 300.0

FAST_TEMPERATURE_K = 0.8e6
"""With the density, a thermal pressure n k T of 3.3 nPa."""

FAST_FIELD_NT = 300.0

ROTATION_DEG = 10.0
"""By which the Sun turns while the wind, which its field does not carry along, reaches 0.1 au."""


def inner_boundary(wind: SolarWind) -> Boundary:
    """Turn the map into the plasma that crosses 0.1 au, in the Earth's frame.

    With v_f, n_f, T_f and B_f of the fast wind: n = n_f (v_f / v)², the same kinetic energy
    everywhere; T = T_f (v / v_f)², the same thermal pressure; B_r = ±B_f v / v_f, with the sign of
    the current sheet. What has left the Sun at a Carrington longitude arrives 10° east of it.
    """
    heeq = folded_deg(wind.grid.longitude_deg - central_longitude_deg(wind.time) - ROTATION_DEG)
    order = np.argsort(heeq)
    # From south to north by longitude, to north to south in colatitude.
    speed = wind.speed_km_s[::-1, order]
    sign = np.sign(wind.field_nt[::-1, order])
    share = speed / FAST_KM_S
    return Boundary(
        time=wind.time,
        colatitude_rad=np.radians(90 - wind.grid.latitude_deg[::-1]),
        longitude_rad=np.radians(heeq[order]),
        speed_m_s=speed * 1e3,
        number_density_m3=FAST_DENSITY_CM3 * 1e6 / share**2,
        temperature_k=FAST_TEMPERATURE_K * share**2,
        radial_field_t=sign * FAST_FIELD_NT * 1e-9 * share,
    )
