"""The score of an EUV image: good Suns pass with a margin, broken frames do not pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from farside.errors import DamagedImageError
from farside.io.wcs import pointing_of
from farside.observation.disk_score import LEAST_LIMB, MOST_DARK, USUAL_LIMB, check_disk, score_disk
from farside.observation.image import read
from farside.quality import Quality
from tests.support.instrument_files import Camera, aia_cards, euvi_cards, file_bytes

CAMERA = Camera(256, 90.0, 12.0, (7.0, -4.0))
RNG = np.random.default_rng(0)

Floats = NDArray[Any]


def sun(x: Floats, y: Floats) -> Floats:
    """Brightness with a bright limb, a corona of 0.1 radii, a hole at the pole and two regions."""
    r = np.hypot(x, y)
    disk = 400 + 300 * np.clip(r, 0, 1) ** 8 - 250 * np.exp(-((y - 0.9) ** 2 + x**2) / 0.05)
    corona = 600 * np.exp(-(r - 1) / 0.1)
    spots = sum(
        3000 * np.exp(-((x - a) ** 2 + (y - b) ** 2) / 0.01) for a, b in ((-0.4, 0.3), (0.8, -0.4))
    )
    return np.asarray(np.where(r < 1, disk, corona) + spots)


GOOD = CAMERA.sees(sun) + RNG.normal(0, 3, (256, 256))


def moved(x_radii: float, y_radii: float) -> Floats:
    shift = np.array([[1, 0, 90 * x_radii], [0, 1, 90 * y_radii]])
    return np.asarray(cv2.warpAffine(GOOD, shift, (256, 256)))


X, Y = np.arange(256) - CAMERA.centre_px[0], (np.arange(256) - CAMERA.centre_px[1])[:, None]

BROKEN = {
    "nothing": np.zeros((256, 256)),
    "one value": np.full((256, 256), 300.0),
    "noise": RNG.uniform(0, 2000, (256, 256)),
    "noise of a detector": RNG.normal(0, 3, (256, 256)),
    "gradient": np.add.outer(np.arange(256.0), np.arange(256.0)),
    "checkerboard": 900.0 * (np.indices((256, 256)).sum(axis=0) % 2),
    "half without light": np.where(X < 0, 0, GOOD),
    "quarter without light": np.where((X < 0) & (Y < 0), 0, GOOD),
    "off-pointed by a fifth of a radius": moved(0.0, 0.2),
    "off-pointed by a radius": moved(0.9, -0.2),
    "upside down in an array that it is not centred in": moved(0.1, -0.15)[::-1],
    "exposed twice": (moved(-0.15, 0) + moved(0.15, 0.05)) / 2,
    "dark frame": RNG.normal(3, 3, (256, 256)),
}


def euvi(pixels: Floats) -> bytes:
    return file_bytes(euvi_cards(CAMERA), (pixels + 700).astype(np.float32))


def test_a_good_image_has_all_of_its_limb_and_no_dark_part() -> None:
    score = score_disk(GOOD.astype(np.float32), pointing_of(euvi_cards(CAMERA)), CAMERA.distance_m)
    assert score.limb > 0.9
    assert score.dark < 0.01
    assert read(euvi(GOOD)).origin.quality == Quality.GOOD


@pytest.mark.parametrize("kind", sorted(BROKEN))
def test_a_broken_frame_is_refused(kind: str) -> None:
    with pytest.raises(DamagedImageError, match=r"of all directions.* expected at least 50%"):
        read(euvi(BROKEN[kind] + RNG.normal(0, 1e-3, (256, 256))))


def test_a_small_error_of_the_pointing_is_flagged() -> None:
    origin = read(euvi(moved(0.12, 0.09))).origin
    assert origin.quality == Quality.ODD_IMAGE
    assert any("the limb is at the header's position in" in note for note in origin.notes)


def test_the_score_depends_neither_on_the_exposure_nor_on_the_size() -> None:
    base = score_disk(GOOD.astype(np.float32), pointing_of(euvi_cards(CAMERA)), CAMERA.distance_m)
    large = Camera(1024, 360.0, 12.0, (28.0, -16.0))
    pixels = (0.01 * large.sees(sun)).astype(np.float32)
    score = score_disk(pixels, pointing_of(euvi_cards(large)), large.distance_m)
    assert score.limb == pytest.approx(base.limb, abs=0.1)
    assert score.dark == pytest.approx(base.dark, abs=0.01)


def test_bands_in_which_the_quiet_sun_is_faint_are_not_scored() -> None:
    pixels = RNG.normal(1, 1, (256, 256)).astype(np.float32)
    assert read(file_bytes(aia_cards(CAMERA, WAVELNTH=94), pixels)).origin.band == "94"
    with pytest.raises(DamagedImageError):
        read(file_bytes(aia_cards(CAMERA, WAVELNTH=193), pixels))


REAL = ("sets/*/aia_*.fits", "euvi/*/euvi_*.fits")


@pytest.mark.parametrize("pattern", REAL)
def test_real_images_pass_without_a_flag(shared_data: Path, pattern: str) -> None:
    paths = sorted((shared_data / "realsun").glob(pattern))
    if not paths:
        pytest.skip("the real Sun is not here")
    for path in paths:
        observation = read(path)
        assert not observation.origin.quality & Quality.ODD_IMAGE, path
        pointing = observation.pointing
        score = score_disk(observation.pixels, pointing, observation.origin.observer.distance_m)
        check_disk(score)
        assert score.limb > (USUAL_LIMB + LEAST_LIMB) / 2 + 0.1, path
        assert score.dark < MOST_DARK / 10, path
