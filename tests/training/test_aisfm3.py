"""The configuration of Jeong et al. (2022): what the paper says, it has."""

import numpy as np
import torch

from farside.model.networks.pix2pixcc import Generator
from farside.model.recipe import Recipe
from farside.sun.reference_epoch import SYNODIC_PERIOD_DAYS
from tests.support.live import ROOT
from training.config import read_config
from training.data.pairing import Ages, MonthsRule, pair
from training.discriminator import Discriminator

CONFIG = read_config(ROOT / "training" / "configs" / "aisfm3.toml")
RECIPE = Recipe.from_toml((ROOT / CONFIG.recipe).read_text())


def parameters(network: torch.nn.Module) -> int:
    return sum(each.numel() for each in network.parameters())


def test_generator_and_discriminator_have_as_many_parameters_as_the_authors() -> None:
    with torch.device("meta"):
        generator = Generator(**RECIPE.network.arguments)  # type: ignore[arg-type]  # strict Recipe
        discriminator = Discriminator(
            len(RECIPE.channels), len(RECIPE.outputs), **CONFIG.adversary.model_dump()
        )
    assert parameters(generator) == 302_564_081
    assert parameters(discriminator) == 1_091_801


def test_the_grid_is_the_paper_s_and_fits_the_network() -> None:
    assert (RECIPE.disk.size_px, RECIPE.disk.disk_radius_px) == (1024, 450.0)
    assert RECIPE.disk.size_px % 2**5 == 0
    assert RECIPE.reference_view == "own"


def test_the_objective_and_the_optimiser_are_the_paper_s() -> None:
    weights, optimiser, run = CONFIG.weights, CONFIG.optimiser, CONFIG.run
    assert (weights.adversary, weights.features, weights.concordance) == (2, 10, 5)
    assert (optimiser.rate, optimiser.betas, optimiser.weight_decay) == (2e-4, (0.5, 0.999), 0)
    assert (optimiser.schedule, optimiser.warmup, optimiser.clip) == ("constant", 0, None)
    assert (run.iterations, run.batch, run.validate_every) == (1_000_000, 1, 10_000)
    assert (CONFIG.initialisation.conv_std, CONFIG.data.crop_margin_px) == (0.02, 62)


def test_sdo_may_stand_for_the_far_side_as_it_does_in_training() -> None:
    observed = RECIPE.channels_of("observation")
    for channel, band in zip(observed, ("304", "193", "171"), strict=True):
        assert channel.takes("observation", "AIA", band)
    for channel, band in zip(observed, ("304", "195", "171"), strict=True):
        assert channel.takes("observation", "EUVI-B", band)


def test_only_references_of_a_synodic_rotation_are_near_enough() -> None:
    mjd = np.arange(56000.0, 56060.0, 0.25)
    carrington = (100.0 - 360.0 / SYNODIC_PERIOD_DAYS * mjd) % 360.0
    pairs = pair(mjd, carrington, Ages(SYNODIC_PERIOD_DAYS), MonthsRule())
    limit = CONFIG.data.greatest_shift_deg
    near = {round(each.age_days, 2) for each in pairs if abs(each.shift_deg) <= limit}
    assert {round(each.age_days, 2) for each in pairs} > near == {27.25}
    youngest, oldest = RECIPE.training.reference_age_days
    assert youngest <= 27.25 <= oldest
