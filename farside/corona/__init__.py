"""Corona above a map of the Sun's field, and the solar wind at 0.1 au.

::

    SynchronicMap ─extrapolate─▶ PotentialField ─open_field─▶ OpenField
                                       └─solar_wind─▶ SolarWind ─inner_boundary─▶ Boundary
"""

from __future__ import annotations

from dataclasses import dataclass

from farside.blas import one_blas_thread
from farside.corona.open_field import OpenField, open_field
from farside.corona.pfss import PotentialField, extrapolate, neutral_line
from farside.corona.plasma import inner_boundary
from farside.corona.wind import (
    EUHFORIA,
    EUHFORIA_HEIGHTS,
    FITTED,
    WSA,
    Heights,
    SolarWind,
    SpeedLaw,
    solar_wind,
)
from farside.synchronic.map import BaseMap, SynchronicMap

__all__ = [
    "EUHFORIA",
    "EUHFORIA_HEIGHTS",
    "FITTED",
    "WSA",
    "Corona",
    "Heights",
    "OpenField",
    "PotentialField",
    "SolarWind",
    "SpeedLaw",
    "corona",
    "extrapolate",
    "inner_boundary",
    "neutral_line",
    "open_field",
    "solar_wind",
]


@dataclass(frozen=True, eq=False)
class Corona:
    """Potential field, coronal holes and solar wind above one map."""

    potential: PotentialField
    opened: OpenField
    wind: SolarWind


DEFAULT_HEIGHTS = Heights()


@one_blas_thread()
def corona(
    given: SynchronicMap | BaseMap, law: SpeedLaw = WSA, heights: Heights = DEFAULT_HEIGHTS
) -> Corona:
    """Solve for the potential field of a map, find the open field, and derive the solar wind.

    Parameters
    ----------
    given
        Map of the radial field.
    law
        Law of the wind's speed.
    heights
        Source surface and interface to the current sheet.

    Raises
    ------
    DamagedImageError, DegenerateFieldError
        The map has values that are not finite, or no field that could make a corona.
    ValueError
        The heights are not in the order photosphere, interface, source surface.
    """
    potential = extrapolate(given, heights.source_surface)
    opened = open_field(potential)
    return Corona(potential, opened, solar_wind(potential, opened, law, heights.interface))
