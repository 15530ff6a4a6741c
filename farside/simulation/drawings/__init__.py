"""Simulated sunspot drawings: styles, paper and files."""
