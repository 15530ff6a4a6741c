import io

import cv2
import numpy as np
import pytest

from farside.magnetogram.domain import distance, features
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.recipe import FEATURES, Domain, Recipe
from farside.quality import Quality
from farside.sun.grid import Grid, Image
from tests.magnetogram.test_encoding import GRID, ON_DISK, made_of, stack_of
from tests.support.small_model import RECIPE
from training.domain import ENOUGH, domain_of

BANDS = ("EUVI 195", "AIA 193")


def euv(seed: int) -> Image:
    """Bright patches on a disk, in any unit."""
    rng = np.random.default_rng(seed)
    patches = cv2.GaussianBlur(rng.normal(0, 1, ON_DISK.shape), (0, 0), 3)
    fine = 0.1 * rng.normal(0, 1, ON_DISK.shape)
    return (500 * rng.uniform(0.5, 2) * np.exp(4 * patches + fine)).astype(np.float32)


@pytest.fixture(scope="module")
def domain() -> Domain:
    return domain_of(BANDS, np.array([features(euv(seed), GRID) for seed in range(2 * ENOUGH)]))


def test_features_have_a_name_each_and_no_unit() -> None:
    found = features(euv(1), GRID)
    assert found.shape == (len(FEATURES),)
    np.testing.assert_allclose(features(37 * euv(1), GRID), found, atol=1e-4)


@pytest.mark.parametrize("seed", range(-5, 0))
def test_images_like_those_of_training_are_inside(domain: Domain, seed: int) -> None:
    assert distance(features(euv(1000 + seed), GRID), domain) < 1


@pytest.mark.parametrize("damaged", ["logarithm", "noise", "smeared", "half", "bias left in"])
def test_damaged_images_are_outside(domain: Domain, damaged: str) -> None:
    image = euv(7777)
    median, half = np.float32(np.median(image)), image.copy()
    half[:32] = 0.2 * median
    noise = np.random.default_rng(0).normal(0, median, image.shape).astype(np.float32)
    made = {
        "logarithm": np.log(image),
        "noise": np.abs(noise),
        "smeared": cv2.GaussianBlur(image, (0, 0), 4),
        "half": half,
        "bias left in": image + 10 * median,
    }[damaged]
    assert distance(features(made, GRID), domain) > 1


def test_a_product_says_how_far_each_image_is_and_is_flagged_if_it_is_too_far(
    domain: Domain,
) -> None:
    recipe = RECIPE.model_copy(update={"domains": (domain,)})
    assert Recipe.model_validate_json(recipe.to_json()) == recipe
    field = np.zeros(ON_DISK.shape, np.float32)
    good, bad = (made_of(stack_of(image, field), recipe) for image in (euv(5), np.log(euv(5))))
    assert good.inputs[0].distance is not None
    assert good.inputs[0].distance < 1
    assert good.inputs[1].distance is None  # the magnetogram
    assert Quality.OUTSIDE_TRAINING not in good.quality
    assert bad.inputs[0].distance is not None
    assert bad.inputs[0].distance > 1
    assert Quality.OUTSIDE_TRAINING in bad.quality
    assert Magnetogram.read(io.BytesIO(bad.to_bytes())) == bad


def test_a_domain_is_not_measured_on_a_few_images() -> None:
    with pytest.raises(ValueError, match=f"EUVI 195 or AIA 193: got 3 images, expected {ENOUGH}"):
        domain_of(BANDS, np.ones((3, len(FEATURES))))


def test_the_resolution_of_a_grid_does_not_matter() -> None:
    """Four pixels that show the same light are described as the one they make."""
    coarse, fine = Grid(256, 112.5, 0.998), Grid(512, 225.0, 0.998)
    image = np.kron(
        np.exp(0.3 * np.random.default_rng(3).normal(0, 1, (256, 256))), np.ones((2, 2))
    )
    blocks = image[::2, ::2].astype(np.float32)
    found = features(image.astype(np.float32), fine)
    np.testing.assert_allclose(found, features(blocks, coarse), atol=0.02)
