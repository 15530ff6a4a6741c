"""Whether a denoised reference helps: what is compared, and how the tables say it."""

import numpy as np
import pytest
from astropy.time import Time

from farside.disk.registration import Disk
from farside.simulation.scene import Scene
from farside.sun.observer import earth
from tests.support.small_model import Echo
from tests.support.tiny_recipe import recipe
from tests.training.score.fakes import GRID
from training.restoration.reference import USUAL, FarSide, LoadedModel, far_side, generated, page


class Persistent(Echo):
    """Answers with its last channel, the reference magnetogram."""

    def __init__(self) -> None:
        super().__init__(recipe("demo").model_copy(update={"grid": GRID}), slice(6, 7))


@pytest.fixture(scope="module")
def known() -> FarSide:
    scene = Scene.of(4, Time("2013-11-01"), 100.0)
    return far_side(scene, GRID, np.random.default_rng(0))


def test_both_sides_are_seen_in_euv_and_the_truth_on_the_far_one(known: FarSide) -> None:
    names = [f"{disk.origin.instrument} {disk.origin.band}" for disk in known.disks]
    assert names == ["EUVI-A 304", "EUVI-A 195", "EUVI-A 171", "AIA 304", "AIA 193", "AIA 171"]
    assert known.disks[0].view.time == known.view.time
    assert known.disks[3].view.time < known.view.time
    np.testing.assert_array_equal(np.isfinite(known.truth), GRID.on_disk())


def test_the_truth_as_reference_is_generated_as_the_truth(known: FarSide) -> None:
    engine = Persistent()
    generator = LoadedModel(engine.models()["demo"], engine)
    near = known.disks[3].origin
    origin = type(near)("HMI", "LOS", near.time, earth(near.time), "", "")
    found = generated(known, Disk(known.truth, GRID, origin), generator)
    assert found.disk.correlation.blocks_of_8 == pytest.approx(1, abs=1e-3)


def test_differences_are_paired_over_suns() -> None:
    suns = {
        seed: {
            "one frame": {"full disk": [0.80 + seed / 10]},
            USUAL: {"full disk": [0.81 + seed / 10]},
        }
        for seed in range(3)
    }
    first, second = page(suns).split("\n\n")
    assert "| one frame | – | 0.9000 [" in first
    assert "-0.0100 [-0.0100, -0.0100]" in second
    assert USUAL in second.splitlines()[0]
    assert len(second.splitlines()) == 3  # the usual one is not compared with itself
