"""Scores of denoisers: of answers that are known, and of a model as it is served."""

import numpy as np
import pytest

from farside.denoising.noise import RelativePower, StrongFlux, core_width_gauss
from farside.errors import RecipeError
from farside.model.recipe import NativeTiling
from farside.simulation.instruments.hmi_series import Tile
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
from training.restoration.denoiser import ONE_FRAME, Denoiser, SunScores, blur_of, day_of
from training.restoration.denoisingpage import markdown
from training.restoration.denoisingscores import CENTRE, POWER, summarise
from training.scoring.table import Key

TILING = NativeTiling(tile_px=320, overlap_px=32, pixel_arcsec=0.504, mask_radius=1.0)
MARGIN_PX = 36


@pytest.fixture(scope="module")
def sun() -> Boxes:
    return boxes(3, "2013-07-11", MARGIN_PX)


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
