"""The configurations that come with the project: each runs, and says what its paper says."""

import pytest
import torch

from farside.model import checkpoint
from farside.model.recipe import MedianLog, Percentile, Recipe
from tests.support.live import ROOT
from training.config import Config, read_config
from training.discriminator import Discriminator

FOLDER = ROOT / "training" / "configs"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
SHIPPED_MB = 6.0


def config_of(name: str) -> Config:
    return read_config(FOLDER / f"{name}.toml")


def recipe_of(config: Config) -> Recipe:
    return Recipe.from_toml((ROOT / config.recipe).read_text())


def parameters(network: torch.nn.Module) -> int:
    return sum(each.numel() for each in network.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_its_networks_fit_its_images(name: str) -> None:
    config = config_of(name)
    recipe = recipe_of(config)
    planes, targets = recipe.input_planes, len(recipe.targets)
    judged = [recipe.outputs.index(target) for target in recipe.targets]
    side = config.data.patch_px or recipe.side_px
    with torch.device("meta"):
        generator = checkpoint.initialise(recipe)
        batch = torch.empty(1, planes, side, side)
        for stage in config.stage_schedule:
            image = generator(batch, stage.halvings) if stage.halvings else generator(batch)
            assert image.shape[-1] == side // 2**stage.halvings
            given = torch.empty(1, planes, *image.shape[-2:])
            discriminator = Discriminator(planes, targets, **stage.adversary.model_dump())
            assert min(discriminator(given, image[:, judged])[-1][-1].shape) > 0


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("demo")])
def test_a_demonstration_is_small_enough_to_be_shipped(name: str) -> None:
    with torch.device("meta"):
        state = checkpoint.initialise(recipe_of(config_of(name))).state_dict()
    assert 2 * sum(tensor.numel() for tensor in state.values()) < 0.97e6 * SHIPPED_MB


def test_aisfm_1_is_as_kim_et_al_have_it() -> None:
    config = config_of("aisfm1")
    recipe, weights = recipe_of(config), config.weights
    assert (recipe.side_px, recipe.disk.disk_radius_px) == (1024, 392.0)
    assert [c.accepts for c in recipe.channels] == [("EUVI 304", "AIA 304")]
    assert recipe.saturation_gauss == recipe.field.scaling.scale == 100
    assert recipe.network.arguments["levels"] == 10
    # Twice, since the adversary's term is halved.
    assert (weights.adversary, weights.l1, weights.features, weights.concordance) == (2, 100, 0, 0)
    assert config.adversarial_loss == "cross-entropy"
    assert (config.optimiser.rate, config.optimiser.betas) == (2e-4, (0.5, 0.999))
    assert (config.adversary.strided, config.adversary.norm) == (3, "batch")


def test_the_whole_image_variant_differs_in_the_adversary_alone() -> None:
    patches, whole = config_of("aisfm1"), config_of("aisfm1-whole-image")
    assert whole.adversary.strided == 7
    assert whole.model_copy(update={"adversary": patches.adversary}) == patches


def test_aisfm_2_is_as_jeong_et_al_have_it() -> None:
    config = config_of("aisfm2")
    recipe, weights = recipe_of(config), config.weights
    grid = recipe.disk
    assert (grid.size_px, grid.disk_radius_px, grid.mask_radius) == (1024, 450.0, 0.98)
    assert {c.scaling for c in recipe.channels} == {MedianLog(low=0.01, high=2.0)}
    assert recipe.saturation_gauss == recipe.field.scaling.scale == 3000
    assert (weights.adversary, weights.features, weights.concordance) == (2, 10, 0)
    assert config.adversarial_loss == "least-squares"
    assert (config.adversary.n_scales, config.adversary.n_df) == (2, 64)
    assert config.optimiser.schedule == "linear"
    assert config.optimiser.hold == pytest.approx(2 / 3)
    with torch.device("meta"):
        assert parameters(checkpoint.initialise(recipe)) == 45_617_729
        discriminator = Discriminator(3, 1, **config.adversary.model_dump())
    assert discriminator.copies == 1


def test_the_multi_layer_gan_is_as_alshehhi_has_it() -> None:
    config = config_of("multilayer")
    recipe, weights = recipe_of(config), config.weights
    assert recipe.channels[0].scaling == Percentile(percentile=98.0)
    assert config.data.patch_px == 512
    assert [stage.halvings for stage in config.stages] == [2, 1, 0]
    assert [stage.adversary.strided for stage in config.stages] == [3, 2, 1]
    assert config.adversarial_loss == "cross-entropy"
    assert weights.l2 > 0
    assert (weights.l1, weights.features, weights.concordance) == (0, 0, 0)


@pytest.mark.parametrize(
    ("name", "strided"),
    [("multilayer-one-patch", [3, 3, 3]), ("multilayer-whole-image", [4, 5, 6])],
)
def test_the_ablation_differs_in_the_adversaries_alone(name: str, strided: list[int]) -> None:
    paper, other = config_of("multilayer"), config_of(name)
    assert [stage.adversary.strided for stage in other.stages] == strided
    assert other.model_copy(update={"stages": paper.stages}) == paper
