"""A simulated Sun whose far side is known, written as the instruments' own files."""

from farside.simulation.files import SimulatedSet, write_set
from farside.simulation.sun import SimulatedSun

__all__ = ["SimulatedSet", "SimulatedSun", "write_set"]
