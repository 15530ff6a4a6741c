import numpy as np
import pytest

from farside.simulation.grid import COARSE, FINE, Lattice

LATTICE = Lattice(240)


def spread_deg(field: np.ndarray, lattice: Lattice, latitude_deg: float) -> tuple[float, float]:
    """Standard deviations of a blob at longitude 180 along its parallel and its meridian."""
    weight = field / field.sum()
    east = (lattice.longitude_deg - 180) * np.cos(np.radians(latitude_deg))
    north = lattice.latitude_deg - latitude_deg
    return (
        float(np.sqrt((weight.sum(0) * east**2).sum())),
        float(np.sqrt((weight.sum(1) * north**2).sum())),
    )


def spot(lattice: Lattice, latitude_deg: float) -> np.ndarray:
    return lattice.deposit(np.array([180.0]), np.array([latitude_deg]), np.ones(1, np.float32))


def test_cells_cover_the_sphere() -> None:
    assert float(LATTICE.cell_cm2.sum()) * LATTICE.columns == pytest.approx(6.0822e22, rel=1e-3)


@pytest.mark.parametrize("latitude_deg", [0.0, 60.0])
@pytest.mark.parametrize("sigma_deg", [2.0, 6.0])
def test_smoothing_is_as_wide_along_the_parallel_as_along_the_meridian(
    latitude_deg: float, sigma_deg: float
) -> None:
    along, across = spread_deg(
        LATTICE.smooth(spot(LATTICE, latitude_deg), sigma_deg), LATTICE, latitude_deg
    )
    assert along == pytest.approx(sigma_deg, rel=0.1)
    assert across == pytest.approx(sigma_deg, rel=0.1)


def test_smoothing_keeps_the_flux_of_the_active_belts() -> None:
    field = spot(LATTICE, 20.0)
    smoothed = LATTICE.smooth(field, 3.0)
    kept = (smoothed * LATTICE.cell_cm2).sum() / (field * LATTICE.cell_cm2).sum()
    assert kept == pytest.approx(1, abs=0.01)


def test_a_texture_is_the_same_on_every_lattice_that_resolves_it() -> None:
    coarse = COARSE.noise(np.random.default_rng(1), 1.5)
    fine = COARSE.resampled(FINE.noise(np.random.default_rng(1), 1.5))
    assert np.corrcoef(coarse.ravel(), fine.ravel())[0, 1] > 0.995


def test_a_texture_has_unit_variance_at_all_latitudes() -> None:
    texture = LATTICE.noise(np.random.default_rng(2), 1.5)
    latitude = np.abs(LATTICE.latitude_deg)
    for low, high in ((0, 30), (30, 60), (60, 80)):
        band = texture[(latitude >= low) & (latitude < high)]
        assert band.std() == pytest.approx(1, abs=0.1)


def test_a_texture_has_no_seam() -> None:
    texture = COARSE.noise(np.random.default_rng(3), 1.5)[100:380]
    across = np.abs(texture[:, 0] - texture[:, -1]).mean()
    inside = np.abs(np.diff(texture, axis=1)).mean()
    assert across < 1.5 * inside


@pytest.mark.parametrize("rows", [120, 480])
def test_resampling_keeps_a_gradient_in_place(rows: int) -> None:
    other = Lattice(rows)
    there = other.resampled(np.repeat(LATTICE.latitude_deg[:, None], LATTICE.columns, axis=1))
    np.testing.assert_allclose(there[2:-2, 0], other.latitude_deg[2:-2], atol=0.01)
    wave = np.cos(np.radians(LATTICE.longitude_deg))[None].repeat(LATTICE.rows, axis=0)
    np.testing.assert_allclose(
        other.resampled(wave)[5], np.cos(np.radians(other.longitude_deg)), atol=1e-3
    )


def test_a_deposit_is_in_its_cell_whatever_turns_it_took() -> None:
    weight = np.array([2.0, 3.0], np.float32)
    field = LATTICE.deposit(np.array([361.0, 1.0]), np.array([0.4, 0.4]), weight)
    assert field[120, 1] == 5
    assert field.sum() == 5
