"""Solar geometry and time: observers, heliographic coordinates, grids, rotations, cycles."""
