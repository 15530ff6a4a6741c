"""Coronal holes of dipoles, where the closed form knows every line."""

import numpy as np
import pytest

from farside.corona.field import sphere_points
from farside.corona.open_field import OpenField, hole_boundary_distance_deg, open_field
from farside.corona.pfss import extrapolate
from farside.corona.tracing import trace_to_sphere
from farside.errors import DegenerateFieldError
from tests.corona.dipole import (
    BOUNDARY_DEG,
    GRID,
    SOURCE_SURFACE,
    WIDENING,
    axial_cosine,
    axial_cosine_at,
    dipole,
    dipole_map,
    holes,
)

TILTS = [0.0, 30.0, 90.0]


@pytest.mark.parametrize("tilt_deg", TILTS)
def test_a_dipole_is_open_down_to_the_latitude_of_its_closed_form(tilt_deg: float) -> None:
    found = holes(tilt_deg)
    cosine = axial_cosine(GRID.longitude_deg, GRID.latitude_deg[:, None], tilt_deg)
    from_axis_deg = np.degrees(np.arccos(np.abs(cosine)))
    wanted = np.where(from_axis_deg < BOUNDARY_DEG, np.sign(cosine), 0)
    clear = np.abs(from_axis_deg - BOUNDARY_DEG) > 0.3
    assert np.array_equal(found.polarity[clear], wanted[clear])
    assert found.area == pytest.approx(1 - np.cos(np.radians(BOUNDARY_DEG)), abs=0.01)


def test_the_opposite_field_is_open_in_the_same_places_the_other_way() -> None:
    given = dipole_map(30.0)
    turned = extrapolate(type(given)(**{**vars(given), "field_gauss": -given.field_gauss}))
    assert np.array_equal(open_field(turned).polarity, -holes(30.0).polarity)


@pytest.mark.parametrize("tilt_deg", TILTS)
def test_lines_from_the_source_surface_end_where_the_closed_form_says(tilt_deg: float) -> None:
    longitude, latitude = np.arange(0.5, 360, 7), np.arange(-88.0, 89, 4)
    tops = sphere_points(SOURCE_SURFACE, np.radians(longitude), np.radians(latitude))
    feet = trace_to_sphere(dipole(tilt_deg).shell, tops, outwards=False)
    above = axial_cosine_at(tops, tilt_deg)
    below = axial_cosine_at(feet.places, tilt_deg)
    wanted = np.sqrt((1 - above**2) / WIDENING)
    clear = np.abs(above) > 0.02
    assert not feet.outside[clear].any()
    off_deg = np.degrees(np.arccos(np.abs(below)) - np.arcsin(wanted))[clear]
    assert np.percentile(np.abs(off_deg), 95) < 0.4
    assert np.abs(off_deg).max() < 1.5
    assert np.array_equal(np.sign(above[clear]), np.sign(below[clear]))


def test_the_distance_from_the_boundary_is_an_angle_on_the_sphere() -> None:
    latitude = np.radians([90.0, 80.0, 60.0])
    feet = np.stack([np.full(3, 1.0), latitude, np.zeros(3)], axis=1)
    distance = hole_boundary_distance_deg(holes(), feet)
    assert distance == pytest.approx(BOUNDARY_DEG - np.array([0, 10, 30]), abs=1.5)


def test_a_foot_in_closed_field_is_within_half_a_cell_of_it() -> None:
    feet = np.array([[2.0, 0.1, 0.0], [5.0, -0.3, 0.0]])
    half_deg = np.hypot(1.0, 1.0)
    assert np.all(hole_boundary_distance_deg(holes(), feet) < half_deg)


@pytest.mark.parametrize("everywhere", [0, 1])
def test_a_corona_without_a_hole_or_without_its_boundary_is_refused(everywhere: int) -> None:
    nowhere = OpenField(np.full(GRID.shape, everywhere, np.int8), GRID)
    with pytest.raises(DegenerateFieldError, match="no coronal hole has a boundary"):
        hole_boundary_distance_deg(nowhere, np.zeros((1, 3)))
