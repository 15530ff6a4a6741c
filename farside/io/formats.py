"""File formats of products by name: those of the command line, the forms and the functions."""

from typing import Literal

MapFormat = Literal["native", "gong", "adapt", "wsa"]
"""Format of a synchronic map: Farside's own FITS, or the layout of GONG, ADAPT or WSA."""

ScanFormat = Literal["png", "jpeg", "fits"]
"""Format of a scanned sunspot drawing."""

DropFormat = Literal["native", "gong", "adapt", "wsa", "boundary"]
"""Format of a file in the input folder of a solar-wind model: a map, or EUHFORIA's boundary."""

FITS_SUFFIXES = (".fits", ".fit", ".fts")
"""Suffixes under which FITS files are written."""
