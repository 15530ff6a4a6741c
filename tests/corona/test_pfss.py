"""The potential field against the dipole's closed form, and the maps that it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.polynomial import Legendre

from farside.corona.pfss import extrapolate, neutral_line
from farside.errors import DamagedImageError, DegenerateFieldError
from farside.sun.carrington_grid import CarringtonGrid
from tests.corona.dipole import (
    GRID,
    SOURCE_SURFACE,
    STRENGTH_GAUSS,
    axial_cosine,
    dipole,
    dipole_map,
    map_of,
)


@pytest.mark.parametrize("radius", [1.0, 1.5, SOURCE_SURFACE])
@pytest.mark.parametrize("tilt_deg", [0.0, 60.0])
def test_the_radial_field_of_a_dipole_falls_off_as_it_should(
    radius: float, tilt_deg: float
) -> None:
    found = dipole(tilt_deg).shell.radial_gauss(radius, *GRID.shape)
    decay = (2 / radius**3 + SOURCE_SURFACE**-3) / (2 + SOURCE_SURFACE**-3)
    cosine = axial_cosine(GRID.longitude_deg, GRID.latitude_deg[:, None], tilt_deg)
    assert found == pytest.approx(STRENGTH_GAUSS * decay * cosine, abs=0.015 * STRENGTH_GAUSS)
    strongest = np.abs(cosine) > 0.8
    ratio = found[strongest] / (STRENGTH_GAUSS * decay * cosine[strongest])
    assert ratio.mean() == pytest.approx(1, abs=0.01)


def test_the_field_is_radial_on_the_source_surface() -> None:
    assert np.abs(dipole(60.0).shell.field_gauss[:, :, -1, :2]).max() == 0


def test_the_monopole_is_taken_away_and_reported() -> None:
    given = dipole_map()
    found = extrapolate(replace(given, field_gauss=given.field_gauss + 0.75))
    assert found.monopole_gauss == pytest.approx(0.75)
    assert np.allclose(found.photosphere_gauss, given.field_gauss, rtol=1e-6, atol=1e-12)
    # pytest.approx compares twelve million values one by one: a minute and a half, and a gigabyte.
    assert np.allclose(found.shell.field_gauss, dipole().shell.field_gauss, rtol=1e-6, atol=1e-9)


def test_a_map_in_latitude_gives_the_corona_of_the_same_map_in_sine_latitude() -> None:
    given = dipole_map(30.0, CarringtonGrid(180, 90, "uniform"))
    found = extrapolate(given).shell.radial_gauss(2.0, *GRID.shape)
    same = dipole(30.0).shell.radial_gauss(2.0, *GRID.shape)
    assert found == pytest.approx(same, abs=0.005 * np.ptp(same))


def test_the_neutral_line_of_a_dipole_is_the_equator() -> None:
    (curve,) = neutral_line(dipole())
    assert curve[:, 1] == pytest.approx(0, abs=0.01)
    assert np.ptp(curve[:, 0]) >= 360


@pytest.mark.parametrize("tilt_deg", [15.0, 45.0])
def test_the_neutral_line_of_a_tilted_dipole_is_the_tilted_great_circle(tilt_deg: float) -> None:
    (curve,) = neutral_line(dipole(tilt_deg))
    off_deg = np.degrees(np.arcsin(axial_cosine(curve[:, 0], curve[:, 1], tilt_deg)))
    assert off_deg == pytest.approx(0, abs=0.4)
    assert curve[:, 1].max() == pytest.approx(tilt_deg, abs=0.5)


@pytest.mark.parametrize("mean_gauss", [0.0, 5.0, -3.0])
def test_a_map_of_one_value_everywhere_is_refused(mean_gauss: float) -> None:
    with pytest.raises(DegenerateFieldError, match=r"too weak for a corona.*expected 0\.001 G"):
        extrapolate(map_of(np.full(GRID.shape, mean_gauss)))


def test_a_map_with_missing_values_is_refused_with_their_number() -> None:
    field = np.ones(GRID.shape)
    field[3, 4:6] = np.nan
    with pytest.raises(DamagedImageError, match="2022-03-02T06:14:00 has 2 values"):
        extrapolate(map_of(field))


def test_a_source_surface_inside_the_sun_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.9 solar radii, expected more than 1"):
        extrapolate(dipole_map(), 0.9)


@pytest.mark.parametrize("degree", [1, 2, 3, 5])
def test_the_open_flux_of_each_degree_is_that_of_its_closed_form(degree: int) -> None:
    grid = CarringtonGrid(360, 180)
    polynomial = Legendre.basis(degree)
    # Mean over each cell of equal area, not the value at its middle.
    integral = polynomial.integ()(grid.sine_edges)
    rows = np.diff(integral) / np.diff(grid.sine_edges)
    field = np.broadcast_to(STRENGTH_GAUSS * rows[:, None], grid.shape)
    made = extrapolate(map_of(field, grid), SOURCE_SURFACE, smoothing_deg=0)
    found = np.abs(made.shell.radial_gauss(SOURCE_SURFACE, *grid.shape)).mean()
    falloff = (2 * degree + 1) * SOURCE_SURFACE ** -(degree + 2.0)
    falloff /= degree + 1 + degree * SOURCE_SURFACE ** -(2.0 * degree + 1)
    assert found == pytest.approx(falloff * np.abs(field).mean(), rel=3e-3)
