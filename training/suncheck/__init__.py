"""Comparison of the simulated with the real Sun: the same measures at the same resolution."""
