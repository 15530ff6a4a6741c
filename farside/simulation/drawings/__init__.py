"""Sunspot drawings of the simulated Sun: styles, paper and files."""
