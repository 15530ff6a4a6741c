"""A simulated Sun whose far side is known, written as the instruments' own files."""

from farside.simulation.instruments.files import SimulatedSet, write_set
from farside.simulation.sun import SimulatedSun

__all__ = ["VERSION", "SimulatedSet", "SimulatedSun", "write_set"]

VERSION = 3
"""Of the simulated Sun. What is trained or scored on one version says nothing of another: whoever
changes a constant raises it, and trains and scores everything again."""
