"""Input and output: untrusted FITS parsing, header cards, WCS, atomic file writes."""
