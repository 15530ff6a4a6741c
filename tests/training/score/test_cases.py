from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.errors import IncompleteSetError
from farside.sun.grid import Grid
from tests.support.tiny_recipe import recipe
from tests.training.score.fakes import GRID, SMALL, TIME, case, noise
from tests.training.small_renderer import SMALL_RENDERER
from training.data import Campaign, open_store, simulate
from training.score.cases import CaseLabel, StoreCases, control_index, mix

SEVEN = recipe().model_copy(update={"grid": GRID})


def test_disks_of_one_sun_are_one_unit_and_so_are_those_of_a_real_month() -> None:
    assert CaseLabel(7, TIME, 3.0).unit == CaseLabel(7, TIME + 400 * u.day, 9.0).unit == "seed 7"
    assert (
        CaseLabel(None, TIME, 3.0).unit == CaseLabel(None, TIME + 9 * u.day, 3.0).unit == "2024-06"
    )
    assert CaseLabel(None, TIME + 11 * u.day, 3.0).unit == "2024-07"


def test_the_partner_is_of_another_sun_and_of_the_nearest_age() -> None:
    labels = tuple(CaseLabel(s, TIME, a) for s, a in [(1, 5.0), (1, 5.0), (2, 20.0), (3, 6.0)])
    assert control_index(labels, 0) == 3
    assert control_index(labels, 3) == 0
    assert control_index(labels[:2], 0) is None


def test_mixing_takes_the_observation_of_one_and_the_reference_of_the_other() -> None:
    one, other = case(1, 3.0, noise(1)), case(2, 4.0, noise(2))
    mixed = mix(one.stack, other.stack, SMALL)
    assert mixed.disks == (one.stack.disks[0], other.stack.disks[1])
    assert mixed.observer == one.stack.observer


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "suns"
    simulate(path, Campaign(GRID, 5, 2, epochs=1, times=2, test=True), renderer=SMALL_RENDERER)
    return path


def test_a_store_of_simulated_suns_gives_its_cases_with_seed_age_and_truth(store: Path) -> None:
    cases = StoreCases(open_store(store), SEVEN)
    assert {label.seed for label in cases.labels} == {5, 6}
    assert cases.simulation == 1
    for index, label in enumerate(cases.labels):
        one = cases[index]
        age_days = (one.stack.time - one.reference.origin.time).to_value("day")
        assert age_days == pytest.approx(label.age_days, abs=1e-5)
        assert isinstance(one.view.time, Time)
        assert (np.isfinite(one.truth) == GRID.on_disk()).all()
        assert [disk.origin.band for disk in one.stack.given][-1] == "LOS"


def test_a_recipe_that_rotates_its_references_leaves_the_reference_of_persistence(
    store: Path,
) -> None:
    rotating = SEVEN.model_copy(update={"reference_view": "observation"})
    one = StoreCases(open_store(store), rotating)[1]
    assert one.stack.given[-1].reprojected_to == one.view
    assert one.reference.reprojected_to is None


def test_another_grid_or_split_is_refused(store: Path) -> None:
    with pytest.raises(ValueError, match="expected Grid"):
        StoreCases(open_store(store), SEVEN.model_copy(update={"grid": Grid(64, 28.0)}))
    with pytest.raises(ValueError, match="no pairs to train"):
        StoreCases(open_store(store), SEVEN, "train")


def test_a_store_without_a_channel_of_the_recipe_is_refused(store: Path) -> None:
    channel = SEVEN.channels[0].model_copy(update={"accepts": ("EUVI 284",)})
    lacking = SEVEN.model_copy(update={"channels": (channel, *SEVEN.channels[1:])})
    with pytest.raises(IncompleteSetError, match="EUVI 284"):
        StoreCases(open_store(store), lacking)[0]
