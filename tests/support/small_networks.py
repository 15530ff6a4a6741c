"""Small instances of every network of the project, each with its Recipe."""

from __future__ import annotations

from farside.model.recipe import NetworkSpec, Recipe
from tests.support.small_model import RECIPE

STATISTICS = tuple(
    {"quantity": quantity, "unit": "gauss", "scaling": {"kind": "linear", "scale": 100.0}}
    for quantity in ("line-of-sight magnetic field", "sigma", "unsigned magnetic field")
)


def recipe_for(name: str, **arguments: bool | int | float | str) -> Recipe:
    """Small Recipe with another network, and as many channels as that network takes."""
    channels = RECIPE.channels[: int(arguments["input_channels"])]
    network = NetworkSpec(name=name, arguments={"output_channels": 1, **arguments})
    return RECIPE.model_copy(update={"network": network, "channels": channels})


def gated(**arguments: int) -> Recipe:
    """The small Recipe with an optional reference, geometry planes and all outputs of the field."""
    parts = RECIPE.model_dump()
    parts["channels"][1]["optional"] = True
    parts["geometry"] = ["sine of latitude", "reference age"]
    parts["outputs"] = [*STATISTICS, {"quantity": "probability of positive polarity"}]
    named = {"odd_planes": "1 3", "reference_plane": 1, "availability_plane": 2}
    small = {"input_channels": 5, "n_gf": 4, "levels": 2, "n_blocks": 1, "n_deep": 1, "n_fine": 4}
    parts["network"] = {"name": "gated:Generator", "arguments": small | named | arguments}
    return Recipe.model_validate(parts)


EVERY_NETWORK: dict[str, Recipe] = {
    "pix2pixcc": recipe_for(
        "pix2pixcc:Generator", input_channels=2, n_gf=2, n_downsample=2, n_residual=1
    ),
    "pix2pixhd": recipe_for(
        "pix2pixhd:Generator", input_channels=2, n_gf=2, n_downsample=2, n_residual=1
    ),
    "pix2pix": recipe_for("pix2pix:Generator", input_channels=1, n_gf=2, levels=4),
    "pix2pix stochastic": recipe_for(
        "pix2pix:Generator", input_channels=1, n_gf=2, levels=4, stochastic=True, seed=5
    ),
    "denoiser": recipe_for(
        "denoiser:Generator", input_channels=1, n_gf=2, n_downsample=2, n_residual=1
    ),
    "gated": gated(),
    "gated refined": gated(coarsen=2, n_refine=1),
    "multilayer unet": recipe_for(
        "multilayer:Generator", input_channels=1, n_gf=2, n_downsample=2, variant="unet"
    ),
    "multilayer resnet": recipe_for(
        "multilayer:Generator", input_channels=1, n_gf=2, layers=2, variant="resnet"
    ),
    "multilayer atrous": recipe_for(
        "multilayer:Generator", input_channels=1, n_gf=2, layers=2, variant="atrous"
    ),
}
