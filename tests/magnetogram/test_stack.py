"""Matching of images to channels, and errors of invalid sets."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.disk.registration import register
from farside.errors import (
    DuplicateChannelError,
    IncompleteSetError,
    ReferenceEpochError,
    TimesApartError,
    UnexpectedImageError,
)
from farside.io.wcs import Pointing
from farside.magnetogram.stack import accepted, align, assemble
from farside.model.recipe import Channel, Linear, Recipe, Training
from farside.observation.image import Observation, Origin
from farside.quality import Quality
from farside.sun.observer import ASTRONOMICAL_UNIT_M, SOLAR_RADIUS_M, Observer
from farside.sun.reference_epoch import reference_time
from tests.support.let_go import one_at_a_time
from tests.support.small_model import RECIPE

ROOT = Path(__file__).resolve().parents[2]

TWO_BANDS = RECIPE.model_copy(
    update={
        "channels": (
            Channel(role="observation", accepts=("EUVI 304",), scaling=Linear(scale=1.0)),
            *RECIPE.channels,
        )
    }
)
EARTH = Observer(0.0, 3.0, ASTRONOMICAL_UNIT_M)
STEREO_A = Observer(70.0, 1.0, 0.96 * ASTRONOMICAL_UNIT_M)
NOW = Time("2022-11-14T00:00:00.000", scale="utc")
THEN = reference_time(NOW, STEREO_A.longitude_deg)


def image(instrument: str, band: str, time: Time, observer: Observer, value: float) -> Observation:
    """Constant image, already registered to the grid."""
    grid = RECIPE.disk
    arcsec = np.degrees(np.arcsin(SOLAR_RADIUS_M / observer.distance_m)) * 3600
    pointing = Pointing(
        matrix_arcsec=np.eye(2) * arcsec / grid.disk_radius_px,
        reference_px=np.full(2, grid.centre_px),
        reference_arcsec=np.zeros(2),
    )
    pixels = np.full((grid.size_px, grid.size_px), value, dtype=np.float32)
    origin = Origin(instrument, band, time, observer, f"{instrument}_{band}.fts", "0" * 64)
    return Observation(origin, pixels, pointing, "")


def euvi(band: str = "195", hours: float = 0.0, spacecraft: str = "A") -> Observation:
    return image(f"EUVI-{spacecraft}", band, NOW + hours * u.hour, STEREO_A, float(band))


def hmi(hours: float = 0.0) -> Observation:
    return image("HMI", "LOS", THEN + hours * u.hour, EARTH, -50.0)


def marked(observation: Observation, quality: Quality) -> Observation:
    return replace(observation, origin=replace(observation.origin, quality=quality))


def trained(**update: object) -> Recipe:
    values = RECIPE.training.model_dump() | update
    return RECIPE.model_copy(update={"training": Training.model_validate(values)})


def test_disks_come_in_the_order_of_the_recipe_whatever_the_order_given() -> None:
    stack = assemble([euvi("195"), euvi("304")], [hmi()], TWO_BANDS)
    assert [disk.origin.band for disk in stack.given] == ["304", "195", "LOS"]
    for disk, value in zip(stack.given, (304, 195, -50), strict=True):
        np.testing.assert_allclose(disk.image[TWO_BANDS.disk.on_disk()], value, rtol=1e-5)


def test_view_is_that_of_the_observations_at_their_mean_time() -> None:
    stack = assemble([euvi("195", hours=0.0), euvi("304", hours=1.0)], [hmi()], TWO_BANDS)
    assert stack.time.isot == "2022-11-14T00:30:00.000"
    assert stack.observer == STEREO_A
    assert stack.spacecraft == "STEREO_A"


def test_mean_time_is_to_the_millisecond() -> None:
    stack = assemble([euvi("195", hours=0.0), euvi("304", hours=1 / 3)], [hmi()], TWO_BANDS)
    assert stack.time == Time(stack.time.isot, scale="utc")


@pytest.mark.parametrize(("spacecraft", "name"), [("A", "STEREO_A"), ("B", "STEREO_B")])
def test_spacecraft_is_named_as_the_aisfm_product_does(spacecraft: str, name: str) -> None:
    assert assemble([euvi(spacecraft=spacecraft)], [hmi()], RECIPE).spacecraft == name


def test_front_side_observation_is_sdos_where_the_recipe_takes_it() -> None:
    channel = RECIPE.channels[0].model_copy(update={"accepts": ("EUVI 195", "AIA 193")})
    recipe = RECIPE.model_copy(update={"channels": (channel, RECIPE.channels[1])})
    stack = assemble(
        [image("AIA", "193", NOW, EARTH, 1.0)], [image("HMI", "LOS", NOW, EARTH, 1.0)], recipe
    )
    assert stack.spacecraft == "SDO"
    assert stack.observer == EARTH


@pytest.mark.parametrize(
    ("age_hours", "flagged"), [(0, False), (27.3 * 24 + 2, False), (27.3 * 24 + 12, True)]
)
def test_front_side_observation_takes_a_reference_of_now_or_of_a_rotation_before(
    age_hours: float, flagged: bool
) -> None:
    channel = RECIPE.channels[0].model_copy(update={"accepts": ("EUVI 195", "AIA 193")})
    recipe = RECIPE.model_copy(update={"channels": (channel, RECIPE.channels[1])})
    sdo = Observer(-0.01, EARTH.latitude_deg, EARTH.distance_m)
    taken = NOW - age_hours * u.hour
    stack = assemble(
        [image("AIA", "193", NOW, sdo, 1.0)], [image("HMI", "LOS", taken, EARTH, 1.0)], recipe
    )
    assert bool(stack.quality & Quality.OLD_REFERENCE) is flagged


def test_an_image_is_let_go_before_the_next_one_is_read() -> None:
    recipe = Recipe.from_toml((ROOT / "training/recipes/pix2pixcc-demo.toml").read_text())
    makers = [partial(euvi, band) for band in ("304", "195", "171")]
    images = one_at_a_time(makers, lambda image: image.pixels)
    assert len(accepted(images, "observation", recipe)) == 3


def test_image_that_no_channel_takes_is_named_with_what_is_wanted() -> None:
    with pytest.raises(
        UnexpectedImageError, match="demo wants EUVI 195 as observation, HMI LOS as"
    ) as caught:
        assemble([euvi(), euvi("171")], [hmi()], RECIPE)
    assert caught.value.files == ("EUVI-A 171 2022-11-14T00:00:00",)


def test_image_given_in_the_wrong_role_is_unexpected() -> None:
    with pytest.raises(UnexpectedImageError, match=r"HMI LOS .* given as observation"):
        assemble([euvi(), hmi()], [hmi()], RECIPE)


def test_two_images_for_one_channel_are_both_named() -> None:
    with pytest.raises(
        DuplicateChannelError, match="2 images for EUVI 195 as observation"
    ) as caught:
        assemble([euvi(), euvi(hours=1.0)], [hmi()], RECIPE)
    assert caught.value.files == (
        "EUVI-A 195 2022-11-14T00:00:00",
        "EUVI-A 195 2022-11-14T01:00:00",
    )


@pytest.mark.parametrize(
    ("observations", "references", "missing"),
    [
        ([euvi("304")], [hmi()], "no image for EUVI 195 as observation"),
        ([euvi("195"), euvi("304")], [], "no image for HMI LOS as reference"),
        ([], [], "no image for EUVI 304 as observation"),
    ],
)
def test_missing_channel_is_named(
    observations: list[Observation], references: list[Observation], missing: str
) -> None:
    with pytest.raises(IncompleteSetError, match=missing):
        assemble(observations, references, TWO_BANDS)


def test_images_of_one_role_must_be_of_one_time() -> None:
    with pytest.raises(
        TimesApartError, match=r"got 3\.5 h from EUVI-A 195.*, expected at most 3 h"
    ):
        assemble([euvi("195"), euvi("304", hours=3.5)], [hmi()], TWO_BANDS)


def test_images_of_one_role_must_be_of_one_spacecraft() -> None:
    with pytest.raises(TimesApartError, match="STEREO_A and STEREO_B"):
        assemble([euvi("195"), euvi("304", spacecraft="B")], [hmi()], TWO_BANDS)


@pytest.mark.parametrize("hours", [-2.9, 0.0, 2.9])
def test_usual_lag_of_the_reference_is_not_flagged(hours: float) -> None:
    assert assemble([euvi()], [hmi(hours)], RECIPE).quality == Quality.GOOD


@pytest.mark.parametrize("hours", [-40.0, -3.1, 3.1, 40.0])
def test_unusual_lag_of_the_reference_is_flagged(hours: float) -> None:
    assert Quality.OLD_REFERENCE in assemble([euvi()], [hmi(hours)], RECIPE).quality


@pytest.mark.parametrize("hours", [-48.1, 48.1])
def test_reference_of_another_epoch_is_refused_with_the_wanted_time(hours: float) -> None:
    with pytest.raises(
        ReferenceEpochError, match=f"48.1 h .* at most 48 h from {THEN.isot[:19]}"
    ) as caught:
        assemble([euvi()], [hmi(hours)], RECIPE)
    assert caught.value.files[0].startswith("HMI LOS")


def test_bits_of_all_files_reach_the_stack() -> None:
    stack = assemble(
        [marked(euvi(), Quality.BEACON)], [marked(hmi(), Quality.NEAR_REAL_TIME)], RECIPE
    )
    assert stack.quality == Quality.BEACON | Quality.NEAR_REAL_TIME


def test_model_trained_on_a_simulated_sun_says_so() -> None:
    assert (
        assemble([euvi()], [hmi()], trained(data="SIMULATED")).quality == Quality.SIMULATED_TRAINING
    )


@pytest.mark.parametrize(
    "update",
    [
        {"reference_age_days": (20.0, 27.3)},
        {"reference_age_days": (0.0, 5.0)},
        {"dates": ("2010-05-01", "2022-11-13")},
        {"dates": ("2022-11-15", "2024-01-01")},
    ],
)
def test_what_the_model_was_not_trained_on_is_flagged(update: dict[str, object]) -> None:
    assert assemble([euvi()], [hmi()], trained(**update)).quality == Quality.OUTSIDE_TRAINING


def test_edges_of_the_training_range_are_inside() -> None:
    age = (NOW - THEN).to_value("day")
    recipe = trained(reference_age_days=(age, age), dates=("2022-11-14", "2022-11-14"))
    assert assemble([euvi()], [hmi()], recipe).quality == Quality.GOOD


OBSERVATION_VIEW = {"reference_view": "observation"}


@pytest.mark.parametrize("recipe", [RECIPE, TWO_BANDS])
def test_only_references_are_aligned_and_only_once(recipe: Recipe) -> None:
    observed = [euvi("195"), euvi("304")][: len(recipe.channels) - 1]
    own = assemble(observed, [hmi()], recipe)
    asking = recipe.model_copy(update=OBSERVATION_VIEW)
    aligned = align(own.given, asking, own.observer, own.time)
    assert aligned[:-1] == own.given[:-1]
    assert aligned[-1]
    assert aligned[-1].view.observer == STEREO_A
    assert align(aligned, asking, own.observer, own.time) == aligned


def test_a_recipe_of_references_as_they_were_taken_changes_nothing() -> None:
    disks = (register(euvi(), RECIPE.disk), register(hmi(), RECIPE.disk))
    assert align(disks, RECIPE, STEREO_A, NOW) == disks


def test_a_recipe_without_references_has_nothing_to_align() -> None:
    alone = RECIPE.model_copy(update={"channels": RECIPE.channels[:1], **OBSERVATION_VIEW})
    disks = (register(euvi(), RECIPE.disk),)
    assert align(disks, alone, STEREO_A, NOW) == disks
