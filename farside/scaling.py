"""encode / decode: the only two functions that know network units."""

from __future__ import annotations

from farside.engine import Engine, Model, Tensor
from farside.magnetogram import Magnetogram
from farside.recipe import Recipe
from farside.stack import Stack


def encode(stack: Stack, recipe: Recipe, out: Tensor) -> Tensor:
    """Write the disks of `stack` into `out` (1, channel, y, x) in network units and return it."""
    raise NotImplementedError


def decode(tensor: Tensor, stack: Stack, model: Model, engine: Engine) -> Magnetogram:
    """Turn a network's answer (1, output, y, x) into gauss, NaN off the disk."""
    raise NotImplementedError
