"""Scoring harness of all tasks: tidy table of scores, means with intervals, Markdown pages."""
