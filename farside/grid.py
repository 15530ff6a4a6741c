"""The geometry that every registered image shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
"""A picture (y, x), row 0 south."""


@dataclass(frozen=True)
class Grid:
    """A square array with the solar disk at its centre.

    Attributes
    ----------
    size_px
        Side of the array. The Sun's centre is at pixel index ``(size_px - 1) / 2`` (0-based).
    disk_radius_px
        Radius of the visible disk, ``arcsin(R_sun / distance)``, in pixels.
    mask_radius
        Fraction of the disk radius outside which there is no value.
    """

    size_px: int
    disk_radius_px: float
    mask_radius: float = 0.998

    @property
    def centre_px(self) -> float:
        """0-based index of the Sun's centre along both axes."""
        return (self.size_px - 1) / 2

    def radius_px(self) -> Image:
        """Distance of each pixel from the Sun's centre, (y, x), pixels."""
        offset = np.arange(self.size_px, dtype=np.float32) - np.float32(self.centre_px)
        radius: Image = np.hypot(offset[:, None], offset[None, :])
        return radius

    def on_disk(self) -> NDArray[np.bool_]:
        """True inside the mask radius, (y, x)."""
        inside: NDArray[np.bool_] = self.radius_px() <= self.mask_radius * self.disk_radius_px
        return inside
