"""The Disks that one Recipe asks for, in its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from astropy.time import Time

from farside.observation import Observation
from farside.observer import Observer
from farside.quality import Quality
from farside.recipe import Recipe
from farside.registration import Disk


@dataclass(frozen=True, eq=False)
class Stack:
    """What one forward of a network sees, in physical units.

    Attributes
    ----------
    disks
        One for each channel of the Recipe, in its order.
    time, observer, spacecraft
        The view to be generated: mean time of the observations, and who took them.
    quality
        Bits of all inputs, of the reference's lag, and of the Recipe's training.
    """

    disks: tuple[Disk, ...]
    time: Time
    observer: Observer
    spacecraft: str
    quality: Quality


def assemble(
    observations: Sequence[Observation], references: Sequence[Observation], recipe: Recipe
) -> Stack:
    """Give each channel its image, check that they belong together, and register them.

    Raises
    ------
    UnexpectedImageError, DuplicateChannelError, IncompleteSetError
        An image that no channel takes, two for one channel, a channel without one.
    TimesApartError
        Images of one role further apart than ``recipe.timing.spread_hours``, or of two spacecraft.
    ReferenceEpochError
        Reference further from the epoch of Eq. 5 than ``recipe.timing.greatest_lag_hours``.
    """
    raise NotImplementedError
