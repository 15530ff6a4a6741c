"""Benchmark of several generators and persistence on the same suns."""
