"""What replaced the regular inputs of a magnetogram, in words for its HISTORY."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from farside.quality import Quality
from farside.sun.reference_epoch import hours_apart, nearest_epoch
from farside.sun.times import format_duration

if TYPE_CHECKING:
    from farside.magnetogram.magnetogram import Magnetogram


def describe_substitutes(made: Magnetogram) -> Iterator[str]:
    """Describe each missing channel, a synoptic map as reference, and references off the epoch."""
    for channel in made.missing:
        yield f"no image for {channel}: the model worked without it"
    references = [given.origin for given in made.inputs if given.role == "reference"]
    if Quality.MAP_REFERENCE in made.quality:
        for origin in references:
            if origin.band == "LOS":
                yield f"reference magnetogram rendered from the synoptic map {origin}"
    elif Quality.OLD_REFERENCE in made.quality:
        for origin in references:
            epoch = nearest_epoch(origin.time, made.time, made.observer.longitude_deg)
            apart = format_duration(hours_apart(origin.time, epoch))
            yield f"{origin}: {apart} from the epoch of Eq. 5, {epoch.utc.isot[:19]}"
