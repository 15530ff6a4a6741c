"""Pipeline from FITS files to a far-side magnetogram or to a map of the whole Sun: start here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

import numpy as np
from astropy.time import Time

from farside.disk.registration import register
from farside.errors import DuplicateChannelError, FileTooLargeError
from farside.io.source import Source
from farside.magnetogram.encoding import decode, encode, input_shape
from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import Rendering, Stack, accepted, assemble
from farside.magnetogram.tiling import infer_in_tiles
from farside.magnetogram.uncertainty import add_uncertainty
from farside.model.engine import Engine, Model, find_model
from farside.model.recipe import SYNOPTIC_MAP, NativeTiling, Recipe
from farside.observation.image import Observation
from farside.observation.read import read_each
from farside.progress import Progress, Timer, no_progress, no_timer
from farside.synchronic.base import is_map, read_base
from farside.synchronic.disk import (
    MAP_GRID,
    MapDisk,
    generated_disk,
    observed_disk,
    read_generated,
    read_observed,
)
from farside.synchronic.map import BaseMap, SynchronicMap
from farside.synchronic.merge import synchronic
from farside.synchronic.view import disk_of_map

MAX_MAP_PIXELS = 2**26
"""Maximum number of pixels of all disks of one map: thirty of 1024² with their errors, 256 MiB."""


def generate(
    observations: Sequence[Source | Observation],
    references: Sequence[Source | Observation | BaseMap | SynchronicMap],
    model: str,
    engine: Engine,
    progress: Progress = no_progress,
) -> Magnetogram:
    """Generate a magnetogram by a model that `engine` has loaded, see :func:`farside.generate`."""
    loaded = find_model(engine, model)
    stack = prepare(observations, references, loaded.recipe)
    return translate_batch([stack], loaded, engine, progress=progress)[0]


def prepare(
    observations: Sequence[Source | Observation],
    references: Sequence[Source | Observation | BaseMap | SynchronicMap],
    recipe: Recipe,
    timer: Timer = no_timer,
) -> Stack:
    """Read, check and register the files: all steps before the network.

    Raises
    ------
    InputError, SetError
        A file cannot be used, or the files do not form a set.
    """
    with timer("read"):
        observed = accepted(read_each(observations), "observation", recipe)
        images, synoptic_map = _images_and_map(references, recipe)
        referred = accepted(read_each(images), "reference", recipe)
    with timer("register"):
        return assemble(observed, referred, recipe, synoptic_map)


def _images_and_map(
    references: Sequence[Source | Observation | BaseMap | SynchronicMap], recipe: Recipe
) -> tuple[list[Source | Observation], Rendering | None]:
    """Divide references into images and, for a Recipe that takes one, a synoptic map."""
    takes_maps = any(SYNOPTIC_MAP in channel.accepts for channel in recipe.channels)
    images: list[Source | Observation] = []
    maps: list[BaseMap] = []
    for each in references:
        if isinstance(each, BaseMap | SynchronicMap):
            maps.append(_base_map(each))
        elif takes_maps and not isinstance(each, Observation) and is_map(each):
            maps.append(read_base(each))
        else:
            images.append(each)
    if len(maps) > 1:
        names = tuple(f"{each.instrument} map {each.name}".strip() for each in maps)
        raise DuplicateChannelError(
            f"{len(maps)} synoptic maps as reference: got {', '.join(names)}, expected one", names
        )
    return images, partial(disk_of_map, maps[0]) if maps else None


def translate(stack: Stack, model: Model, engine: Engine) -> Magnetogram:
    """Run the network on one stack: all steps after registration.

    Raises
    ------
    DamagedImageError, EngineError
        A disk cannot be scaled, or inference failed.
    """
    return translate_batch([stack], model, engine)[0]


def translate_batch(
    stacks: Sequence[Stack],
    model: Model,
    engine: Engine,
    timer: Timer = no_timer,
    progress: Progress = no_progress,
) -> list[Magnetogram]:
    """Run the network on several stacks in one forward pass.

    Raises
    ------
    DamagedImageError, EngineError
        A disk cannot be scaled, or inference failed; no stack is translated then.
    """
    ones = [slice(index, index + 1) for index in range(len(stacks))]
    tiling = model.recipe.grid
    if isinstance(tiling, NativeTiling):
        return [
            _translate_in_tiles(stack, model, engine, tiling, timer, progress) for stack in stacks
        ]
    with timer("encode"):
        tensor = engine.buffer(model.handle, len(stacks))
        inputs = [
            encode(stack, model.recipe, out=tensor[one])
            for stack, one in zip(stacks, ones, strict=True)
        ]
    with timer("infer"):
        answers = engine.infer(model.handle, tensor)
    with timer("decode"):
        made = [
            decode(answers[one], stack, given, model, engine)
            for stack, given, one in zip(stacks, inputs, ones, strict=True)
        ]
        return [
            add_uncertainty(one, stack, model.recipe)
            for one, stack in zip(made, stacks, strict=True)
        ]


def _translate_in_tiles(
    stack: Stack,
    model: Model,
    engine: Engine,
    tiling: NativeTiling,
    timer: Timer,
    progress: Progress,
) -> Magnetogram:
    with timer("encode"):
        image = np.empty(input_shape(stack, model.recipe), np.float32)
        inputs = encode(stack, model.recipe, out=image)
    with timer("infer"):
        answer = infer_in_tiles(engine, model, image, tiling, progress)
    with timer("decode"):
        return decode(answer, stack, inputs, model, engine)


def map_sun(
    observed: Sequence[Source | Observation],
    generated: Sequence[Source | Magnetogram],
    base: Source | SynchronicMap | BaseMap | None = None,
    time: Time | None = None,
    *,
    allow_saturating: bool = False,
) -> SynchronicMap:
    """Merge magnetograms and a base map into one map, see :func:`farside.synchronic_map`."""
    disks = _held(chain(map(_measured, observed), map(_generated, generated)))
    return synchronic(disks, _base(base), time, allow_saturating=allow_saturating)


def _measured(given: Source | Observation) -> MapDisk:
    if isinstance(given, Observation):
        return observed_disk(register(given, MAP_GRID))
    return read_observed(given)


def _generated(given: Source | Magnetogram) -> MapDisk:
    return generated_disk(given) if isinstance(given, Magnetogram) else read_generated(given)


def _base(given: Source | SynchronicMap | BaseMap | None) -> BaseMap | None:
    if isinstance(given, BaseMap | SynchronicMap):
        return _base_map(given)
    return None if given is None else read_base(given)


def _base_map(given: SynchronicMap | BaseMap) -> BaseMap:
    if isinstance(given, SynchronicMap):
        return replace(given.to_base_map(), quality=given.quality)
    return given


def _held(disks: Iterable[MapDisk]) -> list[MapDisk]:
    """Collect the disks one after another, up to :data:`MAX_MAP_PIXELS`."""
    held: list[MapDisk] = []
    pixels = 0
    for disk in disks:
        pixels += disk.image.size * (1 if disk.sigma is None else 2)
        if pixels > MAX_MAP_PIXELS:
            raise FileTooLargeError(
                f"{disk}: the {len(held) + 1} disks up to here have {pixels} pixels, expected at "
                f"most {MAX_MAP_PIXELS}",
                (str(disk),),
            )
        held.append(disk)
    return held
