"""Stores of planes: written a Sun at a time, learnt from by tiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from farside.errors import IncompleteSetError
from farside.model.recipe import Recipe
from farside.sun.grid import Grid
from tests.support.native_model import NATIVE, TILING
from training.config import Data
from training.data.journal import StoreError
from training.data.planes import (
    DESCRIPTION_FILE,
    Planes,
    PlaneSample,
    StoreDescription,
    open_planes,
    write,
)
from training.data.tiles import PLANES, Tiles, tile_samples
from training.samples import Batches, SampleDataset, open_samples
from training.sources import FIELD, PlaneSource

NAMES = ("HMI LOS", "HMI LOS mean")
SIDE = NATIVE.side_px
RECIPE = NATIVE.model_copy(update={"polarity": "hale"})


def description(*seeds: int) -> StoreDescription:
    return StoreDescription(
        planes=NAMES, command="test", seeds=seeds, simulation=2, settings={"side": SIDE}
    )


def show(seed: int) -> Iterator[PlaneSample]:
    """Two samples of a Sun, one of an even and one of an odd cycle, with a corner of sky."""
    for number, time in enumerate(("2012-01-01T00:00:00", "2022-01-01T00:00:00")):
        field = np.full((SIDE, SIDE), 100 * seed + number, np.float32)
        field[:4, :4] = np.nan
        yield PlaneSample(time, (field + 7, field))


def store(folder: Path, *seeds: int) -> Planes:
    write(folder, description(*seeds), show)
    return open_planes(folder)


def samples_of(
    store: Planes, indices: Sequence[int], recipe: Recipe, target: str = FIELD
) -> SampleDataset:
    return SampleDataset(PlaneSource(store, recipe, target), indices, recipe)


def test_samples_come_back_in_order_with_their_suns_and_times(tmp_path: Path) -> None:
    planes = store(tmp_path, 3, 5)
    assert (len(planes), planes.side_px) == (4, SIDE)
    assert [planes.seed(index) for index in range(4)] == [3, 3, 5, 5]
    assert planes.time(3).isot[:10] == "2022-01-01"
    assert planes.plane(2, "HMI LOS mean")[9, 9] == 500
    assert np.isnan(planes.plane(2, "HMI LOS")[0, 0])


def test_a_store_that_was_stopped_goes_on_and_does_not_make_again_what_it_has(
    tmp_path: Path,
) -> None:
    shown: list[int] = []

    def told(seed: int) -> Iterator[PlaneSample]:
        shown.append(seed)
        if seed == 5 and len(shown) == 2:
            raise KeyboardInterrupt
        return show(seed)

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, description(3, 5), told)
    with pytest.raises(StoreError, match="make it again"):
        open_planes(tmp_path)
    assert write(tmp_path, description(3, 5), told) == 4
    assert shown == [3, 5, 5]


def test_a_store_of_other_contents_is_left_alone(tmp_path: Path) -> None:
    store(tmp_path, 3)
    before = (tmp_path / DESCRIPTION_FILE).read_bytes()
    with pytest.raises(StoreError, match="expected a new folder"):
        write(tmp_path, description(4), show)
    assert (tmp_path / DESCRIPTION_FILE).read_bytes() == before


@pytest.mark.parametrize("name", ["sun-3.npy", "sun-3.json"])
def test_a_damaged_file_is_named(name: str, tmp_path: Path) -> None:
    store(tmp_path, 3)
    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(StoreError, match=name):
        open_planes(tmp_path)


def test_a_sample_is_what_is_given_then_what_is_wanted_in_network_units(tmp_path: Path) -> None:
    samples = samples_of(store(tmp_path, 3), [0, 1], RECIPE, "HMI LOS mean")
    even, odd = samples[0], samples[1]
    assert even.shape == (2, SIDE, SIDE)
    # The leading polarity of even cycles is turned, of odd ones it is not.
    torch.testing.assert_close(even[:, 9, 9], torch.tensor([-307.0, -300.0]) / 1500)
    torch.testing.assert_close(odd[:, 9, 9], torch.tensor([308.0, 301.0]) / 1500)
    assert (even[:, :4, :4] == 0).all()


def test_a_plane_that_the_store_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(IncompleteSetError, match="expected HMI LOS as observation, HMI LOS truth"):
        samples_of(store(tmp_path, 3), [0], RECIPE, "HMI LOS truth")


def test_planes_of_another_size_are_refused(tmp_path: Path) -> None:
    registered = NATIVE.model_copy(update={"grid": Grid(32, 14.0)})
    with pytest.raises(StoreError, match="got planes of 64 px, expected 32"):
        samples_of(store(tmp_path, 3), [0], registered)


def test_tiles_to_learn_from_may_be_smaller_than_those_to_infer_with(tmp_path: Path) -> None:
    tiling = TILING.model_copy(update={"tile_px": 128})
    samples = samples_of(store(tmp_path, 3), [0], NATIVE.model_copy(update={"grid": tiling}))
    assert (samples.side_px, samples[0].shape) == (SIDE, (2, SIDE, SIDE))


def data(tmp_path: Path, **changes: object) -> Data:
    store(tmp_path / "train", 3, 4)
    store(tmp_path / "test", 5)
    stores = {"store": (tmp_path / "train",), "validation": tmp_path / "test"}
    return Data.model_validate(stores | {"crop_margin_px": 0} | changes)


def test_a_sun_is_not_learnt_from_and_validated_with(tmp_path: Path) -> None:
    both = data(tmp_path).model_copy(update={"validation": tmp_path / "train"})
    with pytest.raises(StoreError, match="got 2 suns that are trained on, as seed 3"):
        open_samples(both, NATIVE)


def test_noise_is_added_to_what_is_given_and_not_to_what_is_wanted(tmp_path: Path) -> None:
    given = data(tmp_path, added_noise_gauss=[6.0, 14.0], target="HMI LOS")
    train, _ = open_samples(given, NATIVE)
    clean = Batches(train, NATIVE, data(tmp_path / "b", target="HMI LOS"), 16, seed=1).batch(1)
    noisy = Batches(train, NATIVE, given, 16, seed=1).batch(1)
    torch.testing.assert_close(noisy[:, 1], clean[:, 1])
    added = (noisy[:, 0] - clean[:, 0]) * 1500
    sky = clean[:, 0] == 0
    assert (added[sky] == 0).all()
    sigmas = torch.stack([plane[~dark].std() for plane, dark in zip(added, sky, strict=True)])
    assert 5.5 < sigmas.min() < 8 < 12 < sigmas.max() < 14.5


def test_validation_may_have_a_target_of_its_own(tmp_path: Path) -> None:
    config = data(tmp_path, target="HMI LOS", validation_target="HMI LOS mean")
    train, validation = open_samples(config, NATIVE)
    assert (train[0][0] == train[0][1]).all()
    assert (validation[0][0] != validation[0][1]).any()


def test_a_simulated_tile_is_a_frame_its_mean_and_its_truth() -> None:
    plan = Tiles(first_seed=3, seeds=1, dates=1, tiles=1, side_px=32)
    (shown,) = tile_samples(3, plan)
    frame, mean, truth = shown.planes
    assert len(PLANES) == len(shown.planes)
    seen = np.isfinite(truth)
    noise, left = (float(np.std((image - truth)[seen])) for image in (frame, mean))
    assert 7 < noise < 12
    assert left < noise / 3.5  # of 21 frames; the root of 21 is 4.6
