"""The story: FITS files in, a far-side magnetogram out."""

from __future__ import annotations

from collections.abc import Sequence

from farside.engine import Engine
from farside.magnetogram import Magnetogram
from farside.observation import Source, read
from farside.scaling import decode, encode
from farside.stack import assemble


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
    loaded = engine.models()[model]
    observed = [read(source) for source in observations]
    reference = [read(source) for source in references]
    stack = assemble(observed, reference, loaded.recipe)
    tensor = encode(stack, loaded.recipe, out=engine.buffer(model))
    return decode(engine.infer(model, tensor), stack, loaded, engine)
