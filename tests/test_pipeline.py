"""Pipeline from real files to a product, with a one-line network."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import reproject
import sunpy

from farside.disk.registration import register
from farside.disk.reproject import reproject_disk
from farside.errors import (
    DuplicateChannelError,
    IncompleteSetError,
    UnexpectedImageError,
    UnknownModelError,
)
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.engine import find_model
from farside.model.recipe import Channel, Linear, MedianLog, Timing
from farside.observation.image import read
from farside.pipeline import generate, prepare, translate, translate_batch
from farside.progress import Stage
from farside.quality import Quality
from farside.solarwind.gong import pack as pack_gong
from farside.sun.observer import View
from farside.synchronic.base import read_base
from farside.synchronic.view import disk_of_map
from tests.support import small_model
from tests.support.small_model import Echo
from tests.support.synchronic_maps import synchronic_map

EUVI = Path(reproject.__file__).parent / "tests" / "data" / "secchi_l0_a.fits"
AIA = Path(sunpy.__file__).parent / "data" / "test" / "aia_171_level1.fits"

RECIPE = small_model.RECIPE.model_copy(
    update={
        "channels": (
            Channel(
                role="observation", accepts=("EUVI 171",), scaling=MedianLog(low=0.01, high=100)
            ),
            Channel(role="reference", accepts=("AIA 171",), scaling=Linear(scale=1500.0)),
        ),
        # The two images are of one day; Eq. 5 asks for a reference of a week before.
        "timing": Timing(spread_hours=3, usual_lag_hours=3, greatest_lag_hours=240),
    }
)


REFERENCE = Echo(RECIPE, planes=slice(1, None))
"""Engine that returns the reference channel, without any physics."""


@pytest.fixture(scope="module")
def made() -> Magnetogram:
    return generate([EUVI], [AIA], "demo", REFERENCE)


def test_product_holds_what_the_network_answered_on_the_disk(made: Magnetogram) -> None:
    expected = register(read(AIA), RECIPE.disk).image
    np.testing.assert_allclose(made.image, expected, rtol=1e-6)


def test_references_come_in_the_view_of_the_observation_where_the_recipe_asks_for_it() -> None:
    aligned = prepare([EUVI], [AIA], RECIPE.model_copy(update={"reference_view": "observation"}))
    euvi, aia = (register(read(path), RECIPE.disk) for path in (EUVI, AIA))
    np.testing.assert_array_equal(aligned.given[0].image, euvi.image)
    expected = reproject_disk(aia, aligned.observer, aligned.time)
    np.testing.assert_array_equal(aligned.given[1].image, expected.image)
    assert np.nanmax(np.abs(expected.image - aia.image)) > 100
    assert [disk.view for disk in aligned.given] == [View(aligned.observer, aligned.time)] * 2


def test_references_are_as_they_were_taken_where_the_recipe_does_not_ask() -> None:
    stack = prepare([EUVI], [AIA], RECIPE)
    expected = register(read(AIA), RECIPE.disk).image
    np.testing.assert_array_equal(stack.given[1].image, expected)
    assert stack.given[1].reprojected_to is None


def test_product_of_rotated_references_names_the_files_as_they_are() -> None:
    recipe = RECIPE.model_copy(update={"reference_view": "observation"})
    made = generate([EUVI], [AIA], "demo", Echo(recipe, planes=slice(1, None)))
    assert made.inputs[1].origin == read(AIA).origin
    assert np.isfinite(made.image[recipe.disk.on_disk()]).all()


def test_product_has_the_view_of_the_far_side_spacecraft(made: Magnetogram) -> None:
    observation = read(EUVI).origin
    assert made.spacecraft == "STEREO_A"
    assert made.observer == observation.observer
    assert made.time.isot == observation.time.isot


def test_product_names_its_inputs_with_the_hash_of_the_files(made: Magnetogram) -> None:
    assert [given.origin.name for given in made.inputs] == [EUVI.name, AIA.name]
    assert [given.origin.sha256 for given in made.inputs] == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in (EUVI, AIA)
    ]


def test_reference_of_the_wrong_epoch_is_flagged(made: Magnetogram) -> None:
    assert Quality.OLD_REFERENCE in made.quality


def test_bytes_and_paths_give_the_same_field(made: Magnetogram) -> None:
    again = generate([EUVI.read_bytes()], [AIA.read_bytes()], "demo", REFERENCE)
    np.testing.assert_array_equal(again.image, made.image)


def test_product_written_of_real_files_reads_back(made: Magnetogram) -> None:
    assert Magnetogram.read(made.to_bytes()) == made


def test_missing_reference_is_said(made: Magnetogram) -> None:
    with pytest.raises(IncompleteSetError, match="no image for AIA 171 as reference"):
        generate([EUVI], [], "demo", REFERENCE)


def test_unknown_model_is_refused_before_a_file_is_read() -> None:
    with pytest.raises(UnknownModelError, match="no model 'aisfm' is loaded: got demo"):
        generate(["no such file"], [], "aisfm", REFERENCE)


def test_loaded_model_is_found_by_name() -> None:
    assert find_model(REFERENCE, "demo").identity == "ab" * 32


def test_stacks_that_run_together_give_what_each_gives_alone() -> None:
    model = find_model(REFERENCE, "demo")
    stack = prepare([EUVI], [AIA], RECIPE)
    upside_down = replace(
        stack, disks=tuple(replace(disk, image=disk.image[::-1]) for disk in stack.given)
    )
    stacks = [stack, upside_down]
    together = translate_batch(stacks, model, REFERENCE)
    assert together == [translate(one, model, REFERENCE) for one in stacks]
    assert together[0] != together[1]


def test_each_stage_is_timed_once_and_in_order() -> None:
    stages: list[str] = []

    @contextmanager
    def timer(stage: Stage) -> Iterator[None]:
        stages.append(stage)
        yield
        stages.append("end")

    stack = prepare([EUVI], [AIA], RECIPE, timer)
    translate_batch([stack], find_model(REFERENCE, "demo"), REFERENCE, timer)
    assert stages[::2] == ["read", "register", "encode", "infer", "decode"]
    assert set(stages[1::2]) == {"end"}


MAP_RECIPE = RECIPE.model_copy(
    update={
        "reference_view": "observation",
        "channels": (
            RECIPE.channels[0],
            Channel(role="reference", accepts=("HMI LOS", "MAP LOS"), scaling=Linear(scale=1500.0)),
        ),
    }
)


@pytest.fixture(scope="module")
def base_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map of ours in GONG's layout, of three days before the EUVI image."""
    time = read(EUVI).origin.time - 3 * u.day
    return pack_gong(synchronic_map(time=time)).write_to(tmp_path_factory.mktemp("map"))


def test_a_synoptic_map_stands_in_for_the_reference_magnetogram(base_map: Path) -> None:
    made = generate([EUVI], [base_map], "demo", Echo(MAP_RECIPE, planes=slice(1, None)))
    view, base = View(made.observer, made.time), read_base(base_map)
    np.testing.assert_allclose(
        made.image, disk_of_map(base, MAP_RECIPE.disk, view).image, rtol=1e-5, atol=1e-4
    )
    reference = made.inputs[1].origin
    assert (reference.name, reference.sha256) == (base_map.name, base.sha256)
    assert 2.9 < (made.time - reference.time).to_value("day") < 40
    again = Magnetogram.read(made.to_bytes())
    assert again.inputs[1].origin == reference


def test_the_same_map_in_memory_or_open_gives_the_same_disk(base_map: Path) -> None:
    with base_map.open("rb") as file:
        stacks = [prepare([EUVI], [given], MAP_RECIPE) for given in (file, read_base(base_map))]
    images = [stack.given[1].image for stack in stacks]
    np.testing.assert_array_equal(images[0], images[1])


def test_one_map_at_most_and_only_where_the_recipe_takes_one(base_map: Path) -> None:
    with pytest.raises(DuplicateChannelError, match="2 synoptic maps as reference"):
        prepare([EUVI], [base_map, base_map], MAP_RECIPE)
    with pytest.raises(UnexpectedImageError, match="a synoptic map, given as reference"):
        prepare([EUVI], [AIA, read_base(base_map)], RECIPE)
