"""Torch modules. A Recipe names one as ``module:Class``."""
