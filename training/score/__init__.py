"""Scores of a model on a store of pairs, always beside persistence and a zero field."""
