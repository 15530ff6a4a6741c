"""Fine structure along the horizontal magnetic field: fibrils and threads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from farside.simulation.grid import Lattice
from farside.simulation.magnetic.open_field import Coefficients, magnetic_field
from farside.sun.grid import Image

HEIGHT_RADII = 1.02
"""Radius at which the direction of the horizontal field is taken: 14 Mm high, a choice."""

DIRECTION_LATTICE = Lattice(180)
"""Grid on which the direction is computed: the harmonics resolve 4.5°."""

HALVINGS = (0.3, 0.6, 1.2)
"""Shifts of the texture along the field, degrees: in each step it is averaged over both ways."""


@dataclass(frozen=True, eq=False)
class StructureDirection:
    """Direction of fine structure: that of the horizontal field.

    Attributes
    ----------
    east, north
        Unit vector on the grid, (row, column); its sign has no effect.
    lattice
        The grid.
    """

    east: Image
    north: Image
    lattice: Lattice

    @classmethod
    def of(cls, coefficients: Coefficients, lattice: Lattice) -> StructureDirection:
        """Direction in the potential field of harmonic coefficients."""
        _, south, east = magnetic_field(coefficients, HEIGHT_RADII, DIRECTION_LATTICE)
        parts = [lattice.resampled(each.astype(np.float32)) for each in (east, -south)]
        length = np.maximum(np.hypot(*parts), np.finfo(np.float32).tiny)
        unit_east, unit_north = (np.asarray(each / length, np.float32) for each in parts)
        return cls(unit_east, unit_north, lattice)

    @cached_property
    def _places(self) -> list[tuple[tuple[Image, Image], tuple[Image, Image]]]:
        """For each shift, the columns and rows to both sides of every cell along the field."""
        ways = [(np.float32(r) * self.east, np.float32(r) * self.north) for r in HALVINGS]
        return [
            (self.lattice.offset_cells(east, north), self.lattice.offset_cells(-east, -north))
            for east, north in ways
        ]

    def stretched(self, texture: Image) -> Image:
        """Texture averaged along the field over some degrees, which lowers its variance."""
        for ahead, behind in self._places:
            # The sum is the same in either order: independent of the sign of the field.
            both = self.lattice.sampled(texture, *ahead) + self.lattice.sampled(texture, *behind)
            texture = np.float32(0.5) * both
        return texture
