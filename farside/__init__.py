"""Farside: magnetograms of the side of the Sun that no magnetograph sees."""

__version__ = "0.1.0"
