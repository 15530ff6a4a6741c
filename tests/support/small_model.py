"""Small two-channel network with its Recipe, and engines without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from farside.model.engine import Model, Tensor, input_shape
from farside.model.recipe import Recipe

if TYPE_CHECKING:
    from farside.model.networks import Network
    from farside.model.networks.pix2pixcc import Generator

RECIPE = Recipe.from_toml((Path(__file__).parents[1] / "golden" / "recipe.toml").read_text())
"""Recipe of one EUV observation and one reference magnetogram, without network arguments."""


def generator(seed: int) -> Generator:
    """Network with random weights that fits :data:`RECIPE`."""
    import torch  # takes seconds, and most tests need the Recipe alone

    from farside.model.networks.pix2pixcc import Generator

    torch.manual_seed(seed)
    return Generator(2, 1, n_gf=2, n_downsample=2, n_residual=1)


def recipe_of(network: Network) -> Recipe:
    """:data:`RECIPE` with the arguments of `network`."""
    named = RECIPE.network.model_copy(update={"arguments": network.arguments})
    return RECIPE.model_copy(update={"network": named})


class Echo:
    """Engine whose only model returns some of its input channels."""

    name = "echo"
    precision = "float32"
    batch = 1

    def __init__(self, recipe: Recipe = RECIPE, planes: slice = slice(None)) -> None:
        self._recipe = recipe
        self._planes = planes

    def models(self) -> dict[str, Model]:
        return {"demo": Model(self._recipe, "ab" * 32)}

    def ready(self) -> bool:
        return True

    def buffer(self, model: str, batch: int = 1) -> Tensor:
        return np.empty((batch, *input_shape(self.models()[model])), dtype=np.float32)

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        assert model == "demo"
        return tensor[:, self._planes]

    def close(self) -> None:
        pass
