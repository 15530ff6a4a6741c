"""Observers of a synchronic map, by name."""

from __future__ import annotations

from farside.sun.observer import Observer, earth
from farside.synchronic.map import SynchronicMap


def observers(sun_map: SynchronicMap) -> dict[str, Observer]:
    """Observers by name: Earth, and the spacecraft far from it among the sources of a map."""
    found = {"Earth": earth(sun_map.time)}
    for source in sun_map.sources:
        for side in "AB":
            if source.observer and f"STEREO_{side}" in source.instrument:
                found[f"STEREO-{side}"] = source.observer
        if source.observer and source.instrument == "PHI-FDT":
            found["Solar Orbiter"] = source.observer
    return found
