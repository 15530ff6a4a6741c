from functools import partial

import numpy as np
import pytest
from astropy.time import Time, TimeDelta

from farside.denoising.derotation import (
    NOISE_LEFT,
    PROBE_S,
    SurfaceMotion,
    TimedFrame,
    derotated_mean,
    surface_motion,
)
from farside.simulation.instruments.camera import Detector
from farside.sun.grid import Image
from farside.sun.heliographic import differential_rotation_deg_per_day, project
from farside.sun.observer import earth
from tests.support.let_go import one_at_a_time

TIME = Time("2013-11-01T00:00:00")
EARTH = earth(TIME)
SIDE = 256
STEPS = range(-10, 11)


def across(x_px_s: float, y_px_s: float = 0.0) -> SurfaceMotion:
    """Uniform motion of the surface."""
    speed = np.full((SIDE, SIDE), x_px_s, np.float32)
    return SurfaceMotion(speed, np.full_like(speed, y_px_s))


def inner(image: Image) -> Image:
    return image[16:-16, 16:-16]


def wave(shift_px: float, wavelength_px: float) -> Image:
    line = np.cos(2 * np.pi * (np.arange(SIDE) - shift_px) / wavelength_px)
    return np.repeat(line[None, :], SIDE, axis=0).astype(np.float32)


def transfer(mean: Image, truth: Image) -> float:
    return float((inner(mean) * inner(truth)).sum() / (inner(truth) ** 2).sum())


@pytest.mark.parametrize("roll", [0.0, 179.93])
def test_the_surface_drifts_as_its_points_are_projected(roll: float) -> None:
    detector = Detector(SIDE, 8.0, (130.0, 120.0), roll)
    drift = surface_motion(detector.pointing, (SIDE, SIDE), EARTH, TIME)
    step = np.radians(detector.scale_arcsec / 3600)
    longitude = np.array([EARTH.carrington_longitude_deg(TIME) + west for west in (-50, 0, 40)])
    latitude = np.array([30.0, -5.0, -45.0])
    places = []
    for seconds in (0.0, PROBE_S):
        moved = longitude + differential_rotation_deg_per_day(latitude) * seconds / 86400
        then = TIME + TimeDelta(seconds, format="sec")
        west, north, _ = project(moved, latitude, EARTH, then)
        places.append(np.stack([detector.pointing.pixel(0, 0)] * 3, axis=1))
        turn = np.radians(roll)
        places[-1][0] += (west * np.cos(turn) + north * np.sin(turn)) / step
        places[-1][1] += (north * np.cos(turn) - west * np.sin(turn)) / step
    x, y = np.rint(places[0]).astype(int)
    found = np.stack([drift.x_px_s[y, x], drift.y_px_s[y, x]]) * PROBE_S
    # The speed is read at the nearest pixel, in a view of 120 pixels radius.
    np.testing.assert_allclose(found, places[1] - places[0], atol=0.005)
    assert abs(found[0, 1]) > 0.13
    assert drift.x_px_s[0, 0] == drift.y_px_s[0, 0] == 0


def test_at_disk_centre_the_surface_passes_a_pixel_of_hmi_in_192_seconds() -> None:
    detector = Detector(SIDE, 0.504, (127.5, 127.5))
    drift = surface_motion(detector.pointing, (SIDE, SIDE), EARTH, TIME)
    assert drift.x_px_s[127, 127] * 192 == pytest.approx(1.0, abs=0.01)


def test_what_moves_stays_sharp_in_the_mean_that_follows_and_smears_in_the_plain_one() -> None:
    speed, truth = 0.25 / 45, wave(0.0, 6.0)
    frames = [TimedFrame(wave(0.25 * step, 6.0), 45.0 * step) for step in STEPS]
    plain = np.mean([frame.image for frame in frames], axis=0)
    assert transfer(derotated_mean(frames, across(speed)), truth) > 0.99
    assert transfer(plain, truth) < 0.3


def test_waves_of_three_pixels_are_kept() -> None:
    frames = [TimedFrame(wave(0.25 * step, 3.0), 45.0 * step) for step in STEPS]
    mean = derotated_mean(frames, across(0.25 / 45))
    assert transfer(mean, wave(0.0, 3.0)) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("speed", "left"), [(0.0, 1.0), (0.25 / 45, NOISE_LEFT)])
def test_the_noise_of_n_frames_falls_by_the_root_of_n(speed: float, left: float) -> None:
    rng = np.random.default_rng(1)
    noise = (rng.standard_normal((SIDE, SIDE), dtype=np.float32) * 9 for _ in STEPS)
    frames = (TimedFrame(n, 45.0 * step) for n, step in zip(noise, STEPS, strict=True))
    # A quarter of a pixel from frame to frame: every fourth one is whole and keeps all of its.
    mean = derotated_mean(frames, across(speed, speed / 100))
    assert inner(mean).std() == pytest.approx(9 * left / np.sqrt(21), rel=0.02)


def test_a_frame_is_let_go_before_the_next_one_is_read() -> None:
    makers = [partial(lambda step: TimedFrame(wave(0.0, 6.0), step), float(n)) for n in STEPS[:3]]
    frames = one_at_a_time(makers, lambda frame: frame.image)
    assert np.isfinite(derotated_mean(frames, across(0.0))).any()


def test_a_frame_of_another_pointing_is_brought_to_the_middle_one() -> None:
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    field = np.sin(x / 5) * np.cos(y / 7)
    shifted = np.sin((x - 1.5) / 5) * np.cos((y + 0.5) / 7)
    affine = np.array([[1.0, 0.0, 1.5], [0.0, 1.0, -0.5]])
    mean = derotated_mean([TimedFrame(shifted, 0.0, affine)], across(0.0))
    np.testing.assert_allclose(inner(mean), inner(field), atol=2e-3)


def test_pixels_without_a_value_are_left_out_and_spread_no_further() -> None:
    hole = np.ones((SIDE, SIDE), np.float32)
    hole[100:110, 100:110] = np.nan
    whole = np.full((SIDE, SIDE), 3.0, np.float32)
    mean = derotated_mean([TimedFrame(hole, 0.0), TimedFrame(whole, 0.0)], across(0.0))
    np.testing.assert_array_equal(mean[100:110, 100:110], 3.0)
    mean[100:110, 100:110] = 2.0
    np.testing.assert_allclose(mean, 2.0, rtol=1e-6)


def test_where_no_frame_has_a_value_the_mean_has_none() -> None:
    hole = np.ones((SIDE, SIDE), np.float32)
    hole[:, :8] = np.nan
    mean = derotated_mean([TimedFrame(hole, 0.0), TimedFrame(hole, 1.0)], across(0.0))
    np.testing.assert_array_equal(np.isnan(mean), np.isnan(hole))
