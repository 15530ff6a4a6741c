"""The story: FITS files in, a far-side magnetogram out."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from farside.engine import Engine, find_model
from farside.magnetogram import Magnetogram
from farside.observation import Source, read
from farside.recipe import Recipe
from farside.scaling import decode, encode
from farside.stack import Stack, assemble


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
    stack = prepare(observations, references, loaded.recipe)
    tensor = encode(stack, loaded.recipe, out=engine.buffer(model))
    return decode(engine.infer(model, tensor), stack, loaded, engine)


def prepare(observations: Sequence[Source], references: Sequence[Source], recipe: Recipe) -> Stack:
    """Read the files, two at a time, and register them: all that comes before the network.

    Raises
    ------
    InputError, SetError
        Of the first file that cannot be used, or of the files together.
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        observed, referred = pool.map(read, observations), pool.map(read, references)
        return assemble(list(observed), list(referred), recipe)
