"""One scene of 2024 as files, for all tests of what is written."""

from __future__ import annotations

import pytest
from astropy.time import Time

from farside.simulation.instruments.files import SimulatedSet, write_set
from tests.support.once import once

TIME = Time("2024-11-01T00:00:00")


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> SimulatedSet:
    """Of a spacecraft 70° west of Earth."""
    return once(tmp_path_factory, "from-70-west", write_set, TIME, 70.0, 2, "small")


@pytest.fixture(scope="session")
def from_earth(tmp_path_factory: pytest.TempPathFactory) -> SimulatedSet:
    """Of a spacecraft at Earth."""
    return once(tmp_path_factory, "from-earth", write_set, TIME, 0.0, 2, "small")
