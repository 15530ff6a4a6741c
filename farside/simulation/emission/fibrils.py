"""Fine structure drawn out along the magnetic field: fibrils, threads, and the grain of loops."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from farside.simulation.grid import Lattice
from farside.simulation.magnetic.open_field import Coefficients, magnetic_field
from farside.sun.grid import Image

HEIGHT_RADII = 1.02
"""Where the direction of the horizontal field is taken, solar radii: 14 Mm, a choice."""

DIRECTION_LATTICE = Lattice(180)
"""On which it is found: the harmonics resolve 4.5°."""

HALVINGS = (0.3, 0.6, 1.2)
"""Degrees by which a texture is moved both ways along the field and averaged, one after another."""


@dataclass(frozen=True, eq=False)
class Grain:
    """The direction that the horizontal field gives to structure.

    Attributes
    ----------
    east, north
        Unit vector on a lattice, (row, column); which of the two ways it points has no effect.
    lattice
        That lattice.
    """

    east: Image
    north: Image
    lattice: Lattice

    @classmethod
    def of(cls, coefficients: Coefficients, lattice: Lattice) -> Grain:
        """That of a potential field."""
        _, south, east = magnetic_field(coefficients, HEIGHT_RADII, DIRECTION_LATTICE)
        parts = [lattice.resampled(each.astype(np.float32)) for each in (east, -south)]
        length = np.maximum(np.hypot(*parts), np.finfo(np.float32).tiny)
        unit_east, unit_north = (np.asarray(each / length, np.float32) for each in parts)
        return cls(unit_east, unit_north, lattice)

    @cached_property
    def _places(self) -> list[tuple[tuple[Image, Image], tuple[Image, Image]]]:
        """For each of the ways along the field, the places to both sides of every cell."""
        ways = [(np.float32(r) * self.east, np.float32(r) * self.north) for r in HALVINGS]
        return [
            (self.lattice.places(east, north), self.lattice.places(-east, -north))
            for east, north in ways
        ]

    def drawn_out(self, texture: Image) -> Image:
        """Average a texture along the field over some degrees; its variance falls."""
        for ahead, behind in self._places:
            # The sum of two is the same in either order: it does not know the sign of the field.
            both = self.lattice.taken(texture, *ahead) + self.lattice.taken(texture, *behind)
            texture = np.float32(0.5) * both
        return texture
