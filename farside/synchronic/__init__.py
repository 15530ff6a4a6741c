"""Observed and generated disks and a base map become one map of the whole Sun."""
