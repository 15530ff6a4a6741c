"""Evaluation of magnetograms: the papers' measures, scored regions, statistics, monitoring."""
