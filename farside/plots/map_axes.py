"""Parts of every plot of a synchronic map: axes, observers, title and caption."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from farside.plots.caveat import training_caveat
from farside.plots.magnetogram import LIMIT_GAUSS
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.times import format_duration
from farside.synchronic.map import NO_INSTRUMENT, MapSource, SourceKind, SynchronicMap
from farside.synchronic.observers import observers

_OBSERVER = "#ffe119"
_LABEL_DEG = 26.0
"""Width of an observer's name on the map."""

_CAPTION_LETTERS = 140
"""Number of characters that fit in a line under the narrowest plot."""

BALANCED = 1e-3
"""Ratio of net to unsigned field up to which a map counts as balanced: the rounding of a file."""

_ORDER: tuple[SourceKind, ...] = ("observed", "generated", "base")

LATITUDES_DEG = (-90, -60, -30, 0, 30, 60, 90)


def draw_map_field(axes: Axes, sun_map: SynchronicMap) -> None:
    """Draw a map at ±100 G, with longitudes and latitudes."""
    image = axes.imshow(
        sun_map.field_gauss,
        origin="lower",
        cmap="gray",
        vmin=-LIMIT_GAUSS,
        vmax=LIMIT_GAUSS,
        extent=_extent(sun_map.grid),
        aspect="auto",
        interpolation="nearest",
    )
    figure = axes.figure
    figure.colorbar(image, ax=axes, label="radial field, G", pad=0.01, fraction=0.03, extend="both")
    axes.set_xlabel("Carrington longitude, deg")
    axes.set_xticks(range(0, 361, 30))
    scale = "equal steps of sine" if sun_map.grid.latitude == "sine" else "equal steps"
    axes.set_ylabel(f"latitude, deg ({scale})")
    axes.set_yticks([height(sun_map.grid, each) for each in LATITUDES_DEG], map(str, LATITUDES_DEG))


def _extent(grid: CarringtonGrid) -> tuple[float, float, float, float]:
    return 0.0, 360.0, height(grid, -90), height(grid, 90)


def height(grid: CarringtonGrid, latitude_deg: float) -> float:
    """Position of a latitude on the vertical axis."""
    return float(np.sin(np.radians(latitude_deg))) if grid.latitude == "sine" else latitude_deg


def wrap_longitude(
    grid: CarringtonGrid, values: NDArray[np.float64] | NDArray[np.bool_]
) -> tuple[Map, Map, Map]:
    """Coordinates and values of the cells, with a column repeated on each side for contours."""
    x = np.asarray((np.arange(-1, grid.columns + 1) + 0.5) * grid.step_deg)
    y = np.array([height(grid, float(each)) for each in grid.latitude_deg])
    return x, y, np.pad(np.asarray(values, np.float64), ((0, 0), (1, 1)), mode="wrap")


def mark_observers(axes: Axes, sun_map: SynchronicMap) -> None:
    """Mark the observers' central meridians, with their names above the map."""
    taken: list[float] = []
    for name, observer in observers(sun_map).items():
        longitude = observer.carrington_longitude_deg(sun_map.time)
        near = sum(abs(wrap_deg(other - longitude)) < _LABEL_DEG for other in taken)
        taken.append(longitude)
        axes.axvline(longitude, color=_OBSERVER, lw=1.0, ls=(0, (6, 4)))
        latitude = height(sun_map.grid, observer.latitude_deg)
        axes.plot(longitude, latitude, marker="o", ms=5, mfc=_OBSERVER, mec="k", mew=0.6)
        axes.annotate(
            name,
            (longitude, 1),
            (0, 3 + 12 * near),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            weight="bold",
        )
    axes.set_xlim(0, 360)
    axes.set_ylim(*_extent(sun_map.grid)[2:])


def legend(axes: Axes, entries: Iterable[Line2D | Patch]) -> None:
    """Draw a legend under the map, in one row."""
    handles = list(entries)
    axes.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.09),
        ncols=len(handles),
        frameon=False,
        fontsize=9,
    )


def add_title_and_caption(figure: Figure, sun_map: SynchronicMap, title: str) -> None:
    """Add a title with time and quality, and a caption with the sources of the map."""
    quality = ", ".join(sun_map.quality.names()).lower().replace("_", " ") or "good"
    figure.suptitle(f"{title}, {sun_map.time.utc.isot[:16]} UT\nquality: {quality}", fontsize=11)
    figure.supxlabel(_caption(sun_map), fontsize=8)


def sources_in_use(sun_map: SynchronicMap, kind: SourceKind) -> list[int]:
    """Indices of the sources of a kind that fill part of the map."""
    return [int(each) for each in np.unique(sun_map.source) if sun_map.sources[each].kind == kind]


def _caption(sun_map: SynchronicMap) -> str:
    parts = [
        _described(sun_map, sun_map.sources[i])
        for kind in _ORDER
        for i in sources_in_use(sun_map, kind)
    ]
    return _in_lines([*parts, _balance(sun_map), training_caveat(sun_map.quality)])


def _balance(sun_map: SynchronicMap) -> str:
    """Net field before balancing, and whether it was balanced or is negligible."""
    before, after = sun_map.balance.before_gauss, sun_map.balance.after_gauss
    unsigned = float((np.abs(sun_map.field_gauss) * sun_map.grid.area).sum())
    if abs(before) <= BALANCED * unsigned:
        return f"net field {before:+.2f} G: balanced"
    done = "balanced" if abs(after) < abs(before) else "not balanced"
    return f"net field {before:+.2f} G, {done}"


def _in_lines(parts: Iterable[str]) -> str:
    """Break the parts of a caption into lines that fit under the map."""
    lines = [""]
    for part in filter(None, parts):
        if lines[-1] and len(lines[-1]) + len(part) > _CAPTION_LETTERS:
            lines.append("")
        lines[-1] += f"   {part}" if lines[-1] else part
    return "\n".join(lines)


def _described(sun_map: SynchronicMap, source: MapSource) -> str:
    """Age of a source at the time of the map and, if generated, its model and overlap score."""
    if source.instrument == NO_INSTRUMENT:
        return ""
    hours = float((sun_map.time - source.time).to_value("hour"))
    text = f"{source.instrument}: {format_duration(hours)} before"
    if source.generator:
        text += f", {source.generator.model} {source.generator.version}"
    if source.overlap:
        text += f", CC {source.overlap.correlation:.2f} where Earth sees it too"
    return text
