"""The whole way from rendered suns to a published model, in little."""

from pathlib import Path

import numpy as np
import pytest
import torch

from farside import checkpoint
from farside.recipe import Recipe
from tests.live import ROOT
from training.simulated import FIRST_TRAINING_SEED, GRID, render
from training.train import Options, load, mirrored, train, untrained

FULL = Recipe.from_toml((ROOT / "training" / "recipes" / "pix2pixcc-demo.toml").read_text())
SMALL = FULL.network.model_copy(
    update={"arguments": FULL.network.arguments | {"n_gf": 4, "n_residual": 1}}
)
RECIPE = FULL.model_copy(update={"network": SMALL})


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    folder = tmp_path_factory.mktemp("samples")
    for seed in range(2):
        np.save(folder / f"{seed}.npy", render(seed).planes.astype(np.float16))
    return load(folder, RECIPE)


def test_a_sample_is_made_again_from_its_seed_and_another_seed_gives_another() -> None:
    first, again, other = render(11), render(11), render(12)
    np.testing.assert_array_equal(first.planes, again.planes)
    assert first.age_days == again.age_days
    assert not np.array_equal(first.planes, other.planes)


def test_euv_planes_are_in_medians_and_nothing_lies_off_the_disk() -> None:
    planes = render(11).planes
    on_disk = GRID.on_disk()
    np.testing.assert_allclose(np.median(planes[:6, on_disk], axis=1), 1, rtol=1e-5)
    assert not planes[:, ~on_disk].any()


def test_ages_cover_what_eq_5_can_ask_for() -> None:
    ages = [render(FIRST_TRAINING_SEED + k).age_days for k in range(12)]
    assert 0 <= min(ages) < 9 < 18 < max(ages) <= 27.3


def test_training_raises_the_concordance_and_leaves_a_model_file(
    samples: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model.safetensors"
    train(RECIPE, samples, samples, Options(out, steps=40, batch=2, every=20))
    first, last = (
        float(line.split("training ")[1].split(",")[0])
        for line in capsys.readouterr().out.splitlines()
    )
    assert last > first
    model = checkpoint.read(out)
    assert model.recipe == RECIPE
    assert checkpoint.build(model.recipe, model.state).input_channels == 7


def test_an_untrained_network_begins_with_fields_of_the_right_size() -> None:
    torch.manual_seed(0)
    with torch.inference_mode():
        answer = untrained(RECIPE)(torch.randn(1, 7, 64, 64))
    assert 1 < float(answer.std()) * 1500 < 100


def test_upside_down_euv_stays_and_fields_change_sign() -> None:
    batch = torch.arange(8.0).reshape(1, 2, 2, 2)
    flipped = mirrored(batch, [1])
    assert flipped.tolist() == [[[[2, 3], [0, 1]], [[-6, -7], [-4, -5]]]]


def test_a_folder_without_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no samples in"):
        load(tmp_path, RECIPE)
