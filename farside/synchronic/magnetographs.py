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
    # Means of ten minutes. Noise: the scatter (MAD) at disk centre in the file of 2009-09-05, with
    # the network of a solar minimum. The scale is a choice: the field of HMI was 0.8 to 1.3 times
    # that of GONG's maps on three days of 2023, smoothed by 1.5° to 3°.
    "GONG": Magnetograph(6.0, 2.56),
}
"""Magnetographs by the instrument of a disk."""
