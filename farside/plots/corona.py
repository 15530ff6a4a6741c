"""Plots of the corona over a synchronic map: open field, neutral line and field lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from astropy.time import Time
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from farside.plots._png import png
from farside.plots.magnetogram import LIMIT_GAUSS
from farside.plots.map_axes import (
    add_title_and_caption,
    draw_map_field,
    legend,
    mark_observers,
    wrap_longitude,
)
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.observer import Observer, earth
from farside.synchronic.map import SynchronicMap

if TYPE_CHECKING:
    from farside.corona import Corona

OUTWARD, INWARD, NEUTRAL = "#d62728", "#1f77ff", "#ffd92f"
"""Colours of outward and inward open field, and of the neutral line."""

FieldLine = NDArray[np.float64]
"""Points (n, 3) of a field line in solar radii: x towards Carrington longitude 0, z north."""


@dataclass(frozen=True, eq=False)
class CoronalOverlay:
    """Result of a coronal model that is plotted over a map.

    Attributes
    ----------
    open_polarity
        1 where the field is open and outward, -1 where open and inward, 0 where closed; (row,
        column) on `grid`.
    source_surface
        B_r at the source surface, (row, column) on `grid`, whose neutral line is drawn.
    grid
        Grid of both.
    field_lines
        Field lines that are drawn in projection; none by default.
    model
        Name of the model, as in ``"PFSS, source surface at 2.5 solar radii"``.
    """

    open_polarity: NDArray[np.int8]
    source_surface: Map
    grid: CarringtonGrid
    field_lines: Sequence[FieldLine] = ()
    model: str = "PFSS"


def corona_overlay(found: Corona) -> CoronalOverlay:
    """Overlay of a corona for the plot of its map."""
    from farside.corona.field_lines import field_lines  # needs the extra `corona`

    potential = found.potential
    rows, columns = potential.grid.shape
    surface = potential.shell.radial_gauss(potential.source_surface, rows, columns)
    return CoronalOverlay(
        open_polarity=found.opened.polarity,
        source_surface=surface,
        grid=potential.grid,
        field_lines=field_lines(potential),
        model=f"PFSS, source surface at {potential.source_surface:g} solar radii",
    )


def draw_corona(sun_map: SynchronicMap, corona: CoronalOverlay) -> bytes:
    """Render the plot of :func:`corona_figure` as PNG."""
    return png(corona_figure(sun_map, corona))


def corona_figure(sun_map: SynchronicMap, corona: CoronalOverlay) -> Figure:
    """Plot open field and neutral line over the map, and field lines as seen from Earth."""
    lines = bool(corona.field_lines)
    figure = Figure(figsize=(15.6 if lines else 11, 6.6), layout="constrained")
    layout = figure.add_gridspec(1, 2 if lines else 1, width_ratios=[2.4, 1] if lines else None)
    axes = figure.add_subplot(layout[0])
    draw_map_field(axes, sun_map)
    _draw_open_field(axes, corona)
    mark_observers(axes, sun_map)
    legend(axes, _coronal_entries())
    if lines:
        _draw_lines(figure.add_subplot(layout[1]), sun_map, corona)
    add_title_and_caption(
        figure, sun_map, f"Open field by {corona.model} over the photospheric radial field"
    )
    return figure


def _draw_open_field(axes: Axes, corona: CoronalOverlay) -> None:
    for sign, colour in ((1, OUTWARD), (-1, INWARD)):
        region = wrap_longitude(corona.grid, corona.open_polarity == sign)
        axes.contourf(*region, levels=[0.5, 1.5], colors=colour, alpha=0.4)
        axes.contour(*region, levels=[0.5], colors=colour, linewidths=1.2)
    surface = wrap_longitude(corona.grid, corona.source_surface)
    axes.contour(*surface, levels=[0.0], colors="k", linewidths=3.2)
    axes.contour(*surface, levels=[0.0], colors=NEUTRAL, linewidths=1.8)


def _coronal_entries() -> Iterator[Line2D | Patch]:
    yield Patch(fc=OUTWARD, alpha=0.6, label="open field, away from the Sun")
    yield Patch(fc=INWARD, alpha=0.6, label="open field, towards the Sun")
    outlined = [withStroke(linewidth=3.2, foreground="k")]
    yield Line2D(
        [], [], color=NEUTRAL, lw=1.8, path_effects=outlined, label="source-surface neutral line"
    )


def _draw_lines(axes: Axes, sun_map: SynchronicMap, corona: CoronalOverlay) -> None:
    """Draw the Sun and field lines as seen from Earth, in orthographic projection."""
    viewer = earth(sun_map.time)
    axes.imshow(
        _hemisphere(sun_map, viewer),
        origin="lower",
        cmap="gray",
        vmin=-LIMIT_GAUSS,
        vmax=LIMIT_GAUSS,
        extent=(-1, 1, -1, 1),
    )
    towards = _axes_of(viewer, sun_map.time)
    outermost = max(float(np.linalg.norm(line, axis=1).max()) for line in corona.field_lines)
    for line in corona.field_lines:
        west, north, near = towards @ line.T
        hidden = (near < 0) & (np.hypot(west, north) < 1)
        axes.plot(
            np.where(hidden, np.nan, west),
            np.where(hidden, np.nan, north),
            color=_line_colour(line, corona, outermost),
            lw=0.7,
        )
    axes.set(xlim=(-2.6, 2.6), ylim=(-2.6, 2.6), aspect="equal")
    axes.set_axis_off()
    axes.set_title("field lines as seen from Earth (closed: black)", fontsize=9)


def _line_colour(line: FieldLine, corona: CoronalOverlay, outermost: float) -> str:
    """Colour of an open line by the polarity at its outer end; black for a closed line."""
    radius = np.linalg.norm(line, axis=1)
    if max(radius[0], radius[-1]) < 0.98 * outermost:
        return "k"
    end = line[int(np.argmax(radius))]
    return OUTWARD if _at(corona.source_surface, corona.grid, *_place(end)) > 0 else INWARD


def _hemisphere(sun_map: SynchronicMap, viewer: Observer) -> Map:
    """Radial field of the hemisphere that faces a distant observer, (y, x), NaN off the disk."""
    side = (np.arange(400) + 0.5) / 200 - 1
    west, north = np.meshgrid(side, side)
    near = np.sqrt(np.maximum(1 - west**2 - north**2, 0))
    places = np.stack([west, north, near], axis=-1) @ _axes_of(viewer, sun_map.time)
    field = _at(sun_map.field_gauss, sun_map.grid, *_place(places))
    return np.where(near > 0, field, np.nan)


def _place(points: NDArray[np.float64]) -> tuple[Map, Map]:
    """Carrington longitude and sine of the latitude of points (…, 3)."""
    x, y, z = np.moveaxis(points, -1, 0)
    return np.degrees(np.arctan2(y, x)), z / np.linalg.norm(points, axis=-1)


def _at(values: Map, grid: CarringtonGrid, longitude_deg: Map, sine: Map) -> Map:
    """Values of the cells at given longitudes and sine latitudes."""
    column = np.floor(longitude_deg / grid.step_deg).astype(np.int64) % grid.columns
    row = np.clip(np.searchsorted(grid.sine_edges, sine, side="right") - 1, 0, grid.rows - 1)
    return np.asarray(values[row, column])


def _axes_of(viewer: Observer, time: Time) -> NDArray[np.float64]:
    """Unit vectors towards west, north and the viewer, (3, 3), in the axes of `FieldLine`."""
    longitude = np.radians(viewer.carrington_longitude_deg(time))
    latitude = np.radians(viewer.latitude_deg)
    cos, sin = np.cos(longitude), np.sin(longitude)
    west = [-sin, cos, 0.0]
    north = [-np.sin(latitude) * cos, -np.sin(latitude) * sin, np.cos(latitude)]
    near = [np.cos(latitude) * cos, np.cos(latitude) * sin, np.sin(latitude)]
    return np.array([west, north, near])
