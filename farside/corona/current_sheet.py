"""Field beyond the source surface: Schatten's current sheet model.

Schatten (1971, Cosmic Electrodyn. 2, 232): the field is made to point outwards everywhere, is
continued as a potential field that vanishes at infinity, and gets its signs back along its lines.
"""

from __future__ import annotations

import numpy as np

from farside.corona.field import SphericalShell, sphere_points
from farside.corona.harmonics import UNIFORM, field_on_shell, harmonics_of
from farside.corona.pfss import PotentialField

OUTER_RADIUS = 14_959_787_070.0 / 695.7e6
"""Inner boundary of heliospheric models: 0.1 au in solar radii, 21.5."""

MAX_DEGREE = 60
"""Largest degree of the spherical harmonics (a choice): features of 3° on the interface."""

NODES, HEIGHTS = (181, 181), 45
"""Nodes of the shell in longitude and latitude, 2° by 1°, and in height, steps of 5 % in radius."""


def current_sheet(potential: PotentialField, interface: float) -> SphericalShell:
    """Unsigned field of the current sheet model from the interface to 0.1 au, outwards everywhere.

    With a_lm the harmonics of |B_r| on the interface R, B = -∇Ψ and
    Ψ = Σ a_lm R/(l+1) (R/r)^(l+1) Y_lm. The flux 4π r² <B_r> stays that of the interface.

    Parameters
    ----------
    interface
        Radius at which the sheet begins, solar radii: the source surface, or a little below it, so
        that the two fields overlap and lines bend less (Pomoell & Poedts 2018).

    Raises
    ------
    ValueError
        The interface is not between the photosphere and the source surface.
    """
    if not 1 < interface <= potential.source_surface:
        raise ValueError(
            f"current sheet from {interface} solar radii, expected more than 1 and at most the "
            f"source surface at {potential.source_surface}"
        )
    longitude, latitude = np.radians(UNIFORM.longitude_deg), np.radians(UNIFORM.latitude_deg)
    places = sphere_points(interface, longitude, latitude)
    unsigned = np.abs(potential.shell.field_at(places)[:, 2]).reshape(UNIFORM.shape)
    radius = np.geomspace(interface, OUTER_RADIUS, HEIGHTS)
    degree = np.arange(MAX_DEGREE + 1)[:, None]
    radial = (interface / radius) ** (degree + 2)
    harmonics = harmonics_of(unsigned, UNIFORM, MAX_DEGREE)
    return field_on_shell(harmonics, radial, radial / (degree + 1), radius, NODES)
