"""Untrusted FITS files in; header cards, coordinates and whole files out."""
