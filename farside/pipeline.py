"""The story: FITS files in, a far-side magnetogram out; and from those, a map of the whole Sun."""

from __future__ import annotations

from collections.abc import Sequence

from astropy.time import Time

from farside.basemap import read_base
from farside.engine import Engine, Model, find_model
from farside.errormodel import with_errors
from farside.magnetogram import Magnetogram
from farside.mapdisk import read_generated, read_measured
from farside.observation import Source, read
from farside.recipe import Recipe
from farside.scaling import decode, encode
from farside.stack import Stack, assemble
from farside.stages import Timer, untimed
from farside.synchronic import synchronic
from farside.synchronicmap import SynchronicMap


def generate(
    observations: Sequence[Source], references: Sequence[Source], model: str, engine: Engine
) -> Magnetogram:
    """Make the magnetogram that the spacecraft of `observations` would have measured.

    Parameters
    ----------
    observations, references
        Files of the far-side spacecraft, and of the front side at the epoch of Eq. 5.
    model
        Name of a model that `engine` has loaded.

    Raises
    ------
    FarsideError
        Says which file or which part of the set is wrong.
    """
    loaded = find_model(engine, model)
    return translate(prepare(observations, references, loaded.recipe), loaded, engine)


def prepare(
    observations: Sequence[Source],
    references: Sequence[Source],
    recipe: Recipe,
    timer: Timer = untimed,
) -> Stack:
    """Read the files and register them: all that comes before the network.

    Raises
    ------
    InputError, SetError
        Of the first file that cannot be used, or of the files together.
    """
    with timer("read"):
        # One after another: unpacking Rice tiles in two threads takes longer.
        observed = [read(source) for source in observations]
        referred = [read(source) for source in references]
    with timer("register"):
        return assemble(observed, referred, recipe)


def translate(stack: Stack, model: Model, engine: Engine) -> Magnetogram:
    """Run the network on a stack: all that comes after the registration.

    Raises
    ------
    DamagedImageError, EngineError
        A disk that cannot be scaled; what the engine raised.
    """
    return translate_together([stack], model, engine)[0]


def translate_together(
    stacks: Sequence[Stack], model: Model, engine: Engine, timer: Timer = untimed
) -> list[Magnetogram]:
    """Run the network once on several stacks.

    Raises
    ------
    DamagedImageError, EngineError
        As for one; then none of them has an answer.
    """
    ones = [slice(index, index + 1) for index in range(len(stacks))]
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
            with_errors(one, stack, model.recipe) for one, stack in zip(made, stacks, strict=True)
        ]


def map_sun(
    observed: Sequence[Source],
    generated: Sequence[Source],
    base: Source | None = None,
    time: Time | None = None,
    *,
    allow_saturating: bool = False,
) -> SynchronicMap:
    """Make one map of the whole Sun of magnetograms, products and a map that fills the rest.

    Parameters
    ----------
    observed, generated
        Magnetograms of HMI, and products of :func:`generate`, in any number.
    base
        A map of GONG, ADAPT or HMI, or an earlier one of ours.
    time, allow_saturating
        As for :func:`farside.synchronic.synchronic`.

    Raises
    ------
    InputError, SetError
        Of the first file that cannot be used, or of the files together.
    """
    disks = [*map(read_measured, observed), *map(read_generated, generated)]
    below = None if base is None else read_base(base)
    return synchronic(disks, below, time, allow_saturating=allow_saturating)
