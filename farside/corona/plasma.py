"""Wind at 0.1 au as inner boundary of heliospheric models: of EUHFORIA, and as WSA's file.

Laws of density, temperature and field of EUHFORIA: Pomoell & Poedts (2018, J. Space Weather Space
Clim. 8, A35), Sect. 2.2.
"""

from __future__ import annotations

import numpy as np

from farside.corona.wind import Heights, SolarWind
from farside.quality import Quality
from farside.solarwind.euhforia import Boundary
from farside.solarwind.velocity import VelocityMap
from farside.sun.angles import wrap_deg
from farside.sun.carrington_rotation import central_longitude_deg

FAST_KM_S = 675.0
"""Speed v_f of the fast wind."""

FAST_DENSITY_CM3 = 300.0
"""Number density n_f of the fast wind."""

FAST_TEMPERATURE_K = 0.8e6
"""Temperature T_f of the fast wind: with n_f a thermal pressure n k T of 3.3 nPa."""

FAST_FIELD_NT = 300.0
"""Radial field B_f of the fast wind."""

ROTATION_DEG = 10.0
"""Rotation of the Sun while the wind travels to 0.1 au without corotating."""


def inner_boundary(wind: SolarWind) -> Boundary:
    """Plasma and field that cross 0.1 au, in HEEQ coordinates.

    With v_f, n_f, T_f and B_f of the fast wind: n = n_f (v_f / v)², so that the kinetic energy is
    the same everywhere; T = T_f (v / v_f)², so that the thermal pressure is; B_r = ±B_f v / v_f,
    with the sign of the current sheet. Wind that left the Sun at a Carrington longitude arrives 10°
    east of it.
    """
    heeq = wrap_deg(wind.grid.longitude_deg - central_longitude_deg(wind.time) - ROTATION_DEG)
    order = np.argsort(heeq)
    # Rows run from south to north, colatitude from north to south.
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


def velocity_map(
    wind: SolarWind, heights: Heights, name: str = "", quality: Quality = Quality.GOOD
) -> VelocityMap:
    """Field and speed at 0.1 au as WSA's velocity file has them.

    Parameters
    ----------
    heights
        Heights of the model.
    name, quality
        File and quality of the photospheric map.
    """
    law = wind.law
    formula = (
        f"{law.slow_km_s}+{law.gain_km_s}/((1.0+fexp)**({law.expansion_power:.5f}))*(1.0-0.8*"
        f"math.exp(-(arc_ft_bd/{law.width_deg:.4g})**{law.width_power:g}))**3.0"
    )
    return VelocityMap(
        time=wind.time,
        field_nt=wind.field_nt,
        speed_km_s=wind.speed_km_s,
        law=formula + (f"-{law.later_km_s}" if law.later_km_s else ""),
        interface=heights.interface,
        source_surface=heights.source_surface,
        name=name,
        quality=quality,
    )
