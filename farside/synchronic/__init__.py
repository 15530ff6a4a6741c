"""Synchronic maps: observed and generated disks and a base map, merged into one map of the Sun."""
