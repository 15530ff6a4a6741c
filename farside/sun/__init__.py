"""Observers, heliographic geometry, Carrington rotations, grids, cycles, reference epochs."""
