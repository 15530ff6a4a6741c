"""Scanned sunspot drawings: side-car metadata, disk fit, ink density."""
