"""A Sun with one region and a dipole, followed by a model that repeats its reference."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from astropy.time import Time

from farside.model.engine import find_model
from farside.simulation.grid import COARSE, Lattice
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import lines_of_sight, trace
from farside.sun.observer import Observer
from tests.support.small_model import Echo
from tests.training.score.fakes import SMALL
from training.score.series import SeriesInputs, follow_poles, follow_region

START = Time("2024-01-01T00:00:00")
DIPOLE_GAUSS = 5.0


class Dipole(SimulatedSun):
    """5 G outwards in the north, inwards in the south, at all times."""

    def at(self, time: Time, lattice: Lattice = COARSE) -> Surface:
        sign = np.sign(lattice.latitude_deg)[:, None] * np.ones((1, lattice.columns), np.float32)
        field = (DIPOLE_GAUSS * sign).astype(np.float32)
        return Surface(self, time, lattice, field, np.zeros_like(field))


def see(
    surface: Surface,
    observer: Observer,
    instrument: Literal["EUVI", "SDO"],
    grid: Grid,
    rng: np.random.Generator,
) -> Image:
    points = trace(*lines_of_sight(grid, observer), observer, surface.time)
    field = DIPOLE_GAUSS * np.sign(points.latitude_deg) * points.mu
    return np.stack([np.ones_like(field)] * 3 + [field]).astype(np.float32)


ENGINE = Echo(SMALL, slice(1, 2))
WATCH = SeriesInputs(Dipole(3), see, find_model(ENGINE, "demo"), ENGINE)


def test_the_polar_field_of_a_dipole_stays_what_it_is() -> None:
    found = follow_poles(WATCH, points=3)
    assert found.years == pytest.approx([2008.96, 2008.96 + 11 / 3, 2008.96 + 22 / 3], abs=0.01)
    assert found.true_north_gauss == pytest.approx([DIPOLE_GAUSS] * 3, rel=1e-3)
    assert found.true_south_gauss == pytest.approx([-DIPOLE_GAUSS] * 3, rel=1e-3)


def test_a_region_is_measured_at_the_front_and_generated_at_the_back_in_turn() -> None:
    found = follow_region(WATCH, START)
    assert found.days[0] == -3
    assert found.days[-1] > 3 * 27.3 - 3.1
    measured, generated = (
        [day for day, _ in each] for each in (found.measured_mx, found.generated_mx)
    )
    assert not set(measured) & set(generated)
    # Each disk shows 120 of 360 degrees near its centre.
    for days in (measured, generated):
        assert len(days) == pytest.approx(len(found.days) / 3, abs=2)
    # A field of 5 G everywhere: the flux of the neighbourhood's area, whoever looks.
    for _, flux in (*found.measured_mx, *found.generated_mx):
        assert flux == pytest.approx(found.true_mx[0], rel=0.15)
