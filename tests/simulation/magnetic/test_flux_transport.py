from collections.abc import Iterator

import numpy as np
import pytest

from farside.simulation.magnetic import flux_transport
from farside.simulation.magnetic.flux_transport import GLOBE, field_gauss, spectrum, transported
from farside.sun.heliographic import differential_rotation_deg_per_day
from tests.support.histories import made_propagator

LATITUDE = np.radians(GLOBE.latitude_deg.astype(float))[:, None]
LONGITUDE = np.radians(GLOBE.longitude_deg.astype(float))[None]
ETA = flux_transport.DIFFUSION_KM2_S * 1e6 * 86400 / 6.957e8**2  # radians² a day


def later(field: np.ndarray, days: float) -> np.ndarray:
    return field_gauss(transported(spectrum(field.astype(np.float32)), days))


def blob(latitude_deg: float, width_deg: float = 5.0) -> np.ndarray:
    away = (LATITUDE - np.radians(latitude_deg)) ** 2 + (LONGITUDE - np.pi) ** 2
    return np.asarray(np.exp(-away / (2 * np.radians(width_deg) ** 2)))


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No flow and no decay: diffusion and rotation alone."""
    made_propagator.cache_clear()
    monkeypatch.setattr(flux_transport, "_propagator", made_propagator)
    monkeypatch.setattr(flux_transport, "FLOW_M_S", 0.0)
    monkeypatch.setattr(flux_transport, "DECAY_YEARS", 1e12)
    yield
    made_propagator.cache_clear()


def test_the_net_flux_is_conserved_but_for_the_decay() -> None:
    before, after = blob(25.0), later(blob(25.0), 160)
    kept = (after * GLOBE.cell_cm2).sum() / (before * GLOBE.cell_cm2).sum()
    assert kept == pytest.approx(np.exp(-160 / 3652.5), rel=1e-4)


@pytest.mark.usefixtures("still")
def test_a_dipole_decays_as_diffusion_says() -> None:
    after = later(np.repeat(np.sin(LATITUDE), 360, axis=1), 1600)
    np.testing.assert_allclose(
        after[:, 0], np.sin(LATITUDE[:, 0]) * np.exp(-2 * ETA * 1600), atol=2e-3
    )


@pytest.mark.usefixtures("still")
def test_a_harmonic_of_degree_4_decays_at_20_eta_over_r_squared() -> None:
    x = np.sin(LATITUDE)
    legendre = np.repeat((35 * x**4 - 30 * x**2 + 3) / 8, 360, axis=1)
    after = later(legendre, 320)
    np.testing.assert_allclose(after, legendre * np.exp(-20 * ETA * 320), atol=5e-3)


@pytest.mark.parametrize("latitude_deg", [0.0, 40.0, -40.0])
def test_flux_rotates_as_its_latitude_does(latitude_deg: float) -> None:
    after = later(blob(latitude_deg, 3.0), 10.5)
    centre = np.angle((after * np.exp(1j * LONGITUDE)).sum())
    drift = float(differential_rotation_deg_per_day(np.array(latitude_deg)))
    assert np.degrees(centre) % 360 == pytest.approx(180 + 10.5 * drift, abs=0.6)


def test_flux_drifts_towards_the_pole() -> None:
    after = later(blob(35.0, 3.0), 32)
    weight = after * GLOBE.cell_cm2
    latitude = np.degrees((weight * LATITUDE).sum() / weight.sum())
    # 11 m/s for 32 days are 2.5°; diffusion adds little to the mean.
    assert latitude == pytest.approx(35 + 2.5, abs=0.5)


def test_two_steps_of_8_days_are_one_of_16() -> None:
    state = spectrum(blob(15.0).astype(np.float32))
    np.testing.assert_allclose(
        transported(transported(state, 8), 8),
        transported(state, 16),
        atol=1e-4 * np.abs(state).max(),
    )


def test_a_day_is_its_fractions_except_for_diffusion() -> None:
    below, above = later(blob(20.0), 0.999), later(blob(20.0), 1.001)
    assert np.abs(above - below).max() < 0.03


def test_the_field_turns_with_its_sign() -> None:
    np.testing.assert_array_equal(later(blob(20.0), 16), -later(-blob(20.0), 16))
