from dataclasses import replace

import numpy as np
import pytest
from astropy.time import Time

from farside.simulation.instruments.exposure import TELESCOPES, counts, saturated, through_optics
from farside.sun.grid import Image

TIME = Time("2024-06-01T00:00:00")
NAMES = sorted(TELESCOPES)


def disk(size: int = 256, radius: float = 80.0) -> Image:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.asarray(np.hypot(x, y) < radius, dtype=np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_scattering_conserves_the_light(name: str) -> None:
    light = disk(radius=40.0)
    seen = through_optics(light, TELESCOPES[name], 8.0)
    assert seen.sum() == pytest.approx(light.sum(), rel=0.03)
    assert 0.001 < seen[128, 200] < 0.2


def test_stray_light_fills_holes_more_in_euvi() -> None:
    light = disk()
    light[118:138, 118:138] = 0.0
    far, front = (
        through_optics(light, TELESCOPES[name], 9.6)[128, 128] for name in ("EUVI 195", "AIA 193")
    )
    assert 0.03 < front < far < 0.3


def test_bright_sources_have_arms_at_the_angles_of_the_meshes() -> None:
    light = np.zeros((256, 256), np.float32)
    light[128, 128] = 3000.0
    seen = through_optics(light, replace(TELESCOPES["AIA 171"], scattered=0.0), 4.0)
    along = 128 + round(20 * np.cos(np.radians(40.0))), 128 - round(20 * np.sin(np.radians(40.0)))
    assert seen[along] > 0.1
    assert seen[128, 148] == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_noise_is_that_of_the_photons_in_the_pixel(name: str) -> None:
    telescope = TELESCOPES[name]
    rng = np.random.default_rng(1)
    quiet = np.ones((300, 300), np.float32)
    native = counts(quiet, telescope, TIME, telescope.scale_arcsec, rng)
    binned = counts(quiet, telescope, TIME, 4 * telescope.scale_arcsec, rng)
    signal = float(telescope.quiet_dn_at(TIME))
    assert native.mean() == pytest.approx(signal, rel=0.02)
    expected = np.sqrt(signal * telescope.dn_per_photon + telescope.read_dn**2)
    assert native.std() == pytest.approx(expected, rel=0.02)
    assert binned.std() == pytest.approx(expected / 4, rel=0.02)


def test_telescopes_fade_slowly_and_aia_304_most() -> None:
    early, late = Time("2010-06-01T00:00:00"), Time("2024-06-01T00:00:00")
    left = {name: t.throughput(late) / t.throughput(early) for name, t in TELESCOPES.items()}
    assert min(left, key=lambda name: left[name]) == "AIA 304"
    assert left["AIA 304"] < 0.15
    assert all(0.3 < share < 0.9 for name, share in left.items() if name != "AIA 304")
    for telescope in TELESCOPES.values():
        month = telescope.throughput(Time("2014-02-01")) / telescope.throughput(Time("2014-01-01"))
        assert 0.95 < month < 1
        assert telescope.throughput(Time("2000-01-01")) == 1


def test_saturation_bleeds_along_columns_only() -> None:
    signal = np.full((128, 128), 100.0, np.float32)
    signal[60:64, 60:64] = 20 * 16383.0
    filled = saturated(signal, 16383.0)
    assert filled.max() == 16383.0
    full = filled == 16383.0
    assert np.flatnonzero(full.any(axis=0)).tolist() == [60, 61, 62, 63]
    assert full.sum() > 3 * 16
    assert full[60:64, 60:64].all()
    np.testing.assert_array_equal(filled[~full], signal[~full])


def test_what_is_not_saturated_is_left_alone() -> None:
    signal = np.random.default_rng(0).uniform(0, 16000, (32, 32)).astype(np.float32)
    np.testing.assert_array_equal(saturated(signal, 16383.0), signal)
