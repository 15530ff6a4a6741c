"""The real benchmark: shipped far-side models on real AIA images, scored against HMI."""
