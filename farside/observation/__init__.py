"""A file becomes an Observation: checked, calibrated, with time and observer certain."""
