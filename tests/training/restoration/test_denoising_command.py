"""``python -m training.restoration.denoising``: one Sun, and the page that is shipped.

Apart from test_denoising.py, whose Sun takes 300 MB, as this one does.
"""

import json
import sys
from types import SimpleNamespace

import pytest
import torch

from export.publish import read_report
from farside.model import checkpoint
from farside.model.networks.denoiser import Generator
from farside.model.recipe import NativeTiling, NetworkSpec, Recipe
from tests.support.live import ROOT
from tests.support.native_model import NATIVE
from training.restoration.denoiser import MEAN, ONE_FRAME
from training.restoration.denoising import main
from training.restoration.denoisingpage import markdown
from training.restoration.denoisingscores import CENTRE, LIMB, DenoisingScores
from training.scoring.markdown import read_scores
from training.scoring.table import Key

TILING = NativeTiling(tile_px=320, overlap_px=32, pixel_arcsec=0.504, mask_radius=1.0)


def recipe() -> Recipe:
    network = NetworkSpec(
        name="denoiser:Generator",
        arguments={"n_gf": 2, "n_downsample": 1, "n_residual": 1, "additive": True},
    )
    return NATIVE.model_copy(
        update={"name": "quiet", "version": "1", "network": network, "grid": TILING}
    )


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """One Sun through the command, with an untrained model."""
    folder = tmp_path_factory.mktemp("denoising")
    torch.manual_seed(1)
    network = Generator(1, 1, n_gf=2, n_downsample=1, n_residual=1, additive=True)
    model = folder / "quiet.safetensors"
    checkpoint.write(model, network.state_dict(), recipe())
    page, reports = folder / "docs" / "denoising-scores.md", folder / "reports"
    with pytest.MonkeyPatch.context() as patch:
        words = ["denoising", str(model), "--suns", "1", "--out", str(page)]
        patch.setattr(sys, "argv", [*words, "--reports", str(reports)])
        main()
    return SimpleNamespace(model=model, page=page, reports=reports)


def test_the_command_writes_page_numbers_and_picture(command: SimpleNamespace) -> None:
    found = read_scores(command.page.with_suffix(".json"), DenoisingScores)
    blur = "blur as quiet as quiet"
    assert found.predictions == (ONE_FRAME, MEAN, "quiet", blur)
    assert command.page.read_text() == markdown(found, "denoising-scores.png")
    picture = command.page.with_suffix(".png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 300_000
    quiet, as_quiet = (found.estimate(Key(CENTRE, prediction=each)) for each in ("quiet", blur))
    assert quiet
    assert as_quiet
    assert as_quiet.mean == pytest.approx(quiet.mean, rel=0.02)


def test_a_report_suits_export(command: SimpleNamespace) -> None:
    path = command.reports / "quiet" / "report.json"
    report = read_report(path)
    assert report.identity == checkpoint.read(command.model).identity
    measures = [score.measure for score in report.scores]
    assert f"{LIMB}, 1 simulated suns not trained on" in measures
    assert all(score.command.endswith("quiet --suns 1") for score in report.scores)
    assert "errors" not in json.loads(path.read_text())


def test_two_models_of_one_name_are_refused(
    command: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = [str(command.model)] * 2
    monkeypatch.setattr(sys, "argv", ["denoising", *twice, "--out", str(command.page)])
    with pytest.raises(SystemExit, match="got quiet, quiet, expected each name once"):
        main()


def test_the_page_of_the_project_is_of_the_models_that_are_shipped() -> None:
    page = ROOT / "docs" / "denoising-scores.md"
    found = read_scores(page.with_suffix(".json"), DenoisingScores)
    shipped = {
        model.recipe.name: model.identity
        for model in map(
            checkpoint.read, ROOT.glob("model_repository/denoise-*/*/model.safetensors")
        )
    }
    scored = {entry.name: entry.identity for entry in found.entries}
    assert shipped == {name: scored.get(name) for name in shipped}
    assert page.read_text() == markdown(found, "denoising-scores.png")
