"""Test inputs for the parity check of an artefact with torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from astropy.time import Time

from farside.errors import IncompleteSetError
from farside.magnetogram.encoding import complete, encode
from farside.magnetogram.stack import Stack, assemble
from farside.model.engine import Tensor
from farside.model.recipe import Linear, NativeTiling, Recipe, Role
from farside.observation.image import Observation, read
from farside.observation.read import read_each
from farside.quality import Quality
from farside.simulation.drawings.files import write_drawing
from farside.simulation.instruments.files import write_set
from farside.simulation.instruments.hmi_series import middle_frame, tile
from farside.simulation.sun import SimulatedSun
from farside.sun.observer import earth

TIME = Time("2026-11-01T00:00:00")
STEREO_A_LONGITUDE_DEG = 70.0
"""Approximate Stonyhurst longitude of STEREO-A in November 2026."""

SEED = 1

SEED_AGE_DAYS = 10.0
"""Age of the reference of inputs that are drawn."""


class Inputs(NamedTuple):
    """Test inputs in network units, and their origin.

    Attributes
    ----------
    tensor
        Batch (2, channel, y, x) on the grid of the Recipe: one set, and the same upside down, so
        that the two images differ.
    origin
        Short description for the manifest.
    """

    tensor: Tensor
    origin: str


def parity_inputs(recipe: Recipe) -> Inputs:
    """Inputs from simulated files of the required instruments, read, registered and encoded.

    A model in native pixels gets a tile at disk centre. A model whose instruments are not simulated
    gets :func:`noise_inputs` inputs.
    """
    try:
        stack = _stack(recipe)
    except IncompleteSetError:
        return noise_inputs(recipe)
    size = recipe.side_px
    out = np.empty((1, recipe.input_planes, size, size), dtype=np.float32)
    encode(stack, recipe, out)
    return Inputs(_and_upside_down(out), f"simulated Sun {SEED}")


def _stack(recipe: Recipe) -> Stack:
    if isinstance(recipe.grid, NativeTiling):
        surface, rng = SimulatedSun(SEED).at(TIME), np.random.default_rng(SEED)
        seen = tile(surface, (0.0, 0.0), recipe.side_px, rng, count=1)
        frame = middle_frame(seen, recipe.grid.mask_radius)
        return Stack((), frame.origin.time, seen.observer, "SDO", Quality.GOOD, frame)
    files = _simulated()
    return assemble(
        _wanted(files["observation"], "observation", recipe),
        _wanted(files["reference"], "reference", recipe),
        recipe,
    )


def noise_inputs(recipe: Recipe, seed: int = SEED) -> Inputs:
    """Inputs of random noise on the disk, in network units, with the Recipe's background."""
    rng = np.random.default_rng(seed)
    grid = recipe.disk
    shape = (1, recipe.input_planes, grid.size_px, grid.size_px)
    noise = rng.standard_normal(shape, dtype=np.float32)
    for plane, channel in zip(noise[0], recipe.channels, strict=False):
        field = isinstance(channel.scaling, Linear)
        # Brightness covers its range, field is weak nearly everywhere.
        plane[:] = plane**3 * np.float32(0.05) if field else np.clip(plane / 3, -1, 1)
        plane[~grid.on_disk()] = np.nan if channel.optional else 0 if field else -1
    complete(noise[0], recipe, earth(TIME), SEED_AGE_DAYS)
    return Inputs(_and_upside_down(noise), f"noise of seed {seed} on the disk")


def _wanted(images: Sequence[Observation], role: Role, recipe: Recipe) -> list[Observation]:
    channels = recipe.channels_of(role)
    return [
        image
        for image in images
        if any(c.takes(role, image.origin.instrument, image.origin.band) for c in channels)
    ]


@cache
def _simulated() -> dict[Role, list[Observation]]:
    with TemporaryDirectory() as folder:
        files = write_set(Path(folder), TIME, STEREO_A_LONGITUDE_DEG, SEED, size="small")
        drawn = write_drawing(Path(folder), TIME, SEED)
        return {
            "observation": list(read_each([*files.observations, drawn.drawing])),
            "reference": [read(path) for path in files.references],
        }


def _and_upside_down(tensor: Tensor) -> Tensor:
    return np.concatenate([tensor, tensor[:, :, ::-1]])
