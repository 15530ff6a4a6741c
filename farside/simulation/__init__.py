"""Simulated Sun with a known far side, observed by simulated instruments."""

from farside.simulation.instruments.files import SimulatedSet, write_set
from farside.simulation.sun import SimulatedSun

__all__ = ["VERSION", "SimulatedSet", "SimulatedSun", "write_set"]

VERSION = 3
"""Version of the simulated Sun. Models and scores of one version do not hold for another: after any
change of a constant, raise it, and train and score everything again."""
