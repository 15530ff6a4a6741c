"""EUV radiance of the simulated Sun: it follows |B| with scatter and never knows its sign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farside.grid import Image
from farside.simulation.sphere import noise, smooth
from farside.simulation.sun import Surface


@dataclass(frozen=True)
class Emission:
    """How one line answers to the field.

    Attributes
    ----------
    reach_deg
        Distance over which the field lights the plasma: short in the chromosphere.
    exponent, gain
        Radiance of the field, ``gain · (|B| / 100 G)^exponent`` in units of the quiet Sun.
    network
        Contrast of the network.
    scatter
        Standard deviation of the logarithm of the radiance at a given field.
    hole
        Radiance inside a coronal hole, in units of the quiet Sun.
    limb
        Brightening towards the limb, in units of the disk centre's radiance.
    scale_height
        Scale height of the emission beyond the limb, solar radii.
    """

    reach_deg: float
    exponent: float
    gain: float
    network: float
    scatter: float
    hole: float
    limb: float
    scale_height: float


EMISSION = {
    "304": Emission(0.5, 0.70, 6.0, 0.9, 0.22, 0.75, 0.25, 0.012),
    "171": Emission(1.0, 0.75, 7.0, 0.4, 0.28, 0.60, 0.9, 0.06),
    "193": Emission(2.0, 0.95, 14.0, 0.15, 0.22, 0.22, 1.1, 0.08),
}
EMISSION["195"] = EMISSION["193"]


def holes(field: Image) -> Image:
    """Coronal holes, 0 to 1: where the weak field is of one sign over ten degrees or so."""
    net = np.abs(smooth(field, 8.0))
    gross = smooth(np.abs(field), 8.0)
    unipolar = 1 / (1 + np.exp(-(net / gross - 0.40) / 0.05))
    weak = 1 / (1 + np.exp((gross - 14.0) / 2.0))
    return np.asarray(unipolar * weak, dtype=np.float32)


def radiance(surface: Surface, band: str) -> Image:
    """Radiance at disk centre in units of the quiet Sun, on the grid of the sphere.

    Of the field only the absolute value, and that of its local mean, are used.

    Parameters
    ----------
    band
        ``"304"``, ``"171"``, ``"193"`` or ``"195"``.
    """
    emission = EMISSION[band]
    field, lanes = surface.radial_field, surface.lanes
    lit = smooth(np.abs(field), emission.reach_deg) / np.float32(100)
    hole = holes(field)
    quiet = 1 + emission.network * (lanes - lanes.mean())
    quiet = quiet * (1 - (1 - emission.hole) * hole)
    glow = np.float32(emission.gain) * lit ** np.float32(emission.exponent) * (1 - 0.7 * hole)
    return np.asarray((quiet + glow) * _scatter(surface, emission), dtype=np.float32)


def _scatter(surface: Surface, emission: Emission) -> Image:
    sun, time = surface.sun, surface.time
    stream = 10 + int(emission.reach_deg * 10)
    texture = noise(sun.rng(stream, time, 0.5), 1.0) + noise(sun.rng(stream + 1, time, 0.1), 0.3)
    scatter: Image = np.exp(np.float32(emission.scatter / np.sqrt(2)) * texture)
    return scatter
