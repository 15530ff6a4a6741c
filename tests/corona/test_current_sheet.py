"""The field beyond the source surface against the series of |cos θ|."""

import numpy as np
import pytest
from numpy.polynomial import legendre

from farside.corona.current_sheet import OUTER_RADIUS, current_sheet
from farside.corona.field import sphere_points
from farside.corona.tracing import trace_to_sphere
from tests.corona.dipole import GRID, SOURCE_SURFACE, axial_cosine, axial_cosine_at, dipole

ABSOLUTE_COSINE = [1 / 2, 0, 5 / 8, 0, -3 / 16, 0, 13 / 128]
"""Of |x| in Legendre polynomials; beyond 4 solar radii the rest is less than 1 %."""


@pytest.mark.parametrize("tilt_deg", [0.0, 50.0])
@pytest.mark.parametrize("radius", [4.0, 8.0, OUTER_RADIUS])
def test_the_field_of_a_dipole_is_the_series_of_its_absolute_cosine(
    tilt_deg: float, radius: float
) -> None:
    potential = dipole(tilt_deg)
    found = current_sheet(potential, SOURCE_SURFACE).radial_gauss(radius, *GRID.shape)
    strongest = np.abs(potential.shell.field_gauss[:, :, -1, 2]).max()
    cosine = axial_cosine(GRID.longitude_deg, GRID.latitude_deg[:, None], tilt_deg)
    decay = (SOURCE_SURFACE / radius) ** (np.arange(len(ABSOLUTE_COSINE)) + 2)
    wanted = strongest * legendre.legval(cosine, np.array(ABSOLUTE_COSINE) * decay)
    assert found == pytest.approx(wanted, rel=0.015)


@pytest.mark.parametrize("interface", [2.3, SOURCE_SURFACE])
def test_the_unsigned_flux_stays_that_of_the_interface(interface: float) -> None:
    potential = dipole(50.0)
    sheet = current_sheet(potential, interface)
    below = np.abs(potential.shell.radial_gauss(interface, *GRID.shape)).mean() * interface**2
    for radius in (5.0, OUTER_RADIUS):
        flux = sheet.radial_gauss(radius, *GRID.shape).mean() * radius**2
        assert flux == pytest.approx(below, rel=2e-3)


def test_the_field_points_outwards_everywhere() -> None:
    assert current_sheet(dipole(50.0), SOURCE_SURFACE).field_gauss[..., 2].min() > 0


def test_the_horizontal_field_is_one_vector_at_a_pole() -> None:
    sheet = current_sheet(dipole(50.0), SOURCE_SURFACE)
    longitude = sheet.nodes[0]
    for row, pole in ((0, -1), (-1, 1)):
        east, south, _ = sheet.field_gauss[:, row, 10].T
        towards_zero = pole * south * np.cos(longitude) - east * np.sin(longitude)
        assert np.hypot(east, south).min() > 0
        assert towards_zero == pytest.approx(towards_zero[0], rel=1e-6)


def test_lines_keep_to_their_side_of_the_sheet_and_bring_no_net_flux() -> None:
    sheet = current_sheet(dipole(50.0), SOURCE_SURFACE)
    # Every third row from the second: as many north as south of the equator.
    outer = sphere_points(
        OUTER_RADIUS, np.radians(GRID.longitude_deg[::4]), np.radians(GRID.latitude_deg[1::3])
    )
    crossing = trace_to_sphere(sheet, outer, outwards=False)
    assert not crossing.outside.any()
    above = axial_cosine_at(outer, 50.0)
    below = axial_cosine_at(crossing.places, 50.0)
    clear = np.abs(above) > 0.03
    assert np.array_equal(np.sign(above[clear]), np.sign(below[clear]))
    signed = sheet.field_at(outer)[:, 2] * np.sign(below)
    assert abs(signed.mean()) < 0.01 * np.abs(signed).mean()


@pytest.mark.parametrize("interface", [1.0, 2.6])
def test_a_sheet_that_begins_outside_the_potential_field_is_refused(interface: float) -> None:
    with pytest.raises(ValueError, match=f"current sheet from {interface} solar radii"):
        current_sheet(dipole(), interface)
