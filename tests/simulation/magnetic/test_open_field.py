import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import sph_harm_y

from farside.simulation.grid import Lattice
from farside.simulation.magnetic.open_field import (
    MAX_DEGREE,
    OPEN_LATTICE,
    SOURCE_SURFACE,
    PotentialField,
    harmonics,
    magnetic_field,
    open_field,
    radial_field,
    tapered,
)
from farside.sun.grid import Image

MAP = Lattice(180)

BOUNDARY_DEG = float(np.degrees(np.arccos(np.sqrt(3 / SOURCE_SURFACE / (2 + SOURCE_SURFACE**-3)))))
"""Magnetic latitude from which a dipole is open.

Its radial field is g(r) cos θ with g = (2 r⁻³ + R⁻³) / (2 + R⁻³), so r² g(r) sin² θ is the same all
along a line. The last closed one touches the source surface R at the equator: sin² θ = R² g(R).
"""


def _cosine_from_axis(lattice: Lattice, longitude_deg: float, latitude_deg: float) -> Image:
    latitude, axis = np.radians(lattice.latitude_deg)[:, None], np.radians(latitude_deg)
    across = np.radians(lattice.longitude_deg - longitude_deg)
    cosine: Image = np.sin(axis) * np.sin(latitude) + np.cos(axis) * np.cos(latitude) * np.cos(
        across
    )
    return cosine.astype(np.float32)


def _band_limited(degree: int, lattice: Lattice = MAP) -> Image:
    """A random field in gauss of harmonics 1 to `degree`, by scipy's own spherical harmonics."""
    rng = np.random.default_rng(degree)
    colatitude = np.radians(90.0 - lattice.latitude_deg.astype(np.float64))
    longitude = np.radians(lattice.longitude_deg.astype(np.float64))
    total = np.zeros((lattice.rows, lattice.columns))
    for one in range(1, degree + 1):
        for order in range(one + 1):
            wave = complex(*rng.normal(size=2)) * np.exp(1j * order * longitude)
            total += np.outer(sph_harm_y(one, order, colatitude, 0).real, wave.real)
    return total.astype(np.float32)


def _spots(seed: int) -> Image:
    """Polar fields and twenty bipoles some degrees wide, gauss."""
    rng = np.random.default_rng(seed)
    field = 8 * _cosine_from_axis(MAP, 0, 90) ** 7
    for longitude, latitude in zip(rng.uniform(0, 360, 20), rng.normal(0, 15, 20), strict=True):
        for sign, shift in ((1, 3), (-1, -3)):
            cosine = _cosine_from_axis(MAP, longitude + shift * np.sign(latitude), latitude)
            field += sign * 100 * np.exp((cosine - 1) / np.radians(2.5) ** 2)
    return field


@pytest.mark.parametrize(("longitude_deg", "latitude_deg"), [(0, 90), (123, 50), (251, 0)])
def test_a_dipole_is_open_from_its_analytic_boundary_to_its_axis(
    longitude_deg: float, latitude_deg: float
) -> None:
    found = open_field(10 * _cosine_from_axis(MAP, longitude_deg, latitude_deg))
    latitude = np.degrees(np.arcsin(_cosine_from_axis(OPEN_LATTICE, longitude_deg, latitude_deg)))
    beyond = np.abs(latitude) - BOUNDARY_DEG
    assert (found[beyond > 0.5] == 1).all()
    assert (found[beyond < -0.5] == 0).all()


def test_a_quadrupole_is_open_where_its_line_meets_the_source_surface() -> None:
    # Along a line r² g(r) sin² θ cos θ stays the same; at R, B_r is 0 where cos θ is 1/√3.
    cosine = _cosine_from_axis(MAP, 0, 90)
    found = open_field(5 * (3 * cosine**2 - 1))
    share = 5 * SOURCE_SURFACE**-2 / (3 + 2 * SOURCE_SURFACE**-5)
    label = share * (2 / 3) / np.sqrt(3)
    at = np.abs(np.sin(np.radians(OPEN_LATTICE.latitude_deg.astype(np.float64))))
    expected = (1 - at**2) * at < label
    edge = np.abs((1 - at**2) * at - label) < 0.015
    for column in found.T:
        np.testing.assert_array_equal(column[~edge], expected[~edge])


@pytest.mark.parametrize("degree", [1, 7, MAX_DEGREE])
@pytest.mark.parametrize("rows", [90, 180])
def test_a_field_of_limited_degree_comes_back_at_the_photosphere(degree: int, rows: int) -> None:
    field = _band_limited(degree, Lattice(rows))
    back = radial_field(harmonics(field), 1.0, Lattice(rows))
    np.testing.assert_allclose(back, field, atol=1e-5 * float(np.ptp(field)))


def test_the_field_of_a_dipole_is_the_analytic_one_at_every_radius() -> None:
    coefficients = harmonics(_cosine_from_axis(MAP, 40, 30))
    for radius in (1.0, 1.3, 2.5):
        radial, south, east = magnetic_field(coefficients, radius, MAP)
        scale = 2 + SOURCE_SURFACE**-3
        cosine = _cosine_from_axis(MAP, 40, 30)
        south_of, east_of = _gradient(cosine)
        along = -(radius**-3 - SOURCE_SURFACE**-3) / scale
        expected = (2 * radius**-3 + SOURCE_SURFACE**-3) / scale
        np.testing.assert_allclose(radial, expected * cosine, atol=1e-6)
        np.testing.assert_allclose(south[2:-2], along * south_of[2:-2], atol=1e-3)
        np.testing.assert_allclose(east[2:-2], along * east_of[2:-2], atol=1e-3)


def _gradient(field: Image) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Southward and eastward derivatives per radian of arc, by differences."""
    step = np.radians(MAP.step_deg)
    east = (np.roll(field, -1, 1) - np.roll(field, 1, 1)) / (2 * step)
    return -np.gradient(field, step, axis=0), east / np.cos(np.radians(MAP.latitude_deg))[:, None]


def test_the_field_is_radial_at_the_source_surface_and_not_below() -> None:
    coefficients = harmonics(_band_limited(9))
    radial, *tangential = magnetic_field(coefficients, SOURCE_SURFACE, MAP)
    assert np.abs(tangential).max() < 1e-12 * np.abs(radial).max()
    _, *tangential = magnetic_field(coefficients, 2.0, MAP)
    assert np.abs(tangential).max() > 1e-3


@settings(max_examples=5)
@given(st.integers(0, 10_000))
def test_the_open_field_does_not_know_the_sign_of_the_field(seed: int) -> None:
    field = _spots(seed)
    found = open_field(field)
    np.testing.assert_array_equal(found, open_field(-field))
    assert 0 < found.mean() < 1


@pytest.mark.parametrize("colatitude_deg", [0.0, 0.3, 60.0, 179.8])
@pytest.mark.parametrize("radius", [1.0, 1.47, 2.4])
def test_lines_follow_the_direction_of_the_field_also_at_the_poles(
    colatitude_deg: float, radius: float
) -> None:
    colatitude, longitude = np.radians(colatitude_deg), np.arange(-3.0, 3.0, 0.1)
    x, y = np.sin(colatitude) * np.cos(longitude), np.sin(colatitude) * np.sin(longitude)
    place = radius * np.stack([x, y, 0 * x + np.cos(colatitude)])
    axis = np.array([[0.6], [0.0], [0.8]])
    field = harmonics(_cosine_from_axis(MAP, 0, np.degrees(np.arcsin(0.8))))
    found = PotentialField.of(field).direction(place.astype(np.float32))
    along = 3 * (axis * place).sum(axis=0) * place / radius**5
    expected = along - axis * (radius**-3 - SOURCE_SURFACE**-3)
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected, axis=0), atol=4e-3)


def test_a_field_turned_with_the_sun_has_its_open_field_turned() -> None:
    found = open_field(_spots(3))
    turned = open_field(np.roll(_spots(3), 2 * 37, axis=1))
    assert (np.roll(found, 37, axis=1) != turned).mean() < 1e-3


def test_the_poles_are_as_good_as_any_other_place() -> None:
    """A hole that lies over the pole has the size of the same hole on the equator."""
    areas = [
        np.average(open_field(_hole(90 - away)), weights=OPEN_LATTICE.cell_cm2 * np.ones(180))
        for away in (0, 4, 90)
    ]
    np.testing.assert_allclose(areas, areas[-1], rtol=0.03)


def _hole(latitude_deg: float) -> Image:
    cosine = _cosine_from_axis(MAP, 200, latitude_deg)
    return 10 * cosine + 200 * cosine**9


def test_the_strength_and_a_monopole_do_not_matter() -> None:
    field = _spots(5)
    found = open_field(field)
    np.testing.assert_array_equal(found, open_field(4 * field))
    assert (found != open_field(field + np.float32(3))).mean() < 1e-3


def test_the_open_flux_is_what_leaves_through_the_source_surface() -> None:
    field = _spots(8)
    radial = radial_field(tapered(harmonics(field)), 1.0, OPEN_LATTICE)
    through = open_field(field) * radial * OPEN_LATTICE.cell_cm2
    assert abs(through.sum()) < 0.05 * np.abs(through).sum()
    top = radial_field(tapered(harmonics(field)), SOURCE_SURFACE, OPEN_LATTICE)
    leaving = SOURCE_SURFACE**2 * np.abs(top * OPEN_LATTICE.cell_cm2).sum()
    np.testing.assert_allclose(np.abs(through).sum(), leaving, rtol=0.05)


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_a_map_without_field_or_with_a_monopole_alone_has_no_open_field(value: float) -> None:
    found = open_field(np.full((180, 360), value, dtype=np.float32))
    assert found.shape == (90, 180)
    assert found.dtype == np.float32
    assert not found.any()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_refused(value: float) -> None:
    field = _cosine_from_axis(MAP, 0, 90)
    field[3, 4] = value
    with pytest.raises(ValueError, match="1 values that are not finite, expected none"):
        open_field(field)


@pytest.mark.parametrize("shape", [(180, 180), (80, 160), (64800,)])
def test_a_map_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"field has shape .* expected \(n, 2 n\)"):
        open_field(np.ones(shape, dtype=np.float32))


@pytest.mark.parametrize("radius", [0.99, 2.51, np.nan])
def test_a_radius_outside_the_model_is_refused(radius: float) -> None:
    with pytest.raises(ValueError, match=r"expected 1 to 2\.5 solar radii"):
        radial_field(harmonics(_cosine_from_axis(MAP, 0, 90)), radius, MAP)
