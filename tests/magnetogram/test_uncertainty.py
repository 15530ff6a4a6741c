from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time
from pydantic import ValidationError

from farside.disk.registration import Disk
from farside.errors import RecipeError
from farside.magnetogram.magnetogram import Magnetogram, ModelProvenance
from farside.magnetogram.uncertainty import known_mask, sigma_from_table, sigma_gauss
from farside.model.recipe import ErrorModel, Recipe
from farside.observation.image import Origin
from farside.quality import Quality
from farside.sun.observer import Observer, View
from tests.support.fields import GRID, blob, uniform
from tests.support.small_model import RECIPE

TIME = Time("2024-06-20T00:00:00")
EARTH = Observer(0.0, 0.0, 1.5e11)
HERE = View(EARTH, TIME)

ERRORS = ErrorModel(
    field_edges_gauss=(0.0, 50.0, 500.0),
    mu_edges=(0.0, 0.5),
    known_gauss=((1.0, 2.0, 3.0), (4.0, 5.0, 6.0)),
    new_gauss=((10.0, 20.0, 30.0), (40.0, 50.0, 60.0)),
    either_gauss=((1.5, 2.5, 3.5), (4.5, 5.5, 6.5)),
    correlation_length_deg=2.0,
)
RECIPE_WITH_ERRORS = RECIPE.model_copy(update={"errors": ERRORS})


def product(image: np.ndarray) -> Magnetogram:
    made_by = ModelProvenance("demo", "1", "ab" * 32, "NONE", "echo", "float32")
    return Magnetogram(image, GRID, TIME, EARTH, "STEREO_A", Quality.GOOD, made_by, ())


def reference(image: np.ndarray, time: Time = TIME) -> Disk:
    return Disk(image, GRID, Origin("HMI", "LOS", time, EARTH, "", ""))


@pytest.mark.parametrize(
    ("field", "mu", "known", "expected"),
    [
        (-10, 0.9, True, 4.0),
        (10, 0.4, False, 10.0),
        (50, 0.5, True, 5.0),
        (-499, 0.49, False, 20.0),
        (9000, 1.0, True, 6.0),
        (0, 0.0, True, 1.0),
    ],
)
def test_sigma_is_looked_up_by_strength_mu_and_what_is_known(
    field: float, mu: float, known: bool, expected: float
) -> None:
    pixel = np.array([[field]], np.float32)
    found = sigma_from_table(ERRORS, pixel, np.array([[mu]]), np.array([[known]]))
    assert found.dtype == np.float32
    assert found[0, 0] == expected


def test_without_a_reference_sigma_is_that_of_both() -> None:
    found = sigma_gauss(product(uniform(100)), RECIPE_WITH_ERRORS)
    assert found[128, 128] == 5.5
    # Beyond 60 degrees from the centre of the disk μ is below a half.
    assert found[128, 128 + 110] == 2.5
    assert (np.isfinite(found) == GRID.on_disk()).all()


def test_field_that_the_reference_showed_is_known_and_other_field_is_new() -> None:
    spots = blob(20, 0, 800) + blob(-40, 0, 800)
    found = sigma_gauss(product(spots), RECIPE_WITH_ERRORS, reference(blob(20, 0, -800)))
    column = int(GRID.centre_px)
    assert (found[column, column + 20], found[column, column - 40]) == (6.0, 60.0)


def test_what_the_reference_did_not_see_is_new() -> None:
    strong = uniform(300)
    half_a_turn = reference(strong, TIME - 13.65 * u.day)
    assert not known_mask(strong, half_a_turn, HERE)[128, 128]
    assert known_mask(strong, reference(strong), HERE)[128, 128]
    assert not known_mask(strong, reference(strong), HERE)[0, 0]


def test_a_reference_that_is_rotated_already_says_the_same() -> None:
    from farside.disk.reproject import reproject_disk

    view = View(Observer(90.0, 0.0, 1.5e11), TIME)
    field, disk = blob(10, 0, 500), reference(blob(-60, 0, 500))
    rotated = reproject_disk(disk, view.observer, view.time)
    np.testing.assert_array_equal(known_mask(field, disk, view), known_mask(field, rotated, view))


def test_a_recipe_without_an_error_model_says_how_to_get_one() -> None:
    with pytest.raises(RecipeError, match=r"no error model: expected .*training\.score"):
        sigma_gauss(product(uniform(1)), RECIPE)


def test_the_error_model_travels_in_the_recipe() -> None:
    assert Recipe.from_json(RECIPE_WITH_ERRORS.to_json()).errors == ERRORS
    assert RECIPE.errors is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"field_edges_gauss": (5.0, 50.0, 500.0)}, "rise from 0"),
        ({"mu_edges": (0.0, 0.0)}, "rise from 0"),
        ({"new_gauss": ((1.0, 2.0), (1.0, 2.0))}, "2 rows of 3"),
        ({"known_gauss": ((1.0, 2.0, 3.0),)}, "2 rows of 3"),
        ({"either_gauss": ((1.0, 0.0, 3.0), (1.0, 2.0, 3.0))}, "more than 0"),
        ({"correlation_length_deg": 0.0}, "greater than 0"),
    ],
)
def test_an_error_model_that_contradicts_itself_is_refused(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        ErrorModel.model_validate({**ERRORS.model_dump(), **change})


def test_a_product_keeps_its_pixels_without_field() -> None:
    image = uniform(100)
    image[100:110, 100:110] = np.nan
    found = sigma_gauss(replace(product(image)), RECIPE_WITH_ERRORS)
    assert np.isnan(found[105, 105])
