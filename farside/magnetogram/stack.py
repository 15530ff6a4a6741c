"""Assemble the input of a model: match images to the Recipe's channels, check, register, align."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import astropy.units as u
from astropy.time import Time

from farside.disk.native_pixels import NativeGrid, NativeImage, in_native_pixels
from farside.disk.registration import Disk, register
from farside.disk.reproject import reproject_disks
from farside.errors import (
    DuplicateChannelError,
    IncompleteSetError,
    ReferenceEpochError,
    TimesApartError,
    UnexpectedImageError,
)
from farside.model.recipe import SYNOPTIC_MAP, Channel, NativeTiling, Recipe, Role
from farside.observation.image import Observation, Origin
from farside.quality import Quality
from farside.sun.grid import Grid
from farside.sun.observer import Observer, View
from farside.sun.reference_epoch import hours_apart, mean_time, nearest_epoch
from farside.sun.times import format_duration

SPACECRAFT = {
    "EUVI-A": "STEREO_A",
    "EUVI-B": "STEREO_B",
    "AIA": "SDO",
    "HMI": "SDO",
    "DRAWING": "EARTH",
}
"""Spacecraft of each instrument, by its name in the AISFM product."""


Rendering = Callable[[Grid, View], Disk]
"""Renders a synoptic map as the magnetogram of a view, with the mean age of what the disk shows."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Input of one forward pass of a network, in physical units.

    Attributes
    ----------
    disks
        One for each channel of the Recipe, in its order, None for an optional channel without an
        image; references in the view that the Recipe asks for. Empty in native pixels.
    time, observer, spacecraft
        View to be generated: mean time of the observations, and the position they were taken from.
    quality
        Flags of all inputs, of the reference's lag, and of the Recipe's training.
    native
        Image in the instrument's own pixels, for a Recipe in native pixels.
    """

    disks: tuple[Disk | None, ...]
    time: Time
    observer: Observer
    spacecraft: str
    quality: Quality
    native: NativeImage | None = None

    @property
    def images(self) -> Sequence[Disk | NativeImage | None]:
        """Images for the network, one for each channel of the Recipe; None where one is missing."""
        return (self.native,) if self.native else self.disks

    @property
    def given(self) -> tuple[Disk, ...]:
        """Disks without the missing ones."""
        return tuple(disk for disk in self.disks if disk is not None)

    @property
    def grid(self) -> Grid | NativeGrid:
        """Grid of the product."""
        return self.native.grid if self.native else self.given[0].grid


def assemble(
    observations: Sequence[Observation | Disk],
    references: Sequence[Observation | Disk],
    recipe: Recipe,
    synoptic_map: Rendering | None = None,
) -> Stack:
    """Match images to channels, check their times and spacecraft, register and align them.

    Disks are those of :func:`accepted`.

    Parameters
    ----------
    synoptic_map
        Map in place of the reference magnetogram, for a Recipe that accepts one.

    Raises
    ------
    UnexpectedImageError, DuplicateChannelError, IncompleteSetError
        An image that no channel takes, two for one channel, a channel without one that is not
        optional, or no observation.
    TimesApartError
        Images of one role are further apart than ``recipe.timing.spread_hours``, or from two
        spacecraft.
    ReferenceEpochError
        A reference is further from the epoch of Eq. 5 than ``recipe.timing.greatest_lag_hours``.
    """
    given: dict[Role, Sequence[Observation | Disk]] = {
        "observation": accepted(observations, "observation", recipe),
        "reference": accepted(references, "reference", recipe),
    }
    chosen = [
        _only_image_for(channel, given[channel.role], recipe, synoptic_map)
        for channel in recipe.channels
    ]
    if not observations:
        raise IncompleteSetError(f"got no observation; {_wants(recipe)}")
    observed = [image.origin for image in observations]
    referred = [image.origin for image in references]
    _refuse_two_spacecraft(observed)
    _refuse_spread("observation", observed, recipe)
    _refuse_spread("reference", referred, recipe)
    mean = mean_time([origin.time for origin in observed])
    time = Time(mean.utc.isot, format="isot", scale="utc")  # to the millisecond
    view = min(observed, key=lambda origin: hours_apart(origin.time, time))
    _refuse_far_epoch(referred, time, view.observer, recipe)
    disks: tuple[Disk | None, ...] = ()
    native = None
    if isinstance(recipe.grid, NativeTiling):
        if isinstance(chosen[0], Observation):
            native = in_native_pixels(chosen[0], recipe.grid)
    else:
        registered = [image if isinstance(image, Disk) else None for image in chosen]
        disks = align(registered, recipe, view.observer, time)
    if synoptic_map:
        rendered = synoptic_map(recipe.disk, View(view.observer, time))
        disks = _with_map(disks, rendered, recipe)
        referred = [*referred, rendered.origin]
    return Stack(
        disks=disks,
        time=time,
        observer=view.observer,
        spacecraft=_spacecraft(view),
        quality=reduce(or_, (origin.quality for origin in (*observed, *referred)))
        | _quality_of_reference([image.origin for image in references], time, view.observer, recipe)
        | _quality_of_training(referred, time, recipe)
        | (Quality.MISSING_CHANNEL if None in disks else Quality.GOOD)
        | (Quality.MAP_REFERENCE if synoptic_map else Quality.GOOD),
        native=native,
    )


def accepted(
    images: Iterable[Observation | Disk], role: Role, recipe: Recipe
) -> list[Observation | Disk]:
    """Collect the images of one role, each checked and registered before the next one is read.

    At most one image is held in its own pixels, unless the Recipe is in native pixels; then one
    image more than it has channels.

    Raises
    ------
    UnexpectedImageError, DuplicateChannelError
        No channel accepts an image, or two images match one channel.
    DamagedImageError
        An image cannot be registered.
    """
    taken: list[Observation | Disk] = []
    for image in images:
        _refuse_unexpected(role, image, recipe)
        for channel in recipe.channels:
            if channel.role == role:
                _refuse_two(channel, _fitting(channel, [*taken, image]))
        if isinstance(image, Observation) and not isinstance(recipe.grid, NativeTiling):
            taken.append(register(image, recipe.disk))
        else:
            taken.append(image)
        del image  # before the next one is read
    return taken


def _with_map(
    disks: Sequence[Disk | None], rendered: Disk, recipe: Recipe
) -> tuple[Disk | None, ...]:
    """Put a rendered map into the channel that accepts one."""
    name = str(rendered.origin)
    takers = [i for i, channel in enumerate(recipe.channels) if SYNOPTIC_MAP in channel.accepts]
    if not takers:
        raise UnexpectedImageError(
            f"{name}, a synoptic map, given as reference: no channel takes it; {_wants(recipe)}",
            (name,),
        )
    there = disks[takers[0]]
    if there:
        raise DuplicateChannelError(
            f"2 images for {recipe.channels[takers[0]]}: got {there.origin} and {name}, "
            "expected one",
            (str(there.origin), name),
        )
    return (*disks[: takers[0]], rendered, *disks[takers[0] + 1 :])


def align(
    disks: Sequence[Disk | None], recipe: Recipe, observer: Observer, time: Time
) -> tuple[Disk | None, ...]:
    """Rotate the references into the view to be generated, where the Recipe asks for it.

    Parameters
    ----------
    disks
        One for each channel of the Recipe, in its order, or None. Those aligned before stay as
        they are.
    observer, time
        View to be generated.

    Raises
    ------
    ValueError
        A reference was reprojected to another view before.
    """
    if recipe.reference_view == "own":
        return tuple(disks)
    rotated = iter(reproject_disks(_references(disks, recipe), observer, time))
    return tuple(
        next(rotated) if disk and channel.role == "reference" else disk
        for disk, channel in zip(disks, recipe.channels, strict=True)
    )


def _references(disks: Sequence[Disk | None], recipe: Recipe) -> list[Disk]:
    pairs = zip(disks, recipe.channels, strict=True)
    return [disk for disk, channel in pairs if disk and channel.role == "reference"]


def _refuse_unexpected(role: Role, image: Observation | Disk, recipe: Recipe) -> None:
    origin = image.origin
    if not any(c.takes(role, origin.instrument, origin.band) for c in recipe.channels):
        raise UnexpectedImageError(
            f"{origin} given as {role}: no channel takes it; {_wants(recipe)}", (str(origin),)
        )


def _fitting(channel: Channel, images: Sequence[Observation | Disk]) -> list[Observation | Disk]:
    return [i for i in images if channel.takes(channel.role, i.origin.instrument, i.origin.band)]


def _refuse_two(channel: Channel, fitting: Sequence[Observation | Disk]) -> None:
    names = tuple(str(image.origin) for image in fitting)
    if len(fitting) > 1:
        raise DuplicateChannelError(
            f"{len(fitting)} images for {channel}: got {', '.join(names)}, expected one", names
        )


def _only_image_for(
    channel: Channel,
    images: Sequence[Observation | Disk],
    recipe: Recipe,
    synoptic_map: Rendering | None,
) -> Observation | Disk | None:
    fitting = _fitting(channel, images)
    mapped = synoptic_map is not None and SYNOPTIC_MAP in channel.accepts
    if not fitting and not channel.optional and not mapped:
        raise IncompleteSetError(f"no image for {channel}; {_wants(recipe)}")
    return next(iter(fitting), None)


def _wants(recipe: Recipe) -> str:
    return f"{recipe.name} wants {', '.join(map(_wanted, recipe.channels))}"


def _wanted(channel: Channel) -> str:
    return f"{channel} (optional)" if channel.optional else str(channel)


def _spacecraft(origin: Origin) -> str:
    return SPACECRAFT.get(origin.instrument, origin.instrument)


def _refuse_two_spacecraft(observed: Sequence[Origin]) -> None:
    spacecraft = sorted({_spacecraft(origin) for origin in observed})
    if len(spacecraft) > 1:
        raise TimesApartError(
            f"observations from {' and '.join(spacecraft)}: expected one spacecraft",
            tuple(map(str, observed)),
        )


def _refuse_spread(role: Role, origins: Sequence[Origin], recipe: Recipe) -> None:
    if not origins:
        return
    first, last = min(origins, key=_when), max(origins, key=_when)
    hours = hours_apart(first.time, last.time)
    if hours > recipe.timing.spread_hours:
        raise TimesApartError(
            f"images given as {role} are too far apart: got {format_duration(hours)} from {first} "
            f"to {last}, expected at most {format_duration(recipe.timing.spread_hours)}",
            (str(first), str(last)),
        )


def _refuse_far_epoch(
    referred: Sequence[Origin], time: Time, observer: Observer, recipe: Recipe
) -> None:
    for origin in referred:
        wanted = nearest_epoch(origin.time, time, observer.longitude_deg)
        hours = hours_apart(origin.time, wanted)
        if hours > recipe.timing.greatest_lag_hours:
            raise ReferenceEpochError(
                f"{origin} given as reference: got {format_duration(hours)} from the epoch of "
                f"Eq. 5, expected at most {format_duration(recipe.timing.greatest_lag_hours)} from "
                f"{wanted.isot[:19]}",
                (str(origin),),
            )


def _quality_of_reference(
    referred: Sequence[Origin], time: Time, observer: Observer, recipe: Recipe
) -> Quality:
    usual = recipe.timing.usual_lag_hours
    late = any(
        hours_apart(origin.time, nearest_epoch(origin.time, time, observer.longitude_deg)) > usual
        for origin in referred
    )
    return Quality.OLD_REFERENCE if late else Quality.GOOD


def _quality_of_training(referred: Sequence[Origin], time: Time, recipe: Recipe) -> Quality:
    training = recipe.training
    first, last = (day.isoformat() for day in training.dates)
    quality = Quality.GOOD if first <= time.isot[:10] <= last else Quality.OUTSIDE_TRAINING
    if training.data == "SIMULATED":
        quality |= Quality.SIMULATED_TRAINING
    youngest, oldest = training.reference_age_days
    margin = recipe.timing.usual_lag_hours / 24
    for origin in referred:
        age_days = float((time - origin.time).to_value(u.day))
        if not youngest - margin <= age_days <= oldest + margin:
            quality |= Quality.OUTSIDE_TRAINING
    return quality


def _when(origin: Origin) -> Time:
    return origin.time
