"""What a network is told of where it looks, and of what is not there."""

from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.magnetogram.encoding import complete, decode, encode
from farside.magnetogram.geometry_planes import geometry_plane
from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import Stack, assemble
from farside.model.engine import Model
from farside.model.recipe import (
    Channel,
    FieldPlane,
    Linear,
    MedianLog,
    ProbabilityPlane,
    Recipe,
    SigmaPlane,
)
from farside.quality import Quality
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import lines_of_sight, trace
from farside.sun.observer import SOLAR_RADIUS_M, Observer, earth
from farside.sun.solar_cycle import leading_sign
from tests.magnetogram.test_stack import NOW, STEREO_A, euvi, hmi
from tests.support.small_model import RECIPE, Echo

GRID = Grid(64, 28.0)
FIELD = Linear(scale=100.0)


def field_plane(quantity: str) -> FieldPlane:
    return FieldPlane.model_validate({"quantity": quantity, "unit": "gauss", "scaling": FIELD})


FLEXIBLE = Recipe.model_validate(
    RECIPE.model_dump()
    | {
        "channels": (
            Channel(
                role="observation",
                accepts=("EUVI 304", "AIA 304"),
                scaling=MedianLog(low=0.01, high=100),
                optional=True,
            ),
            Channel(
                role="observation",
                accepts=("EUVI 195", "AIA 193"),
                scaling=MedianLog(low=0.01, high=100),
                optional=True,
            ),
            Channel(role="reference", accepts=("HMI LOS",), scaling=FIELD, optional=True),
        ),
        "geometry": ("sine of latitude", "hemisphere", "west", "mu", "reference age"),
        "outputs": (
            field_plane("line-of-sight magnetic field"),
            SigmaPlane(quantity="sigma", unit="gauss", scaling=FIELD),
            field_plane("unsigned magnetic field"),
            ProbabilityPlane(quantity="probability of positive polarity"),
        ),
        "reference_view": "observation",
        "polarity": "hale",
        "timing": {"spread_hours": 2.0, "usual_lag_hours": 24.0, "greatest_lag_hours": 900.0},
    }
)
ON_DISK = FLEXIBLE.disk.on_disk()


def encoded(stack: Stack) -> Image:
    out = np.full((1, FLEXIBLE.input_planes, 64, 64), 7, np.float32)
    encode(stack, FLEXIBLE, out)
    planes: Image = out[0]
    return planes


def textured(stack: Stack) -> Stack:
    """Constant images have no sign."""
    rng = np.random.default_rng(0)
    noise = np.where(ON_DISK, rng.uniform(1, 2, ON_DISK.shape), np.nan).astype(np.float32)
    disks = tuple(disk and replace(disk, image=disk.image * noise) for disk in stack.disks)
    return replace(stack, disks=disks)


@pytest.mark.parametrize("latitude_deg", [-7.2, 0.0, 5.0])
def test_geometry_planes_are_those_of_the_lines_of_sight(latitude_deg: float) -> None:
    observer, inside = Observer(40.0, latitude_deg, 215 * SOLAR_RADIUS_M), GRID.on_disk()
    points = trace(*lines_of_sight(GRID, observer), observer, Time("2014-01-01"))
    sine = geometry_plane("sine of latitude", GRID, observer, None)
    np.testing.assert_allclose(
        sine[inside], np.sin(np.radians(points.latitude_deg))[inside], atol=2e-5
    )
    mu = geometry_plane("mu", GRID, observer, None)
    np.testing.assert_allclose(mu[inside], points.mu[inside], atol=1e-3)
    hemisphere = geometry_plane("hemisphere", GRID, observer, None)
    assert (np.sign(hemisphere) == np.sign(sine)).all()
    assert np.abs(hemisphere).max() > 0.999
    west = geometry_plane("west", GRID, observer, None)
    assert west[32, 59] == pytest.approx(27.5 / 28)
    for plane in (sine, mu, hemisphere, west):
        assert (plane[~inside] == 0).all()


def test_latitude_changes_sign_with_north_and_south() -> None:
    north, south = (Observer(0.0, tilt, 215 * SOLAR_RADIUS_M) for tilt in (7.0, -7.0))
    one, other = (geometry_plane("sine of latitude", GRID, each, None) for each in (north, south))
    np.testing.assert_allclose(one, -other[::-1], atol=1e-6)


def test_age_is_in_rotations_on_the_disk_and_zero_without_a_reference() -> None:
    observer = earth(Time("2014-01-01"))
    plane = geometry_plane("reference age", GRID, observer, 54.6)
    np.testing.assert_allclose(plane[GRID.on_disk()], 2.0)
    assert not geometry_plane("reference age", GRID, observer, None).any()


def test_planes_are_images_then_availability_then_geometry() -> None:
    assert FLEXIBLE.input_planes == 3 + 3 + 5
    assert FLEXIBLE.odd_planes == (2, 6, 7)
    planes = encoded(textured(assemble([euvi("304"), euvi("195")], [hmi()], FLEXIBLE)))
    assert planes[0].any()
    np.testing.assert_array_equal(planes[3], ON_DISK)
    assert 0.5 < planes[5].sum() / ON_DISK.sum() < 1  # the reference's limb was not seen
    assert (planes[2][planes[5] == 0] == 0).all()
    assert planes[10].max() == pytest.approx(70 / 360, abs=0.01)


def test_what_is_missing_is_zero_and_said_so_in_every_place() -> None:
    stack = textured(assemble([euvi("304")], [], FLEXIBLE))
    assert stack.quality & Quality.MISSING_CHANNEL
    planes = encoded(stack)
    assert not planes[[1, 2, 4, 5, 10]].any()
    np.testing.assert_array_equal(planes[3], ON_DISK)
    made = made_of(stack)
    assert made.missing == (
        "EUVI 195 or AIA 193 as observation",
        "HMI LOS as reference",
    )
    assert made.reference_age_days is None
    header = made.to_hdus()[0].header
    assert header["AIMISS1"] == "EUVI 195 or AIA 193 as observation"
    assert header["AIMISS2"] == "HMI LOS as reference"


def test_a_set_without_any_missing_image_says_nothing() -> None:
    stack = assemble([euvi("304"), euvi("195")], [hmi()], FLEXIBLE)
    assert not stack.quality & Quality.MISSING_CHANNEL
    assert "AIMISS1" not in made_of(textured(stack)).to_hdus()[0].header


def test_an_image_left_out_in_training_is_what_the_service_sees_without_it() -> None:
    whole = textured(assemble([euvi("304"), euvi("195")], [hmi()], FLEXIBLE))
    without = replace(whole, disks=(whole.disks[0], None, None))
    planes = np.zeros((FLEXIBLE.input_planes, 64, 64), np.float32)
    planes[:3] = encoded(whole)[:3]
    for index in range(3):
        planes[index][encoded(whole)[3 + index] == 0] = np.nan
    planes[1:3] = np.nan
    complete(planes, FLEXIBLE, whole.observer, age_days=5.3)
    np.testing.assert_allclose(planes, encoded(without), atol=1e-6)


def made_of(stack: Stack, years: float = 0.0) -> Magnetogram:
    """What comes of a network that answers 1, 0.5, 2 and 0.8."""
    moved = replace(stack, time=stack.time + years * u.year)
    inputs = encode(moved, FLEXIBLE, np.empty((1, FLEXIBLE.input_planes, 64, 64), np.float32))
    answer = (
        np.ones((1, 4, 64, 64), np.float32) * np.array([1, 0.5, 2, 0.8], np.float32)[:, None, None]
    )
    return decode(answer, moved, inputs, Model(FLEXIBLE, "ab"), Echo())


@pytest.mark.parametrize("years", [0.0, -10.0])
def test_probability_turns_with_the_polarity_and_strength_does_not(years: float) -> None:
    made = made_of(assemble([euvi("304")], [], FLEXIBLE), years)
    sign = leading_sign(made.time)
    assert made.sigma is not None
    assert made.unsigned is not None
    assert made.positive is not None
    np.testing.assert_allclose(made.image[ON_DISK], 100 * sign)
    np.testing.assert_allclose(made.sigma[ON_DISK], 50)
    np.testing.assert_allclose(made.unsigned[ON_DISK], 200)
    np.testing.assert_allclose(made.positive[ON_DISK], 0.8 if sign > 0 else 0.2, rtol=1e-6)
    assert np.isnan(made.positive[~ON_DISK]).all()


def test_a_product_with_all_planes_reads_back_as_written() -> None:
    made = made_of(assemble([euvi("304")], [hmi(24.0)], FLEXIBLE))
    assert Magnetogram.read(made.to_bytes()) == made
    assert [hdu.name for hdu in made.to_hdus()][1:] == ["SIGMA", "UNSIGNED", "P_POSITIVE", "INPUTS"]
    assert NOW.isot[:10] == made.time.isot[:10]
    assert made.observer == STEREO_A
