"""The simulated Sun beside the real one: the same measures of both, at the same resolution."""
