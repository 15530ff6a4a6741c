"""Scores of denoisers: of answers that are known, and of a model as it is served."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from export.publish import read_report
from farside.denoising.noise import RelativePower, StrongFlux, core_width_gauss
from farside.errors import RecipeError
from farside.model import checkpoint
from farside.model.networks.denoiser import Generator
from farside.model.recipe import NativeTiling, NetworkSpec, Recipe
from farside.simulation.instruments.hmi_series import Tile
from tests.support.live import ROOT
from tests.support.native_model import NATIVE
from tests.support.small_model import RECIPE, Echo
from training.restoration.boxes import (
    CENTRE_PX,
    LIMB_PX,
    Boxes,
    DenoisingMeasures,
    blurred,
    boxes,
    measured,
    middle,
    treated,
    weak_slope,
)
from training.restoration.denoiser import MEAN, ONE_FRAME, Denoiser, SunScores, blur_of, day_of
from training.restoration.denoising import main
from training.restoration.denoisingpage import markdown
from training.restoration.denoisingscores import CENTRE, LIMB, POWER, DenoisingScores, summarise
from training.scoring.markdown import read_scores
from training.scoring.table import Key

TILING = NativeTiling(tile_px=320, overlap_px=32, pixel_arcsec=0.504, mask_radius=1.0)
MARGIN_PX = 36


def recipe(name: str = "quiet") -> Recipe:
    network = NetworkSpec(
        name="denoiser:Generator",
        arguments={"n_gf": 2, "n_downsample": 1, "n_residual": 1, "additive": True},
    )
    return NATIVE.model_copy(
        update={"name": name, "version": "1", "network": network, "grid": TILING}
    )


@pytest.fixture(scope="module")
def sun() -> Boxes:
    return boxes(7, "2013-07-11", MARGIN_PX)


@pytest.fixture(scope="module")
def echo() -> Denoiser:
    """A denoiser that does nothing."""
    engine = Echo(NATIVE.model_copy(update={"grid": TILING}))
    return Denoiser(engine.models()["demo"], engine)


def test_the_boxes_are_those_of_the_measure(sun: Boxes) -> None:
    assert sun.centre.truth.shape == (CENTRE_PX, CENTRE_PX)
    assert [box.truth.shape for box in sun.limb] == [(LIMB_PX, LIMB_PX)] * 4
    assert all(np.isfinite(box.truth).all() for box in (sun.centre, *sun.limb, sun.region))


def test_the_region_is_stronger_than_disk_centre(sun: Boxes) -> None:
    assert np.abs(sun.region.truth).mean() > np.abs(sun.centre.truth).mean()
    assert np.abs(sun.region.truth).max() > 500


def test_the_truth_keeps_all_and_has_no_noise(sun: Boxes) -> None:
    found = measured(sun, treated(sun, lambda seen: seen.truth))
    assert max(found.centre_gauss, found.limb_gauss) < 0.5
    assert (found.network.power, found.network.coherent) == pytest.approx((1, 1))
    assert found.region
    assert (found.region.slope, found.region.unsigned) == pytest.approx((1, 1))


def test_weak_field_that_is_halved_has_half_its_slope(sun: Boxes) -> None:
    truth = sun.centre.truth
    weak = np.abs(truth) < 50
    assert weak_slope(np.where(weak, truth / 2, truth), truth) == pytest.approx(0.5)
    assert weak_slope(np.where(weak, truth, truth / 2), truth) == pytest.approx(1)


def test_a_frame_is_as_noisy_as_the_papers(sun: Boxes) -> None:
    found = measured(sun, treated(sun, middle))
    assert found.centre_gauss == pytest.approx(9.1, abs=0.7)
    assert found.limb_gauss == pytest.approx(10.7, abs=0.5)


def test_a_denoiser_that_does_nothing_answers_the_frame_through_the_served_path(
    sun: Boxes, echo: Denoiser
) -> None:
    for box in (sun.centre, sun.limb[0], sun.region):
        np.testing.assert_allclose(box.treated(echo), box.treated(middle), rtol=1e-5, atol=1e-3)


def test_beyond_the_limb_there_is_no_answer(sun: Boxes, echo: Denoiser) -> None:
    prediction, truth = echo(sun.limb[0].seen), sun.limb[0].seen.truth
    assert np.isnan(truth).any()
    # The last pixel of the limb may be of either.
    assert np.count_nonzero(np.isnan(prediction) != np.isnan(truth)) < 2 * len(truth)


def test_the_blur_is_as_quiet_as_what_it_is_compared_with(sun: Boxes) -> None:
    wanted = core_width_gauss(sun.centre.treated(Tile.mean))
    width_px = blur_of(sun, wanted)
    assert 1 < width_px < 2
    found = core_width_gauss(sun.centre.treated(blurred(width_px)))
    assert found == pytest.approx(wanted, rel=0.02)


def test_nothing_need_be_blurred_to_be_as_noisy_as_a_frame(sun: Boxes) -> None:
    assert blur_of(sun, 50.0) < 0.01


def test_of_several_blurs_that_are_quiet_enough_the_narrowest_is_taken(sun: Boxes) -> None:
    """Wide ones spread the network over what is between, and the core grows with them."""
    narrow = blur_of(sun, 2.5)
    assert narrow < 1.6
    wide = core_width_gauss(sun.centre.treated(blurred(4 * narrow)))
    assert blur_of(sun, max(wide, 2.5)) <= narrow


def test_where_no_blur_is_quiet_enough_the_quietest_is_taken(sun: Boxes) -> None:
    found = core_width_gauss(sun.centre.treated(blurred(blur_of(sun, 0.0))))
    others = [core_width_gauss(sun.centre.treated(blurred(each))) for each in (1.0, 2.0, 3.0, 4.0)]
    assert found <= min(others)


def test_dates_are_those_of_the_suns_whoever_asks() -> None:
    assert day_of(3) == day_of(3) != day_of(4)
    assert all("2010-06" <= day_of(seed) <= "2027-06" for seed in range(40))


def test_a_model_of_registered_disks_is_refused() -> None:
    engine = Echo(RECIPE)
    with pytest.raises(RecipeError, match="expected a model for native pixels"):
        Denoiser(engine.models()["demo"], engine)


def measures(noise: float, kept: float, strong: float | None = None) -> DenoisingMeasures:
    flux = None if strong is None else StrongFlux(strong, strong)
    return DenoisingMeasures(
        noise, noise + 1, RelativePower(kept, kept**0.5), kept, StrongFlux(kept, kept), flux
    )


def scored(seed: int, noise: float, kept: float, strong: float | None) -> SunScores:
    every = {ONE_FRAME: measures(9.0, 1.0), "demo": measures(noise, kept, strong)}
    return SunScores(seed, "2013-11-01", every, {"demo": 1.5})


def test_targets_are_judged_by_the_mean_over_suns(echo: Denoiser) -> None:
    suns = [scored(0, 3.0, 0.93, 0.99), scored(1, 3.5, 0.91, 0.96), scored(2, 3.1, 0.89, None)]
    found = summarise(suns, [echo], "command")
    verdicts = {target.what: target.holds for target in found.targets}
    assert verdicts["noise at disk centre, share of one frame's, as M1, translation"]
    assert verdicts["noise at the limb, share of one frame's, as M1, translation"]
    assert verdicts[POWER]
    assert not verdicts["strong region, slope"]  # 0.975
    assert not verdicts["strong field at disk centre, slope"]
    estimate = found.estimate(Key(CENTRE, prediction="demo"))
    assert estimate
    assert estimate.mean == pytest.approx(3.2)
    assert estimate.units == 3
    region = found.estimate(Key("strong region, slope", prediction="demo"))
    assert region
    assert region.units == 2  # the third has no strong region


def test_too_much_noise_is_said_to_be_too_much(echo: Denoiser) -> None:
    found = summarise([scored(0, 3.7, 1, 1), scored(1, 3.7, 1, 1)], [echo], "command")
    verdicts = {target.what: target.holds for target in found.targets}
    assert not verdicts["noise at disk centre, share of one frame's, as M1, translation"]
    assert verdicts["noise at disk centre, share of one frame's, as M2, auto-encoder"]
    page = markdown(found, "x.png")
    assert "at most 0.374 | 0.411 [0.411, 0.411] | **no** |" in page
    assert "fewer than 40 suns" in page


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
