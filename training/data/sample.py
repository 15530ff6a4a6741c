"""Sample: a pair as registered disks, and the model input made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from farside.disk.registration import Disk
from farside.errors import IncompleteSetError
from farside.magnetogram.stack import SPACECRAFT, Stack, align
from farside.model.recipe import Channel, Recipe
from training.data.pairing import Pair


@dataclass(frozen=True, eq=False)
class Sample:
    """Pair of sets as registered disks, with instrument, time and observer of each.

    Attributes
    ----------
    observed
        EUV disks of the target, in units of their medians.
    referenced
        EUV disks of the reference, then its magnetogram in gauss; none without a reference.
    truth
        Magnetogram of the target, gauss.
    pair
        Age, shift and split.
    seed
        Seed of the simulated Sun; None for real images.
    """

    observed: tuple[Disk, ...]
    referenced: tuple[Disk, ...]
    truth: Disk
    pair: Pair
    seed: int | None

    def stack(self, recipe: Recipe) -> Stack:
        """Model input of a Recipe: its channels, references in the view that it asks for.

        Raises
        ------
        IncompleteSetError
            A channel of the Recipe has no disk in this sample.
        """
        given = {"observation": self.observed, "reference": self.referenced}
        disks = [_disk_for(channel, given[channel.role], recipe) for channel in recipe.channels]
        there = [disk for disk in disks if disk]
        view = self.truth.origin
        return Stack(
            disks=align(disks, recipe, view.observer, view.time),
            time=view.time,
            observer=view.observer,
            spacecraft=SPACECRAFT.get(self.observed[0].origin.instrument, "SIMULATION"),
            quality=reduce(or_, (disk.origin.quality for disk in there)),
        )


def check_channels(observed: Sequence[str], referenced: Sequence[str], recipe: Recipe) -> None:
    """Refuse data that lack a channel of a Recipe; channels are named as in ``"AIA 304"``.

    Raises
    ------
    IncompleteSetError
        A channel of the Recipe is missing.
    """
    given = {"observation": observed, "reference": referenced}
    for channel in recipe.channels:
        names = given[channel.role]
        fits = any(channel.takes(channel.role, *name.split(" ")) for name in names)
        if not (fits or channel.optional):
            raise _missing(channel, names, recipe)


def _disk_for(channel: Channel, disks: Sequence[Disk], recipe: Recipe) -> Disk | None:
    for disk in disks:
        if channel.takes(channel.role, disk.origin.instrument, disk.origin.band):
            return disk
    if channel.optional:
        return None
    names = [f"{disk.origin.instrument} {disk.origin.band}" for disk in disks]
    raise _missing(channel, names, recipe)


def _missing(channel: Channel, names: Sequence[str], recipe: Recipe) -> IncompleteSetError:
    found = f"got {', '.join(names)} as {channel.role}"
    return IncompleteSetError(f"{recipe.name} {recipe.version}: {found}, expected {channel}")
