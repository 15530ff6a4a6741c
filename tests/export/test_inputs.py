from pathlib import Path

import numpy as np
import pytest

from export.inputs import Inputs, noise_inputs, parity_inputs
from farside.model.recipe import Linear, Recipe
from tests.support.native_model import NATIVE
from tests.support.once import once
from tests.support.small_model import RECIPE


def test_noise_lies_on_the_disk_and_the_background_is_that_of_each_scaling() -> None:
    tensor = noise_inputs(RECIPE).tensor
    disk = RECIPE.disk.on_disk()
    assert tensor.shape == (2, 2, 64, 64)
    assert tensor.dtype == np.float32
    assert np.abs(tensor[:, 0]).max() <= 1
    assert (tensor[:, 0][:, ~disk] == -1).all()
    assert (tensor[:, 1][:, ~disk] == 0).all()
    assert tensor[0, 1][disk].std() > 0.01


def test_the_second_image_is_the_first_upside_down() -> None:
    tensor = noise_inputs(RECIPE).tensor
    assert np.array_equal(tensor[1], tensor[0, :, ::-1])
    assert not np.array_equal(tensor[1], tensor[0])


def of_strangers() -> Recipe:
    """Model of an instrument that is not simulated."""
    channel = RECIPE.channels[0].model_copy(update={"accepts": ("MDI LOS",)})
    return RECIPE.model_copy(update={"channels": (channel, *RECIPE.channels[1:])})


def of_drawings() -> Recipe:
    """Model of drawings."""
    channel = RECIPE.channels[0].model_copy(
        update={"accepts": ("DRAWING WHITE",), "scaling": Linear(scale=1.0)}
    )
    return RECIPE.model_copy(update={"channels": (channel,)})


def simulated_inputs(_folder: Path) -> dict[str, Inputs]:
    recipes = {
        "files": RECIPE,
        "tile": NATIVE,
        "drawing": of_drawings(),
        "stranger": of_strangers(),
    }
    return {kind: parity_inputs(recipe) for kind, recipe in recipes.items()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Inputs]:
    """Inputs of four kinds of model, from one simulated Sun where it can feed them."""
    return once(tmp_path_factory, "parity-inputs", simulated_inputs)


def test_a_model_that_the_simulated_sun_can_feed_gets_its_files_encoded(
    made: dict[str, Inputs],
) -> None:
    inputs = made["files"]
    assert inputs.origin == "simulated Sun 1"
    assert inputs.tensor.shape == (2, 2, 64, 64)
    field = inputs.tensor[0, 1] * 1500
    assert 50 < np.abs(field).max() < 5000
    assert (inputs.tensor[0, 0][~RECIPE.disk.on_disk()] == -1).all()


def test_a_model_that_it_cannot_feed_gets_noise_and_says_so(made: dict[str, Inputs]) -> None:
    assert made["stranger"].origin == "noise of seed 1 on the disk"


def test_a_model_in_native_pixels_gets_a_tile_of_a_frame(made: dict[str, Inputs]) -> None:
    inputs = made["tile"]
    assert inputs.origin == "simulated Sun 1"
    assert inputs.tensor.shape == (2, 1, NATIVE.side_px, NATIVE.side_px)
    assert 7 < inputs.tensor[0].std() * 1500 < 100  # at least the noise of a frame


def test_a_model_of_drawings_gets_one(made: dict[str, Inputs]) -> None:
    inputs = made["drawing"]
    assert inputs.origin == "simulated Sun 1"
    assert np.median(inputs.tensor[0, 0][RECIPE.disk.on_disk()]) == pytest.approx(1, abs=0.05)
