"""Scores of denoisers and of models for sunspot drawings on simulated suns."""
