"""The geometry of a picture: on the grid that registered images share, or as it was taken."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
"""A picture (y, x), row 0 south; in native pixels, row 0 as in its file."""


@dataclass(frozen=True)
class Geometry(ABC):
    """A square array that holds the solar disk.

    Attributes
    ----------
    size_px
        Side of the array.
    disk_radius_px
        Radius of the visible disk, ``arcsin(R_sun / distance)``, in pixels.
    mask_radius
        Fraction of the disk radius outside which there is no value.
    """

    size_px: int
    disk_radius_px: float
    mask_radius: float = 0.998

    @property
    @abstractmethod
    def sun_centre_px(self) -> tuple[float, float]:
        """0-based index (x, y) of the Sun's centre."""

    def radius_px(self) -> Image:
        """Distance of each pixel from the Sun's centre, (y, x), pixels."""
        index = np.arange(self.size_px, dtype=np.float32)
        x, y = (index - np.float32(centre) for centre in self.sun_centre_px)
        radius: Image = np.hypot(y[:, None], x[None, :])
        return radius

    def on_disk(self) -> NDArray[np.bool_]:
        """True inside the mask radius, (y, x); one array for all who ask, read only."""
        return _on_disk(self)


@lru_cache(maxsize=4)  # a product asks dozens of times for the same; 16 MB each at 4096 px
def _on_disk(geometry: Geometry) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (
        geometry.radius_px() <= geometry.mask_radius * geometry.disk_radius_px
    )
    inside.flags.writeable = False
    return inside


@dataclass(frozen=True)
class Grid(Geometry):
    """The solar disk at the centre, solar north up: what a registered image is on."""

    @property
    def pixels_per_degree(self) -> int:
        """Pixels of one heliographic degree at disk centre: 8 on the papers' grid of 1024."""
        return max(1, round(self.disk_radius_px * np.pi / 180))

    @property
    def centre_px(self) -> float:
        """0-based index of the Sun's centre along both axes."""
        return (self.size_px - 1) / 2

    @property
    def sun_centre_px(self) -> tuple[float, float]:
        """0-based index (x, y) of the Sun's centre."""
        return self.centre_px, self.centre_px
