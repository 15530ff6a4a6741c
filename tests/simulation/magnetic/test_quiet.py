import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import astropy.units as u
import cv2
import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time
from numpy.typing import NDArray

from farside.simulation.grid import COARSE, FINE, Lattice
from farside.simulation.magnetic.quiet import QuietSun, lanes, on_network, quiet
from farside.sun.grid import Image
from farside.sun.heliographic import trace
from farside.sun.observer import Observer

DAY = 10.3
MM_PER_DEG = 12.14


@pytest.fixture(scope="module")
def fine() -> QuietSun:
    return quiet(1, DAY, FINE)


@pytest.fixture(scope="module")
def coarse() -> QuietSun:
    return quiet(1, DAY, COARSE)


def mean(field: Image) -> float:
    weight = Lattice(field.shape[0]).cell_cm2[:, 0]
    return float(np.average(field.mean(axis=1, dtype=np.float64), weights=weight))


def correlation(one: Image, other: Image) -> float:
    a, b = one - mean(one), other - mean(other)
    return mean(a * b) / math.sqrt(mean(a * a) * mean(b * b))


def test_a_seed_and_a_day_make_one_quiet_sun(coarse: QuietSun) -> None:
    again, other = quiet(1, DAY, COARSE), quiet(2, DAY, COARSE)
    np.testing.assert_array_equal(coarse.lanes, again.lanes)
    np.testing.assert_array_equal(coarse.field_gauss, again.field_gauss)
    np.testing.assert_array_equal(coarse.lanes, lanes(1, DAY, COARSE))
    assert abs(correlation(coarse.field_gauss, other.field_gauss)) < 0.02
    assert abs(correlation(coarse.lanes, other.lanes)) < 0.02


def test_days_before_the_first_are_days_like_others(coarse: QuietSun) -> None:
    early = quiet(1, -400.3, COARSE)
    assert early.field_gauss.std() == pytest.approx(coarse.field_gauss.std(), rel=0.1)


def test_both_lattices_show_one_pattern(fine: QuietSun, coarse: QuietSun) -> None:
    assert correlation(COARSE.resampled(fine.lanes), coarse.lanes) > 0.85
    assert correlation(COARSE.resampled(fine.field_gauss), coarse.field_gauss) > 0.95


def test_the_field_has_no_mean_over_a_few_supergranules(fine: QuietSun) -> None:
    assert abs(mean(fine.field_gauss)) < 1e-3
    assert FINE.smooth(fine.field_gauss, 5.0).std() < 0.03 * fine.field_gauss.std()


def test_the_field_is_as_strong_at_every_latitude(fine: QuietSun) -> None:
    zones = [zone.std() for zone in np.array_split(fine.field_gauss, 9)]
    np.testing.assert_allclose(zones, np.mean(zones), rtol=0.15)


def test_the_field_has_wings_and_kilogauss_cores(fine: QuietSun) -> None:
    field = fine.field_gauss
    assert np.mean(field**4, dtype=np.float64) > 30 * np.mean(field**2, dtype=np.float64) ** 2
    assert 800 < np.abs(field).max() < 4000


def test_the_unsigned_flux_is_that_of_the_quiet_sun(fine: QuietSun) -> None:
    """A few Mx/cm² at some 1.5 Mm."""
    assert 2 < mean(np.abs(fine.field_gauss)) < 6


def test_strong_field_lies_on_the_network(fine: QuietSun) -> None:
    strong = np.abs(fine.field_gauss) > 100
    assert fine.lanes[strong].mean() > 2 * fine.lanes.mean()


def test_the_network_is_narrow_lanes_around_cells(fine: QuietSun) -> None:
    assert fine.lanes.min() >= 0
    assert fine.lanes.max() <= 1
    assert np.mean(fine.lanes < 0.1) > 0.5
    assert np.mean(fine.lanes > 0.5) < 0.35


def test_cells_measure_25_to_30_megametres(fine: QuietSun) -> None:
    """Of those that are no mere gap between lanes: under a tenth of a supergranule."""
    belt = fine.lanes[600:840]  # ±15°
    _, _, found, _ = cv2.connectedComponentsWithStats((belt < 0.5).astype(np.uint8), connectivity=4)
    areas = found[1:, cv2.CC_STAT_AREA] * (FINE.step_deg * MM_PER_DEG) ** 2
    cells = np.sum(areas > 57)
    assert 24 < np.sqrt(belt.size * (FINE.step_deg * MM_PER_DEG) ** 2 / cells) < 31


def test_lanes_are_narrower_than_their_cells_by_the_autocorrelation(fine: QuietSun) -> None:
    belt = fine.lanes[600:840] - fine.lanes[600:840].mean()
    power = np.abs(np.fft.rfft(belt, axis=1)) ** 2
    along = np.fft.irfft(power.mean(axis=0))
    width = int(np.argmax(along < along[0] / 2)) * FINE.step_deg * MM_PER_DEG
    assert width < 6
    assert np.abs(along[16:100] / along[0]).max() < 0.05  # from 24 Mm on


@pytest.mark.parametrize("start", [0.0, 2.95, 11.4])
def test_cells_and_field_live_for_one_or_two_days(start: float) -> None:
    first, later = quiet(1, start, COARSE), [quiet(1, start + d, COARSE) for d in (0.05, 1.0, 2.0)]
    cells = [COARSE.smooth(sun.lanes, 0.5) for sun in (first, *later)]
    near, day, two = [correlation(cells[0], cell) for cell in cells[1:]]
    assert near > 0.95
    assert 0.2 < day < 0.6
    assert two < 0.25
    near, day, two = [correlation(first.field_gauss, sun.field_gauss) for sun in later]
    assert near > 0.9
    assert 0.25 < day < 0.6
    assert two < 0.25


def test_more_than_three_days_apart_the_cells_and_concentrations_are_others() -> None:
    one, other = quiet(1, 4.0, COARSE), quiet(1, 7.5, COARSE)
    assert abs(correlation(one.lanes, other.lanes)) < 0.05
    assert abs(correlation(one.field_gauss, other.field_gauss)) < 0.05


def test_the_prevailing_polarity_outlives_them_for_a_week_but_not_for_a_rotation() -> None:
    now, week, rotation = (COARSE.smooth(quiet(1, d, COARSE).field_gauss, 2) for d in (4, 11, 31))
    assert correlation(now, week) > 0.1
    assert abs(correlation(now, rotation)) < 0.1


def test_the_network_is_as_distinct_at_any_time_between_two_textures() -> None:
    contrast = [lanes(1, day, COARSE).std() for day in np.arange(6.0, 9.1, 0.5)]
    np.testing.assert_allclose(contrast, contrast[0], rtol=0.05)


@pytest.mark.parametrize("place", ["lanes", "concentrations"])
def test_a_background_gathers_on_the_network_and_keeps_its_mean(
    coarse: QuietSun, place: str
) -> None:
    network = getattr(coarse, place)
    background = 5 * COARSE.noise(np.random.default_rng(3), 2.0)
    gathered = on_network(background, network)
    lost = COARSE.smooth(gathered - background, 2.0)
    assert lost.std() < 0.1 * COARSE.smooth(background, 2.0).std()
    assert mean(gathered) == pytest.approx(mean(background), abs=0.05)
    assert correlation(np.abs(gathered), network) > 0.6


def test_a_background_changes_sign_with_its_sign_alone(coarse: QuietSun) -> None:
    background = 5 * COARSE.noise(np.random.default_rng(3), 2.0)
    plus, minus = (on_network(sign * background, coarse.lanes) for sign in (1, -1))
    np.testing.assert_array_equal(plus, -minus)


# The real quiet Sun, in boxes of MDI's disk of 2010-10-15 that are far from active regions.

MDI = "mdi.fd_m_96m_lev182.20101015_000000_TAI.data.fits"

CORNERS = ((384, 384), (512, 384), (256, 512), (384, 512), (512, 512), (512, 640), (640, 640))

BOX_PX = 128

MDI_OVER_HMI = 1.40
"""Liu et al. (2012), Sol. Phys. 279, 295: HMI's gauss are the simulation's."""

MDI_FWHM_ARCSEC = 3.32
"""Of the gaussian that makes HMI's resolution MDI's (A&A 2024, aa50102-24, Table 2)."""

MDI_NOISE_GAUSS = 9.5
"""Near the middle of the disk, fitted; Liu et al. (2012) find at most 16.2 of five minutes."""

LEVELS_GAUSS = (25, 50, 100, 200)

WAVELENGTHS_PX = (128, 64, 32, 16, 8, 4, 2)


@dataclass(frozen=True)
class Statistics:
    rms_gauss: float
    core_gauss: float
    kurtosis: float
    beyond: NDArray[np.float64]
    power: NDArray[np.float64]

    @classmethod
    def of(cls, disk: Image) -> "Statistics":
        boxes = [disk[y : y + BOX_PX, x : x + BOX_PX] for x, y in CORNERS]
        values = np.array([box - box.mean() for box in boxes], dtype=np.float64)
        size = np.abs(values)
        return cls(
            rms_gauss=float(values.std()),
            core_gauss=float(1.4826 * np.median(size)),
            kurtosis=float(np.mean(values**4) / np.var(values) ** 2),
            beyond=np.array([np.mean(size > level) for level in LEVELS_GAUSS]),
            power=octaves(values),
        )


def octaves(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean spectral power of each octave of wavelength."""
    window = np.outer(np.hanning(BOX_PX), np.hanning(BOX_PX))
    power = np.mean(np.abs(np.fft.fft2(boxes * window)) ** 2, axis=0)
    frequency = np.fft.fftfreq(BOX_PX)
    k = np.hypot(frequency[:, None], frequency)
    edges = pairwise(WAVELENGTHS_PX)
    return np.array([power[(k >= 1 / a) & (k < 1 / b)].mean() for a, b in edges])


def as_mdi_sees(field: Image, header: fits.Header) -> Image:
    """The line-of-sight field with MDI's gain, resolution, pixels and noise."""
    step = float((header["CDELT1"] * u.arcsec).to_value(u.rad))
    index = np.arange(header["NAXIS1"], dtype=np.float64)
    x, y = np.meshgrid(index - header["CRPIX1"] + 1, index - header["CRPIX2"] + 1)
    observer = Observer(0.0, header["CRLT_OBS"], header["DSUN_OBS"])
    points = trace(x * step, y * step, observer, Time(header["DATE-OBS"]))
    column = points.longitude_deg / FINE.step_deg - 0.5
    row = (points.latitude_deg + 90) / FINE.step_deg - 0.5
    wrapped = np.pad(field, ((0, 0), (1, 1)), mode="wrap")
    at = ((column % FINE.columns + 1).astype(np.float32), row.astype(np.float32))
    seen = MDI_OVER_HMI * points.mu * cv2.remap(wrapped, *at, cv2.INTER_LINEAR)
    blurred = cv2.GaussianBlur(seen, (0, 0), MDI_FWHM_ARCSEC / 2.355 / header["CDELT1"])
    noise = MDI_NOISE_GAUSS * np.random.default_rng(0).standard_normal(seen.shape)
    return np.asarray(blurred + noise, dtype=np.float32)


@pytest.fixture(scope="module")
def real_and_simulated(shared_data: Path, fine: QuietSun) -> tuple[Statistics, Statistics]:
    path = shared_data / "real" / MDI
    if not path.is_file():
        pytest.skip(f"no {path}")
    with fits.open(path) as file:
        disk, header = file[1].data.astype(np.float32), file[1].header
        return Statistics.of(disk), Statistics.of(as_mdi_sees(fine.field_gauss, header))


def test_the_rms_is_that_of_the_real_quiet_sun_within_15_percent(
    real_and_simulated: tuple[Statistics, Statistics],
) -> None:
    real, simulated = real_and_simulated
    assert simulated.rms_gauss == pytest.approx(real.rms_gauss, rel=0.15)
    assert simulated.core_gauss == pytest.approx(real.core_gauss, rel=0.10)


def test_the_wings_are_those_of_the_real_quiet_sun_within_a_factor_of_2(
    real_and_simulated: tuple[Statistics, Statistics],
) -> None:
    real, simulated = real_and_simulated
    assert np.all(np.abs(np.log2(simulated.beyond / real.beyond)) < 1)
    assert 0.5 < simulated.kurtosis / real.kurtosis < 2


def test_the_spectrum_is_that_of_the_real_quiet_sun_within_a_factor_of_2(
    real_and_simulated: tuple[Statistics, Statistics],
) -> None:
    """In each octave of wavelength from 2 to 128 pixels."""
    real, simulated = real_and_simulated
    assert np.all(np.abs(np.log2(simulated.power / real.power)) < 1)
