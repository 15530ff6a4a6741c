"""Benchmark on the real Sun: shipped far-side models on AIA images, scored against HMI."""
