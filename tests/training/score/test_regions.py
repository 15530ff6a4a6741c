"""One region made by hand, and what is said of it."""

from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.evaluation.flux import pixel_area_cm2
from farside.simulation.magnetic.active_regions import FluxElements
from farside.simulation.magnetic.cycle import ActiveRegion
from farside.sun.grid import Image
from farside.sun.observer import View
from tests.training.score.fakes import DISK, EARTH, GRID, SPACECRAFT, TIME, spot
from training.score.regions import Fields, RegionScore, score_regions

VIEW = View(SPACECRAFT, TIME)
CENTRE_DEG = SPACECRAFT.carrington_longitude_deg(TIME)
THEN = View(EARTH, TIME - 9.1 * u.day)
"""When the Earth saw the same longitude, 120 degrees / 360 degrees of 27.3 days before."""

EMERGED = ActiveRegion(
    day=-20.0,
    longitude_deg=CENTRE_DEG,
    latitude_deg=10.0,
    flux_mx=5e21,
    tilt_deg=0.0,
    leading=1,
    anti_hale=False,
    number=3,
)


class OneRegion:
    """A Sun whose only region has a foot three degrees to each side of a place."""

    def __init__(self, region: ActiveRegion, flux_mx: float = 2e21) -> None:
        self._region, self._flux = region, flux_mx

    def day(self, time: Time) -> float:
        return float((time - TIME).to_value("day"))

    def regions(self, time: Time) -> tuple[ActiveRegion, ...]:
        assert time == TIME
        return (self._region,)

    def elements(self, time: Time) -> FluxElements:
        assert time == TIME
        region = self._region
        return FluxElements(
            longitude_deg=region.longitude_deg + np.array([[3.0], [-3.0]]),
            latitude_deg=np.full((2, 1), region.latitude_deg),
            flux_mx=self._flux * region.leading * np.array([[1.0], [-1.0]]),
            region=np.zeros(1, np.int64),
            age_days=np.ones(1),
            in_spot=np.zeros((2, 1), bool),
        )


def bipole(longitude_deg: float, latitude_deg: float, gauss: float = 300.0) -> Image:
    leading = spot(longitude_deg + 3, latitude_deg, VIEW, gauss)
    return leading - spot(longitude_deg - 3, latitude_deg, VIEW, gauss)


TRUTH = bipole(CENTRE_DEG, 10.0)


def score(
    generated: Image, region: ActiveRegion = EMERGED, reference: View = THEN, flux_mx: float = 2e21
) -> list[RegionScore]:
    sun = OneRegion(region, flux_mx)
    truth = TRUTH * np.float32(region.leading)
    return score_regions(sun, 7, Fields(generated, -truth, truth), GRID, VIEW, reference)


def test_the_truth_is_right_in_polarity_flux_and_place() -> None:
    (found,) = score(TRUTH)
    assert found.polarity_right
    assert not found.persistence_right  # It is the truth turned round.
    assert found.persistence_mx == found.true_mx
    assert found.place_error_deg == pytest.approx(0, abs=1e-4)
    assert found.generated_mx == found.true_mx
    # Two Gaussians of 2 degrees, 300 G high, of which the neighbourhood leaves some out.
    sigma_px = np.radians(2) * GRID.disk_radius_px
    whole_mx = 2 * 300 * 2 * np.pi * sigma_px**2 * pixel_area_cm2(GRID)
    assert 0.6 * whole_mx < found.true_mx < 1.01 * whole_mx


@pytest.mark.parametrize(("factor", "right"), [(0.1, True), (-1.0, False), (0.0, False)])
def test_polarity_is_a_matter_of_sign_alone(factor: float, right: bool) -> None:
    (found,) = score(TRUTH * np.float32(factor))
    assert found.polarity_right is right
    assert found.generated_mx == pytest.approx(abs(factor) * found.true_mx)


def test_a_negative_leading_polarity_is_right_when_it_is_generated() -> None:
    southern = replace(EMERGED, leading=-1)
    assert score(-TRUTH, southern)[0].polarity_right
    assert not score(TRUTH, southern)[0].polarity_right


def test_a_region_moved_aside_is_so_many_degrees_from_its_place() -> None:
    (found,) = score(bipole(CENTRE_DEG, 12.0))
    # The edge of the neighbourhood takes some of it back.
    assert found.place_error_deg == pytest.approx(2, abs=0.6)


def test_emergence_after_the_reference_makes_a_region_new() -> None:
    assert score(TRUTH)[0].state == "seen"
    assert score(TRUTH, replace(EMERGED, day=-9.0))[0].state == "new"
    assert score(TRUTH, replace(EMERGED, day=-9.2))[0].state == "seen"


def test_a_region_behind_the_limb_of_the_reference_is_hidden() -> None:
    half_a_turn = View(EARTH, THEN.time - 13.65 * u.day)
    assert score(TRUTH, replace(EMERGED, day=-40.0), half_a_turn)[0].state == "hidden"


def test_regions_too_weak_or_too_near_the_limb_are_left_out() -> None:
    assert score(TRUTH, flux_mx=0.9e21) == []
    assert score(TRUTH, replace(EMERGED, longitude_deg=CENTRE_DEG + 65)) == []
    assert score(TRUTH, replace(EMERGED, longitude_deg=CENTRE_DEG + 180)) == []


def test_a_region_whose_polarity_the_true_field_hides_is_left_out() -> None:
    sun = OneRegion(EMERGED)
    assert score_regions(sun, 7, Fields(TRUTH, TRUTH, -TRUTH), GRID, VIEW, THEN) == []


def test_a_region_says_which_it_is() -> None:
    (found,) = score(np.where(DISK, TRUTH, np.float32(np.nan)))
    assert (found.seed, found.day, found.number, found.anti_hale) == (7, -20.0, 3, False)
