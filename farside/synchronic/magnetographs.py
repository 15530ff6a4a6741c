"""Magnetographs whose full disks enter a map: noise, pixel, and scale to HMI."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Magnetograph:
    """Properties of the line-of-sight magnetograms of an instrument.

    Attributes
    ----------
    noise_gauss
        Standard deviation of the noise of a pixel, in its own gauss.
    pixel_arcsec
        Size of that pixel.
    to_hmi
        Factor that brings its field to the scale of HMI.
    """

    noise_gauss: float
    pixel_arcsec: float
    to_hmi: float = 1.0


HMI = Magnetograph(6.3, 0.504)
"""M_720s; Liu et al. (2012), Sol. Phys. 279, 295."""

MAGNETOGRAPHS = {
    "HMI": HMI,
    # One-minute magnetograms, whose field is 1.40 times that of HMI; Liu et al. (2012).
    "MDI": Magnetograph(26.4, 1.98, 1 / 1.40),
    # The slope on HMI goes to 1 once HMI is smoothed to its resolution; the noise is a choice.
    "PHI-FDT": Magnetograph(10.0, 7.15),
}
"""Magnetographs by the instrument of a disk."""
