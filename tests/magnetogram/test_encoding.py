"""Network units: round trip, clipping and polarity."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from farside.disk.registration import Disk
from farside.errors import DamagedImageError, EngineFailedError, InputShapeError
from farside.magnetogram.encoding import decode, encode, scale_disk, unscale
from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import Stack
from farside.model.engine import Model, Tensor
from farside.model.recipe import (
    BrightnessPlane,
    Ink,
    Linear,
    MedianLog,
    Percentile,
    Recipe,
    Scaling,
    SigmaPlane,
)
from farside.observation.image import Origin
from farside.quality import Quality
from farside.sun.grid import Grid, Image
from farside.sun.observer import Observer
from tests.support.small_model import RECIPE, Echo

GRID = RECIPE.disk
ON_DISK = GRID.on_disk()
TIME = Time("2026-11-14T00:00:00", scale="utc")
STEREO = Observer(70.0, 3.0, 1.44e11)
EUV = MedianLog(low=0.01, high=100)
BRIGHTEST = Percentile(percentile=98)

fields = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).normal(0, 300, ON_DISK.shape).astype(np.float32)
)
intensities = st.tuples(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e5)).map(
    lambda drawn: (
        np.random.default_rng(drawn[0]).lognormal(0, 0.8, ON_DISK.shape) * drawn[1]
    ).astype(np.float32)
)


def disk_of(image: Image, instrument: str = "EUVI-A", band: str = "195") -> Disk:
    origin = Origin(instrument, band, TIME, STEREO, f"{band}.fts", "0" * 64)
    return Disk(np.where(ON_DISK, image, np.float32(np.nan)), GRID, origin)


def scaled(disk: Disk, scaling: Scaling) -> Image:
    out = np.full(ON_DISK.shape, 7.0, dtype=np.float32)
    scale_disk(disk, scaling, out=out)
    return out


def stack_of(euv: Image, field: Image) -> Stack:
    return Stack(
        disks=(disk_of(euv), disk_of(field, "HMI", "LOS")),
        time=TIME,
        observer=STEREO,
        spacecraft="STEREO_A",
        quality=Quality.BEACON,
    )


def made_of(stack: Stack, recipe: Recipe) -> Magnetogram:
    """Product of a network that returns the reference magnetogram."""
    tensor = np.empty((1, 2, 64, 64), np.float32)
    inputs = encode(stack, recipe, out=tensor)
    return decode(tensor[:, 1:], stack, inputs, Model(recipe, "ab"), Echo())


@settings(max_examples=25)
@given(field=fields, scale=st.floats(0.1, 1e4))
def test_linear_scaling_is_undone_to_float32_rounding(field: Image, scale: float) -> None:
    scaling = Linear(scale=scale)
    back = unscale(scaled(disk_of(field), scaling), scaling)
    np.testing.assert_allclose(back[ON_DISK], field[ON_DISK], rtol=3e-7)


@settings(max_examples=25)
@given(image=intensities)
def test_median_scaling_is_undone_to_intensity_in_medians(image: Image) -> None:
    disk = disk_of(image)
    back = unscale(scaled(disk, EUV), EUV)[ON_DISK]
    expected = image[ON_DISK] / np.median(image[ON_DISK])
    np.testing.assert_allclose(back, np.clip(expected, 0.01, 100), rtol=1e-5)


@settings(max_examples=25)
@given(image=intensities, exposure=st.floats(0.01, 100))
def test_median_scaling_cancels_the_exposure(image: Image, exposure: float) -> None:
    once = scaled(disk_of(image), EUV)
    again = scaled(disk_of(image * np.float32(exposure)), EUV)
    np.testing.assert_allclose(once, again, atol=1e-6)


@settings(max_examples=25)
@given(image=intensities)
def test_percentile_scaling_is_undone_up_to_the_percentile(image: Image) -> None:
    plane = scaled(disk_of(image), BRIGHTEST)
    assert plane.min() >= -1
    assert plane.max() == 1
    expected = image[ON_DISK] / np.percentile(image[ON_DISK], 98)
    back = unscale(plane, BRIGHTEST)[ON_DISK]
    np.testing.assert_allclose(back, np.minimum(expected, 1), atol=1e-6)


def test_percentile_scaling_clips_the_rest_and_what_is_negative() -> None:
    count = np.count_nonzero(ON_DISK)
    image = np.zeros(ON_DISK.shape, np.float32)
    image[ON_DISK] = np.linspace(-0.01, 1, count)
    out = np.empty_like(image)
    fraction = scale_disk(disk_of(image), BRIGHTEST, out=out)
    assert fraction == pytest.approx(0.02 + 0.01 / 1.01, abs=2 / count)
    assert (out[~ON_DISK] == -1).all()


def test_a_disk_without_a_bright_part_is_refused_by_name() -> None:
    dark = disk_of(np.zeros(ON_DISK.shape, np.float32))
    with pytest.raises(DamagedImageError, match=r"EUVI-A 195.*got a 98th percentile of the bright"):
        scaled(dark, BRIGHTEST)


def test_ink_is_what_the_paper_lacks_and_nothing_off_the_disk() -> None:
    image = np.where(np.arange(64) < 32, np.float32(1), np.float32(0.3))[None, :].repeat(64, axis=0)
    plane = scaled(disk_of(image), Ink())
    np.testing.assert_allclose(plane[ON_DISK], 1 - image[ON_DISK], atol=1e-7)
    assert (plane[~ON_DISK] == 0).all()
    np.testing.assert_allclose(unscale(plane, Ink())[ON_DISK], image[ON_DISK], atol=1e-7)


@pytest.mark.parametrize("size", [63, 64])
def test_median_of_odd_and_even_counts_is_the_median(size: int) -> None:
    grid = Grid(size, 20.0)
    assert np.count_nonzero(grid.on_disk()) % 2 == size % 2
    image = np.random.default_rng(1).random((size, size), dtype=np.float32)
    values = image[grid.on_disk()]
    disk = replace(disk_of(np.zeros_like(ON_DISK, np.float32)), image=image, grid=grid)
    out = np.empty_like(image)
    scale_disk(disk, EUV, out=out)
    expected = values / np.median(values)
    np.testing.assert_allclose(
        unscale(out, EUV)[grid.on_disk()], np.clip(expected, 0.01, 100), rtol=1e-5
    )


def test_range_of_a_median_scaled_plane_is_minus_one_to_one() -> None:
    image = np.ones(ON_DISK.shape, np.float32)
    image[32, 30:34] = [0.0, 0.005, 200.0, 100.0]
    plane = scaled(disk_of(image), EUV)
    np.testing.assert_allclose(plane[32, 30:34], [-1, -1, 1, 1], atol=1e-6)
    assert plane[20, 20] == pytest.approx(0.0, abs=1e-6)  # the median lies at the middle


def test_off_the_disk_an_image_is_dark_and_a_field_is_zero() -> None:
    image = np.full(ON_DISK.shape, 5.0, np.float32)
    assert (scaled(disk_of(image), EUV)[~ON_DISK] == -1).all()
    assert (scaled(disk_of(image), Linear(scale=2.0))[~ON_DISK] == 0).all()


def test_clipped_fraction_counts_what_is_clipped() -> None:
    values = np.ones(np.count_nonzero(ON_DISK), np.float32)
    values[:30], values[30:50] = 1e-3, 1e3
    image = np.zeros(ON_DISK.shape, np.float32)
    image[ON_DISK] = values
    out = np.empty_like(image)
    assert scale_disk(disk_of(image), EUV, out=out) == 50 / values.size
    assert scale_disk(disk_of(image), Linear(scale=1.0), out=out) == 0


@pytest.mark.parametrize("level", [0.0, -3.0])
def test_dark_image_is_refused_by_name(level: float) -> None:
    with pytest.raises(DamagedImageError, match=r"EUVI-A 195 2026-11-14.*median") as caught:
        scaled(disk_of(np.full(ON_DISK.shape, level, np.float32)), EUV)
    assert caught.value.files == ("EUVI-A 195 2026-11-14T00:00:00",)


@pytest.mark.parametrize("scaling", [EUV, BRIGHTEST, Linear(scale=1500.0)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_value_that_is_not_finite_is_refused(scaling: Scaling, value: float) -> None:
    image = np.ones(ON_DISK.shape, np.float32)
    image[30, 30] = value
    with pytest.raises(DamagedImageError, match="got 1 pixels on the disk without a finite value"):
        scaled(disk_of(image), scaling)


def test_encode_fills_the_given_buffer_in_the_order_of_the_recipe() -> None:
    euv = np.full(ON_DISK.shape, 4.0, np.float32)
    out = np.empty((1, 2, 64, 64), np.float32)
    encode(stack_of(euv, np.full_like(euv, 750.0)), RECIPE, out=out)
    np.testing.assert_allclose(out[0, 0][ON_DISK], 0.0, atol=1e-6)
    np.testing.assert_allclose(out[0, 1][ON_DISK], 0.5)


@pytest.mark.parametrize(
    "buffer",
    [np.empty((1, 3, 64, 64), np.float32), np.empty((1, 2, 64, 64), np.float64)],
)
def test_buffer_of_another_shape_is_refused(buffer: Tensor) -> None:
    euv = np.ones(ON_DISK.shape, np.float32)
    with pytest.raises(InputShapeError, match=r"expected float32 \(1, 2, 64, 64\)"):
        encode(stack_of(euv, euv), RECIPE, out=buffer)


def test_decode_returns_the_field_that_was_encoded() -> None:
    field = np.random.default_rng(3).normal(0, 500, ON_DISK.shape).astype(np.float32)
    stack = stack_of(np.ones_like(field), field)
    made = made_of(stack, RECIPE)
    np.testing.assert_allclose(made.image[ON_DISK], field[ON_DISK], rtol=3e-7)
    assert np.isnan(made.image[~ON_DISK]).all()
    assert made.image.dtype == np.float32


@pytest.mark.parametrize(("date", "sign"), [("2014-11-14", -1), ("2026-11-14", 1)])
def test_a_recipe_by_hales_law_turns_fields_in_even_cycles_there_and_back(
    date: str, sign: int
) -> None:
    recipe = RECIPE.model_copy(update={"polarity": "hale"})
    field = np.random.default_rng(3).normal(0, 500, ON_DISK.shape).astype(np.float32)
    stack = replace(stack_of(np.full_like(field, 4.0), field), time=Time(date))
    tensor, measured = np.empty((2, 1, 2, 64, 64), np.float32)
    encode(stack, recipe, out=tensor)
    encode(stack, RECIPE, out=measured)
    np.testing.assert_array_equal(tensor[:, 0], measured[:, 0])
    np.testing.assert_array_equal(tensor[:, 1], sign * measured[:, 1])
    made = made_of(stack, recipe)
    np.testing.assert_allclose(made.image[ON_DISK], field[ON_DISK], rtol=3e-7)


def test_decode_says_who_made_it_of_what() -> None:
    euv = np.ones(ON_DISK.shape, np.float32)
    euv[32, 32] = 1e4
    recipe = RECIPE.model_copy(update={"saturation_gauss": 3000.0})
    made = made_of(stack_of(euv, euv), recipe)
    assert made.generator.model == "demo"
    assert (made.generator.identity, made.generator.saturation_gauss) == ("ab", 3000.0)
    assert (made.generator.engine, made.generator.precision) == ("echo", "float32")
    assert [given.role for given in made.inputs] == ["observation", "reference"]
    assert [given.clipped_fraction > 0 for given in made.inputs] == [True, False]
    assert (made.spacecraft, made.quality, made.sigma) == ("STEREO_A", Quality.BEACON, None)


def test_second_output_is_sigma() -> None:
    sigma = SigmaPlane(quantity="sigma", unit="gauss", scaling=Linear(scale=10.0))
    recipe = RECIPE.model_copy(update={"outputs": (*RECIPE.outputs, sigma)})
    euv = np.ones(ON_DISK.shape, np.float32)
    answer = np.ones((1, 2, 64, 64), np.float32)
    made = decode(answer, stack_of(euv, euv), (), Model(recipe, "ab"), Echo())
    assert made.sigma is not None
    assert (made.sigma[ON_DISK] == 10).all()
    assert (made.image[ON_DISK] == 1500).all()


def test_brightness_comes_beside_the_field_in_medians_and_is_not_turned() -> None:
    plane = BrightnessPlane(
        quantity="brightness",
        band="AIA 193",
        unit="disk median",
        scaling=MedianLog(low=0.01, high=100.0),
    )
    outputs = {"outputs": (*RECIPE.outputs, plane), "polarity": "hale"}
    recipe = RECIPE.model_copy(update=outputs)
    euv = np.ones(ON_DISK.shape, np.float32)
    answer = np.full((1, 2, 64, 64), 0.5, np.float32)
    made = decode(answer, stack_of(euv, euv), (), Model(recipe, "ab"), Echo())
    (seen,) = made.brightness
    assert seen.band == "AIA 193"
    np.testing.assert_allclose(seen.image[ON_DISK], 10.0, rtol=1e-5)  # 0.01 to 100: half way up
    assert np.isnan(seen.image[~ON_DISK]).all()
    assert made.sigma is None


def test_answer_of_another_shape_is_the_engines_failure() -> None:
    euv = np.ones(ON_DISK.shape, np.float32)
    with pytest.raises(EngineFailedError, match=r"demo answered \(1, 2, 64, 64\)"):
        decode(
            np.ones((1, 2, 64, 64), np.float32), stack_of(euv, euv), (), Model(RECIPE, ""), Echo()
        )
