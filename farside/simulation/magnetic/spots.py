"""Sunspots of the simulated Sun, as outlines on the sphere.

Spots are dense compact flux of young regions; the network is bright, however strong its field. The
simulated Sun has less of a region's flux in spots than the real one, and does not resolve them, so
the thresholds are lower than the 550 G at the outer edge of penumbrae (Obridko et al. 2022,
arXiv:2209.15276) and the 1867 G around umbrae (Jurčák et al. 2018, A&A 611, L4).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from astropy.time import Time
from numpy.typing import NDArray
from skimage.measure import find_contours

from farside.simulation.grid import FINE, Degrees
from farside.simulation.magnetic.active_regions import compact_fraction
from farside.simulation.sun import CEILING_GAUSS, SimulatedSun
from farside.sun.grid import Image
from farside.sun.observer import SOLAR_RADIUS_M

EDGE_GAUSS, DARK_GAUSS = 250.0, 500.0
"""Field at the edge of a spot, and smallest peak field in it, a choice: the areas over the cycle
are then those of the Sun (docs/drawings.md)."""

COMPACT_DEG = 0.1
"""Standard deviation over which the flux of an element is spread: less than half of that of plage
in the magnetogram, so that groups break up into spots and pores."""

UMBRA_SHARE = 1 / 6.3
"""Fraction of a spot's area in umbrae: penumbrae have 5 to 6 times the area of their umbrae in
Greenwich's records (Hathaway 2013, Sol. Phys. 286, 347)."""

PORE_MSH = 12.0
"""Area below which a spot is a pore, without penumbra, a choice."""

GROUP_DEG = 3.0
"""Half the largest distance between neighbouring spots of a group."""

GROUP_CELL = 8
"""Side of the cells in which groups are separated, in cells of the fine grid: 1°."""

WRAP_DEG = 10.0
"""Width of the map repeated at either side, so that no spot is cut at Carrington longitude 0."""

HEMISPHERE_CM2 = 2 * np.pi * (100 * SOLAR_RADIUS_M) ** 2


@dataclass(frozen=True, eq=False)
class Outline:
    """Closed line on the sphere: Carrington longitude and latitude, (point,), degrees."""

    longitude_deg: Degrees
    latitude_deg: Degrees


@dataclass(frozen=True, eq=False)
class Spot:
    """Sunspot or pore.

    Attributes
    ----------
    edge
        Outline of the penumbra, or of a pore.
    umbrae
        Outlines of the umbrae; for a pore, its edge.
    longitude_deg, latitude_deg
        Carrington longitude and latitude of the centre of area.
    area_msh, umbra_msh
        Areas of the spot and of its umbrae, millionths of the solar hemisphere.
    group
        Number of the sunspot group.
    """

    edge: Outline
    umbrae: tuple[Outline, ...]
    longitude_deg: float
    latitude_deg: float
    area_msh: float
    umbra_msh: float
    group: int


def spots_of(sun: SimulatedSun, time: Time) -> tuple[Spot, ...]:
    """All sunspots of the whole Sun at a time."""
    field = _wrapped(np.abs(compact_field_gauss(sun, time)))
    cell_msh = (FINE.cell_cm2 / HEMISPHERE_CM2 * 1e6).astype(np.float64)
    mask = (field > EDGE_GAUSS).astype(np.uint8)
    count, label, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    groups = _groups(mask)
    found = []
    for index in range(1, count):
        column, row, width, height = boxes[index, :4]
        box = slice(row - 1, row + height + 1), slice(column - 1, column + width + 1)
        if row > 0 and row + height < FINE.rows and column > 0:
            inside = np.where(label[box] == index, field[box], 0)
            if inside.max() > DARK_GAUSS:
                found.append(_spot(inside, box, cell_msh[box[0]], groups))
    return tuple(spot for spot in found if 0 <= spot.longitude_deg < 360)


def compact_field_gauss(sun: SimulatedSun, time: Time) -> Image:
    """Radial field of the flux that is still in spots and compact plage, on FINE, gauss."""
    elements = sun.elements(time)
    flux = elements.flux_mx * compact_fraction(elements)
    places = elements.longitude_deg.ravel(), elements.latitude_deg.ravel()
    field = FINE.smooth(FINE.deposit(*places, flux.ravel()) / FINE.cell_cm2, COMPACT_DEG)
    ceiling = np.float32(CEILING_GAUSS)
    return np.asarray(ceiling * np.tanh(field / ceiling), dtype=np.float32)


def _wrapped(field: Image) -> Image:
    cells = round(WRAP_DEG / FINE.step_deg)
    return np.pad(field, ((0, 0), (cells, cells)), mode="wrap")


def _groups(mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Number of the sunspot group of each cell of 1°."""
    rows, columns = (side // GROUP_CELL for side in mask.shape)
    coarse = mask.reshape(rows, GROUP_CELL, columns, GROUP_CELL).max(axis=(1, 3))
    side = 2 * round(GROUP_DEG / (FINE.step_deg * GROUP_CELL)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.connectedComponents(cv2.dilate(coarse, kernel))[1], dtype=np.int32)


def _spot(
    field: Image, box: tuple[slice, slice], cell_msh: Degrees, groups: NDArray[np.int32]
) -> Spot:
    """Spot in a box of the wrapped field, which is zero outside the spot."""
    cells = np.broadcast_to(cell_msh, field.shape)[field > 0]
    strength = field[field > 0]
    area = float(cells.sum())
    is_pore = area < PORE_MSH
    level = EDGE_GAUSS if is_pore else float(np.quantile(strength, 1 - UMBRA_SHARE))
    rows, columns = np.nonzero(field)
    row, column = np.average(rows, weights=cells), np.average(columns, weights=cells)
    centre = _place(np.array([[row, column]]), box)
    edge = max(_contours(field, EDGE_GAUSS), key=len)
    return Spot(
        edge=_place(edge, box),
        umbrae=tuple(_place(line, box) for line in _contours(field, level)),
        longitude_deg=float(centre.longitude_deg[0]),
        latitude_deg=float(centre.latitude_deg[0]),
        area_msh=area,
        umbra_msh=area if is_pore else float(cells[strength > level].sum()),
        group=int(
            groups[
                (round(row) + box[0].start) // GROUP_CELL,
                (round(column) + box[1].start) // GROUP_CELL,
            ]
        ),
    )


def _contours(field: Image, level_gauss: float) -> list[Degrees]:
    found: list[Degrees] = find_contours(field, level_gauss)  # type: ignore[no-untyped-call]
    return found


def _place(line: Degrees, box: tuple[slice, slice]) -> Outline:
    """Points (row, column) of a box as an outline on the sphere."""
    row, column = line[:, 0] + box[0].start, line[:, 1] + box[1].start
    return Outline((column + 0.5) * FINE.step_deg - WRAP_DEG, (row + 0.5) * FINE.step_deg - 90.0)
