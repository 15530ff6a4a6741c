"""From a map of the Sun's field to its corona and the solar wind at 0.1 au.

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
    """All that is known above one map."""

    potential: PotentialField
    opened: OpenField
    wind: SolarWind


DEFAULT_HEIGHTS = Heights()


@one_blas_thread()
def corona(
    given: SynchronicMap | BaseMap, law: SpeedLaw = WSA, heights: Heights = DEFAULT_HEIGHTS
) -> Corona:
    """Solve for the field, find what is open, and let the wind blow.

    Raises
    ------
    DamagedImageError, DegenerateFieldError
        A map that no corona stands on.
    ValueError
        Heights in the wrong order.
    """
    potential = extrapolate(given, heights.source_surface)
    opened = open_field(potential)
    return Corona(potential, opened, solar_wind(potential, opened, law, heights.interface))
