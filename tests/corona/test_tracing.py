"""Lines of a dipole across the seam of the map, round the poles, and as curves."""

import numpy as np
import pytest

from farside.corona.field import sphere_points
from farside.corona.field_lines import COLUMNS, ROWS, field_lines
from farside.corona.tracing import trace_curves, trace_to_sphere
from tests.corona.dipole import (
    AXIS_LONGITUDE_DEG,
    SOURCE_SURFACE,
    axial_cosine,
    dipole,
)


def test_a_line_across_longitude_0_ends_where_it_does_elsewhere() -> None:
    """A dipole on its side is alike east and west of its axis: 40° of it lie before longitude 0."""
    shell = dipole(90.0).shell
    off = np.arange(30.0, 90, 5)
    ends = []
    for side in (-1, 1):
        longitude = np.radians(AXIS_LONGITUDE_DEG + side * off) % (2 * np.pi)
        feet = np.stack([longitude, np.full_like(longitude, 0.3), np.zeros_like(longitude)], axis=1)
        found = trace_to_sphere(shell, feet, outwards=True)
        away = np.degrees(found.places[:, 0]) - AXIS_LONGITUDE_DEG
        ends.append((side * away % 360, found.places[:, 1], found.outside))
    (west, west_latitude, west_out), (east, east_latitude, east_out) = ends
    assert np.array_equal(west_out, east_out)
    assert west == pytest.approx(east, abs=0.3)
    assert west_latitude == pytest.approx(east_latitude, abs=0.005)


def test_a_line_over_a_pole_comes_down_on_the_other_side() -> None:
    places = sphere_points(1.0, np.radians([40.0]), np.radians([60.0]))
    found = trace_to_sphere(dipole(90.0).shell, places, outwards=True)
    assert not found.outside.any()
    longitude, latitude, _ = np.degrees(found.places[0])
    assert longitude == pytest.approx(220, abs=0.5)
    assert latitude == pytest.approx(60, abs=0.5)


def test_a_curve_goes_from_sphere_to_sphere_along_its_line() -> None:
    tilt_deg = 30.0
    places = sphere_points(1.5, np.radians([10.0, 200.0]), np.radians([-60.0, 5.0, 75.0]))
    for curve in trace_curves(dipole(tilt_deg).shell, places):
        radius = np.linalg.norm(curve, axis=1)
        for end in radius[[0, -1]]:
            assert min(abs(end - 1), abs(end - SOURCE_SURFACE)) < 0.01
        longitude = np.degrees(np.arctan2(curve[:, 1], curve[:, 0]))
        latitude = np.degrees(np.arcsin(curve[:, 2] / radius))
        square = 1 - axial_cosine(longitude, latitude, tilt_deg) ** 2
        # What is the same all along a line: sin²θ (2 / r + r² / R³).
        kept = square * (2 / radius + radius**2 / SOURCE_SURFACE**3)
        assert kept == pytest.approx(kept.mean(), rel=0.02)


def test_lines_for_a_picture_are_few_and_both_open_and_closed() -> None:
    lines = field_lines(dipole(30.0))
    assert len(lines) == 3 * ROWS * COLUMNS
    top = [np.linalg.norm(line[[0, -1]], axis=1).max() for line in lines]
    assert 0.2 < np.mean(np.array(top) > 0.99 * SOURCE_SURFACE) < 0.9
