"""Filaments and filament channels, along the polarity inversion lines of the large-scale field.

Only the distance from such a line is used, which does not depend on the sign of the field.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.time import Time

from farside.simulation.grid import COARSE, Lattice
from farside.simulation.sun import SimulatedSun
from farside.sun.grid import Image

PIL_DEG = 2.2
"""Standard deviation of the smoothing of the field that defines the inversion lines, a choice."""

STREAM = 250
"""Random stream of filaments."""

WANDER_DEG, WANDER_SCALE_DEG, LIFE_DAYS = 0.7, 1.5, 8.0
"""Deviation of a filament from the line, scale of its bends, and lifetime, a choice; filaments of
the quiet Sun live for days to weeks (Parenti 2014, Living Rev. 11, 1)."""

STEEP_GAUSS_PER_DEG = 0.25
"""Gradient of the averaged field across the line at which half of a channel is formed, a choice."""

SPINE_DEG, CHANNEL_DEG = 0.75, 2.2
"""Half widths at 1/e of filaments (10 Mm and less in the quiet Sun; Parenti 2014) and channels."""

FILLED, PATCH_DEG = 0.4, 6.0
"""Fraction of the channels' length that is filled, and scale of the pieces, a choice."""


@dataclass(frozen=True, eq=False)
class FilamentChannels:
    """Filaments and filament channels on one grid, (row, column), each from 0 to 1.

    Attributes
    ----------
    spine
        Density of filament material.
    channel
        Fraction of the coronal light missing in channels.
    """

    spine: Image
    channel: Image


def channels(
    sun: SimulatedSun, time: Time, field_gauss: Image, lattice: Lattice
) -> FilamentChannels:
    """Filaments and filament channels of a Sun.

    Parameters
    ----------
    sun, time
        The Sun, and when.
    field_gauss
        Large-scale radial field, on any grid.
    lattice
        Grid of the result.
    """
    smooth = COARSE.smooth(COARSE.resampled(field_gauss), PIL_DEG)
    rng = sun.rng(STREAM, time, LIFE_DAYS)
    wander = [np.float32(WANDER_DEG) * COARSE.noise(rng, WANDER_SCALE_DEG) for _ in range(2)]
    bent = COARSE.displaced(smooth, *wander)
    steepness = np.hypot(*COARSE.gradient_per_deg(smooth))
    distance = np.abs(bent) / np.maximum(steepness, np.float32(1e-3))
    formed = steepness**2 / (steepness**2 + np.float32(STEEP_GAUSS_PER_DEG) ** 2)
    patches = COARSE.noise(rng, PATCH_DEG)
    threshold = np.quantile(patches, 1 - FILLED)
    filled = 1 / (1 + np.exp(-(patches - threshold) / np.float32(0.12)))
    spine = np.exp(-((distance / np.float32(SPINE_DEG)) ** 2)) * formed * filled
    channel = np.exp(-((distance / np.float32(CHANNEL_DEG)) ** 2)) * formed
    return FilamentChannels(
        *(lattice.resampled(np.asarray(e, np.float32)) for e in (spine, channel))
    )
