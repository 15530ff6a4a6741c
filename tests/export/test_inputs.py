import numpy as np
import pytest

from export.inputs import registered, seeded
from farside.recipe import Recipe
from tests.small_model import RECIPE


@pytest.fixture
def drawing() -> Recipe:
    """A model of an instrument that the simulated Sun does not write."""
    channel = RECIPE.channels[0].model_copy(update={"accepts": ("DRAWING SUNSPOTS",)})
    return RECIPE.model_copy(update={"channels": (channel, *RECIPE.channels[1:])})


def test_noise_lies_on_the_disk_and_the_background_is_that_of_each_scaling() -> None:
    tensor = seeded(RECIPE).tensor
    disk = RECIPE.grid.on_disk()
    assert tensor.shape == (2, 2, 64, 64)
    assert tensor.dtype == np.float32
    assert np.abs(tensor[:, 0]).max() <= 1
    assert (tensor[:, 0][:, ~disk] == -1).all()
    assert (tensor[:, 1][:, ~disk] == 0).all()
    assert tensor[0, 1][disk].std() > 0.01


def test_the_second_image_is_the_first_upside_down() -> None:
    tensor = seeded(RECIPE).tensor
    assert np.array_equal(tensor[1], tensor[0, :, ::-1])
    assert not np.array_equal(tensor[1], tensor[0])


def test_a_model_that_the_simulated_sun_can_feed_gets_its_files_encoded() -> None:
    inputs = registered(RECIPE)
    assert inputs.origin == "simulated Sun 1"
    assert inputs.tensor.shape == (2, 2, 64, 64)
    field = inputs.tensor[0, 1] * 1500
    assert 50 < np.abs(field).max() < 5000
    assert (inputs.tensor[0, 0][~RECIPE.grid.on_disk()] == -1).all()


def test_a_model_that_it_cannot_feed_gets_noise_and_says_so(drawing: Recipe) -> None:
    assert registered(drawing).origin == "noise of seed 1 on the disk"
