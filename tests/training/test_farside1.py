"""The flagship's configuration, small: all its inputs, its scores, and its way to a product."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from export.publish import publish
from farside.errors import CheckpointError
from farside.magnetogram.encoding import encode
from farside.magnetogram.error_distribution import WITHIN_SIGMA, half_width
from farside.model import checkpoint
from farside.model.engine import find_model
from farside.model.engines.openvino import OpenVinoEngine
from farside.model.networks.gated import Generator
from farside.model.recipe import Recipe
from farside.pipeline import translate
from farside.sun.grid import Grid
from tests.support.live import ROOT
from tests.training.small_renderer import SMALL_RENDERER
from training.config import Config, read_config
from training.data import Campaign, StoreError, open_store, simulate
from training.losses import LossWeights
from training.samples import Batches, SampleDataset, mirrored
from training.sources import PairSource
from training.statistics import Statistics, field_score, polarity_score, strength_score
from training.train import LOSSES, MODEL, train
from training.variations import LeftOut, Randomised, randomise, vary, without_reference

FULL = ROOT / "training" / "recipes" / "farside-1.toml"


def small(text: str) -> str:
    """The Recipe on an eighth of the grid, with a narrow network."""
    return (
        text.replace("size_px = 512", "size_px = 64")
        .replace("disk_radius_px = 225.0", "disk_radius_px = 28.0")
        .replace("n_gf = 32, levels = 4, n_blocks = 2", "n_gf = 8, levels = 3, n_blocks = 1")
        .replace("n_deep = 4, n_fine = 16, coarsen = 4", "n_deep = 1, n_fine = 8")
    )


RECIPE = Recipe.from_toml(small(FULL.read_text()))
ON_DISK = RECIPE.disk.on_disk()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("farside-1")
    for name, seed, test in (("suns", 1, False), ("others", 2, True)):
        campaign = Campaign(
            RECIPE.disk, seed, 1, epochs=1, times=2, test=test, span_days=50.0, sdo_too=True
        )
        simulate(folder / name, campaign, processes=0, renderer=SMALL_RENDERER)
    (folder / "recipe.toml").write_text(small(FULL.read_text()))
    smoke = read_config(ROOT / "training" / "configs" / "farside-1-smoke.toml")
    paths = {"store": (folder / "suns",), "validation": folder / "others"}
    data = smoke.data.model_copy(update=paths)
    return smoke.model_copy(update={"recipe": folder / "recipe.toml", "data": data})


def samples_of(config: Config) -> SampleDataset:
    store = open_store(config.data.store[0])
    indices = range(len(store))
    return SampleDataset(PairSource(store, RECIPE, indices), indices, RECIPE)


def losses(folder: Path) -> list[float]:
    return [json.loads(line)["generator"] for line in (folder / LOSSES).read_text().splitlines()]


def test_the_real_configuration_parses_and_fits_its_network() -> None:
    config = read_config(ROOT / "training" / "configs" / "farside-1.toml")
    recipe = Recipe.from_toml((ROOT / config.recipe).read_text())
    with torch.device("meta"):
        network = checkpoint.initialise(recipe)
    assert 2 * sum(weight.numel() for weight in network.parameters()) < 25e6
    wrong = recipe.model_copy(update={"geometry": tuple(reversed(recipe.geometry))})
    with pytest.raises(
        CheckpointError, match=r"change sign with the hemisphere: got \(6, 17, 18\)"
    ):
        checkpoint.initialise(wrong)


def test_a_store_has_views_of_sdo_and_references_of_more_than_a_rotation(config: Config) -> None:
    store = open_store(config.data.store[0])
    seen = {(store.sets[p.target].channels[0], round(p.age_days, 1)) for p in store.pairs}
    assert seen == {("EUVI-A 304", 0.0), ("EUVI-A 304", 50.0), ("AIA 304", 50.0)}
    shift = {store.sets[p.target].channels[0]: p.shift_deg for p in store.pairs}
    assert abs(shift["EUVI-A 304"]) < 2
    assert abs(shift["AIA 304"]) > 30


def test_a_sample_is_what_the_service_would_give_the_network(config: Config) -> None:
    samples, store = samples_of(config), open_store(config.data.store[0])
    for index in range(len(samples)):
        out = np.empty((1, RECIPE.input_planes, 64, 64), np.float32)
        encode(store[index].stack(RECIPE), RECIPE, out)
        np.testing.assert_allclose(samples[index][:-1].numpy(), out[0], rtol=1e-3, atol=2e-3)


def test_a_sample_without_reference_is_what_the_service_would_give(config: Config) -> None:
    samples, store = samples_of(config), open_store(config.data.store[0])
    stack = store[1].stack(RECIPE)
    alone = replace(stack, disks=(*stack.disks[:3], None, None, None, None))
    out = np.empty((1, RECIPE.input_planes, 64, 64), np.float32)
    encode(alone, RECIPE, out)
    made = samples.varied(1, lambda images: without_reference(images, RECIPE))
    np.testing.assert_allclose(made[:-1].numpy(), out[0], rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize(
    ("left_out", "missing"),
    [
        (LeftOut(reference=1), {3, 4, 5, 6}),
        (LeftOut(reference_euv=1), {3, 4, 5}),
        (LeftOut(), set()),
    ],
)
def test_what_is_left_out_is_what_was_asked_for(left_out: LeftOut, missing: set[int]) -> None:
    images = np.ones((7, 64, 64), np.float32)
    vary(images, RECIPE, left_out, Randomised(), np.random.default_rng(0))
    assert set(np.flatnonzero(np.isnan(images).all((1, 2)))) == missing


def test_one_band_is_left_out_at_a_time_and_each_in_turn() -> None:
    found = set()
    for seed in range(20):
        images = np.ones((7, 64, 64), np.float32)
        vary(images, RECIPE, LeftOut(band=1), Randomised(), np.random.default_rng(seed))
        (missing,) = np.flatnonzero(np.isnan(images).all((1, 2)))
        found.add(int(missing))
    assert found == {0, 1, 2}


def test_randomised_euv_keeps_its_median_its_mask_and_every_field(config: Config) -> None:
    ranges = Randomised(contrast=(0.5, 0.5), limb=(1.0, 1.0), noise=(0.1, 0.1), shift_px=1.0)
    samples = samples_of(config)

    def change(images: np.ndarray) -> None:
        vary(images, RECIPE, LeftOut(), ranges, np.random.default_rng(0))

    plain, varied = samples[1], samples.varied(1, change)
    assert torch.equal(plain[6:], varied[6:])
    for before, after in zip(plain[:3].numpy(), varied[:3].numpy(), strict=True):
        assert np.median(after[ON_DISK]) == pytest.approx(0, abs=1e-3)
        assert (after[~ON_DISK] == 0).all()
        assert not np.allclose(before, after, atol=0.01)


def test_contrast_is_an_exponent_and_nothing_else_changes_anything() -> None:
    image = np.where(ON_DISK, np.linspace(0.5, 2, 64)[None, :], 0).astype(np.float32)
    rng = np.random.default_rng(0)
    squared = randomise(image, ON_DISK, RECIPE.disk, Randomised(contrast=(2.0, 2.0)), rng)
    np.testing.assert_allclose(squared, image**2, rtol=1e-5)
    same = randomise(image, ON_DISK, RECIPE.disk, Randomised(), rng)
    np.testing.assert_allclose(same, image, rtol=1e-6)


def network() -> Generator:
    torch.manual_seed(0)
    made = checkpoint.initialise(RECIPE)
    assert isinstance(made, Generator)
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.15)
    return made.eval()


def test_the_mirrored_sun_has_the_mirrored_answer(config: Config) -> None:
    sample, made = samples_of(config)[1][None, :-1], network()
    turned = mirrored(sample, list(RECIPE.odd_planes))
    with torch.inference_mode():
        one, other = made(sample), made(turned).flip(-2)
    torch.testing.assert_close(one[:, 0], -other[:, 0])
    torch.testing.assert_close(one[:, 1:3], other[:, 1:3])
    torch.testing.assert_close(one[:, 3], 1 - other[:, 3])
    assert one[:, 0].std() > 0


def test_without_a_reference_the_gate_has_no_effect(config: Config) -> None:
    made = network().train()
    alone = samples_of(config).varied(1, lambda images: without_reference(images, RECIPE))
    with torch.inference_mode():
        field, _, strength, positive = made(alone[None, :-1])[0]
    torch.testing.assert_close(field, strength * (2 * positive - 1))


def test_a_refined_network_begins_as_the_coarse_one() -> None:
    coarse = network()
    arguments = RECIPE.network.arguments | {"coarsen": 2}
    fine = Generator(**arguments)  # type: ignore[arg-type]
    fine.load_state_dict(coarse.state_dict(), strict=False)
    x = torch.rand(1, 19, 32, 32)
    assert fine.refine
    assert not fine.refine(torch.rand(1, 23, 64, 64)).any()
    assert torch.equal(fine.trunk(x), coarse.trunk(x))
    assert fine.eval()(x.repeat_interleave(2, 2).repeat_interleave(2, 3)).shape == (1, 4, 64, 64)


def test_scores_are_least_for_what_is_true() -> None:
    rng = torch.Generator().manual_seed(0)
    disk = torch.ones(1, 64, 64)
    strength = torch.full((8, 1, 64, 64), 0.5)
    sign = torch.where(torch.rand(strength.shape, generator=rng) < 0.8, 1.0, -1.0)
    truth = strength * sign
    mean, sigma = 0.3 * torch.ones_like(truth), 0.4 * torch.ones_like(truth)
    best = field_score(statistics(mean, sigma), truth, disk)
    chequered = mean * (1 + 0.5 * (torch.arange(64) % 2 * 2 - 1))
    for worse in (mean * 2, mean * 0, chequered):
        assert best < field_score(statistics(worse, sigma), truth, disk)
    slopes = [_slope_of_sigma(mean, factor * sigma, truth, disk) for factor in (0.8, 1.0, 1.2)]
    assert slopes[0] < -5 * abs(slopes[1])
    assert slopes[2] > 5 * abs(slopes[1])
    assert strength_score(strength, truth, disk, 0.1) == pytest.approx(0, abs=1e-6)
    assert strength_score(strength * 1.2, truth, disk, 0.1) > 1e-3
    positive = {
        p: polarity_score(torch.full_like(truth, p), strength, truth, disk)
        for p in (0.6, 0.8, 0.95)
    }
    assert positive[0.8] < min(positive[0.6], positive[0.95])


def test_sigma_holds_68_percent_of_errors_with_long_tails() -> None:
    degrees, sigma = 3.0, 0.4
    rng = np.random.default_rng(4)
    scale = sigma / half_width(WITHIN_SIGMA, degrees)
    errors = scale * rng.standard_t(degrees, (8, 1, 64, 64))
    truth, disk = torch.from_numpy(errors.astype(np.float32)), torch.ones(1, 64, 64)
    mean, answered = torch.zeros_like(truth), torch.full_like(truth, sigma)
    slopes = [
        _slope_of_sigma(mean, factor * answered, truth, disk, degrees) for factor in (0.8, 1.0, 1.2)
    ]
    assert slopes[0] < -5 * abs(slopes[1])
    assert slopes[2] > 5 * abs(slopes[1])


def statistics(field: Tensor, sigma: Tensor, degrees: float | None = None) -> Statistics:
    return Statistics(field, sigma, field.abs(), torch.full_like(field, 0.5), degrees)


def _slope_of_sigma(
    mean: Tensor, sigma: Tensor, truth: Tensor, disk: Tensor, degrees: float | None = None
) -> float:
    """Of the score: its variances weigh it without being taught, so that values do not compare."""
    answered = sigma.clone().requires_grad_()
    field_score(statistics(mean, answered, degrees), truth, disk).backward()  # type: ignore[no-untyped-call]
    assert answered.grad is not None
    return float(answered.grad.sum())


def test_the_smoke_run_resumes_exactly_and_its_model_is_published_and_answers(
    config: Config, tmp_path: Path
) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    train(config, whole)
    train(config, parted, last=4)
    train(config, parted)
    assert losses(whole) == pytest.approx(losses(parted), rel=1e-5)
    one, other = (checkpoint.read(folder / MODEL) for folder in (whole, parted))
    assert one.identity == other.identity
    path = publish(whole / MODEL, tmp_path / "models")
    engine = OpenVinoEngine.from_repository(path.parents[2], threads=1)
    model = find_model(engine, "farside-1")
    stack = open_store(config.data.validation)[1].stack(RECIPE)
    for disks in (stack.disks, (stack.disks[0], None, None, None, None, None, None)):
        made = translate(replace(stack, disks=disks), model, engine)
        assert made.sigma is not None
        assert (made.sigma[ON_DISK] > 0).all()
        assert made.positive is not None
        assert ((made.positive[ON_DISK] >= 0) & (made.positive[ON_DISK] <= 1)).all()
        assert np.isfinite(made.image[ON_DISK]).all()
    assert len(made.missing) == 6


def test_batches_follow_from_the_step_alone(config: Config) -> None:
    batches = Batches(samples_of(config), RECIPE, config.data, size=2, seed=3)
    assert torch.equal(batches.batch(5), batches.batch(5))
    assert batches.batch(5).shape == (2, 20, 64, 64)
    assert LossWeights().likelihood == 0
    assert Statistics._fields[0] == "field"


def test_a_store_is_learnt_from_on_a_coarser_grid_too(config: Config) -> None:
    store = open_store(config.data.store[0])
    grid = Grid(size_px=32, disk_radius_px=14.0, mask_radius=store.grid.mask_radius)
    fine, coarse = store[0].truth.image, store.on(grid)[0].truth.image
    assert store.on(store.grid) is store
    np.testing.assert_array_equal(np.isfinite(coarse), grid.on_disk())
    inside = np.isfinite(fine).reshape(32, 2, 32, 2).all(axis=(1, 3))
    means = fine.reshape(32, 2, 32, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(coarse[inside], means[inside], rtol=1e-5, atol=1e-5)
    with pytest.raises(StoreError, match="finer by a whole factor"):
        store.on(Grid(size_px=48, disk_radius_px=21.0, mask_radius=store.grid.mask_radius))
