"""Plots of magnetograms, synchronic maps, tracks, the corona and the solar wind."""
