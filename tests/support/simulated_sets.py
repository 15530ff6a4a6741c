"""Small files of simulated scenes, each rendered once in a run of the tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from astropy.time import Time

from farside.simulation.instruments.files import SimulatedSet, write_set
from tests.support.moved_files import moved_set
from tests.support.once import once

TIME = Time("2024-11-01T00:00:00")
"""Of the EUVI images of `small` and `from_earth`."""


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> SimulatedSet:
    """The seven small files of one simulated scene."""
    return once(
        tmp_path_factory, "simulated", write_set, Time("2026-02-14T00:00:00"), 120.0, 3, "small"
    )


Later = Callable[[float], SimulatedSet]


@pytest.fixture(scope="session")
def later(simulated: SimulatedSet, tmp_path_factory: pytest.TempPathFactory) -> Later:
    """The same files so many hours later."""

    def write(hours: float) -> SimulatedSet:
        folder = tmp_path_factory.mktemp("later") / "files"
        return moved_set(simulated, timedelta(hours=hours), folder)

    return write


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> SimulatedSet:
    """Files of a spacecraft 70° west of Earth."""
    return once(tmp_path_factory, "from-70-west", write_set, TIME, 70.0, 2, "small")


@pytest.fixture(scope="session")
def from_earth(tmp_path_factory: pytest.TempPathFactory) -> SimulatedSet:
    """Files of a spacecraft at Earth, of the Sun of `small`."""
    return once(tmp_path_factory, "from-earth", write_set, TIME, 0.0, 2, "small")
