"""Scores of a model on a store of pairs, with persistence and a zero field as baselines."""
