"""Measures of the papers, regions to score, statistics, and monitoring of products."""
