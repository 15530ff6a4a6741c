"""Several generators and persistence on the same simulated suns: the comparison of the papers."""
