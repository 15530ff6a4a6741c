"""Plots of a synchronic map: the map for forecasters, and its planes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from farside.plots._png import png
from farside.plots.caveat import training_caveat
from farside.plots.magnetogram import LIMIT_GAUSS
from farside.plots.map_axes import (
    add_title_and_caption,
    draw_map_field,
    legend,
    mark_observers,
    sources_in_use,
    wrap_longitude,
)
from farside.sun.carrington_grid import Map
from farside.synchronic.map import SourceKind, SynchronicMap

COLOURS: dict[SourceKind, str] = {"base": "#8f8f8f", "observed": "#1f77ff", "generated": "#ff7f0e"}

_CODES: dict[SourceKind, int] = {"base": 0, "observed": 1, "generated": 2}
"""Codes of :meth:`~farside.synchronic.map.SynchronicMap.provenance`."""

_WIDTHS: dict[SourceKind, float] = {"observed": 3.0, "generated": 1.4}
"""Widths of the outlines, points."""

_HATCH = "//"


def draw_map(sun_map: SynchronicMap) -> bytes:
    """Render the plot of :func:`map_figure` as PNG."""
    return png(map_figure(sun_map))


def map_figure(sun_map: SynchronicMap) -> Figure:
    """Plot a map at ±100 G with the kind of each part, the observers and the quality."""
    figure = Figure(figsize=(11, 6.6), layout="constrained")
    draw_sources(figure.subplots(), sun_map)
    add_title_and_caption(figure, sun_map, "Photospheric radial field")
    return figure


def draw_sources(axes: Axes, sun_map: SynchronicMap) -> None:
    """The map at ±100 G, outlines of what each part is, and who looks at it."""
    draw_map_field(axes, sun_map)
    _outline(axes, sun_map)
    mark_observers(axes, sun_map)
    legend(axes, _kinds(sun_map))


def _outline(axes: Axes, sun_map: SynchronicMap) -> None:
    """Hatch the base map, and outline the parts that the disks show."""
    provenance = sun_map.provenance()
    base = wrap_longitude(sun_map.grid, provenance == _CODES["base"])
    with rc_context({"hatch.linewidth": 0.4}):
        axes.contourf(*base, levels=[0.5, 1.5], hatches=[_HATCH], colors="none")
    # Of different widths, so that both can be seen where they meet.
    for kind, width in _WIDTHS.items():
        mask = wrap_longitude(sun_map.grid, provenance == _CODES[kind])
        axes.contour(*mask, levels=[0.5], colors=COLOURS[kind], linewidths=width)


def _kinds(sun_map: SynchronicMap) -> Iterator[Line2D | Patch]:
    """Yield legend entries: the sources of each kind, and the area that they fill."""
    for kind in _WIDTHS:
        label = _kind_label(sun_map, kind)
        if label:
            yield Line2D([], [], color=COLOURS[kind], lw=_WIDTHS[kind], label=label)
    label = _kind_label(sun_map, "base")
    if label:
        yield Patch(fc="0.75", ec="k", hatch=_HATCH, lw=0, label=label)


def _kind_label(sun_map: SynchronicMap, kind: SourceKind) -> str:
    if not sun_map.share(kind):
        return ""
    names = {sun_map.sources[index].instrument: None for index in sources_in_use(sun_map, kind)}
    area = f"{sun_map.share(kind):.0%}"
    if kind == "generated":
        area += f" (contributes {float((sun_map.generated_share() * sun_map.grid.area).sum()):.0%})"
    return f"{kind} {area}: {', '.join(names)}"


def draw_map_planes(sun_map: SynchronicMap) -> bytes:
    """Render the planes of a synchronic map as PNG: field, source, generated share, age and σ."""
    figure = Figure(figsize=(16, 6), layout="constrained")
    panels = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
    field, source, share, age, sigma, empty = panels
    empty.set_axis_off()
    _draw_plane(field, sun_map.field_gauss, "radial field, G", "gray", (-LIMIT_GAUSS, LIMIT_GAUSS))
    _draw_source_index(source, sun_map)
    _draw_plane(share, sun_map.generated_share(), "share of generated disks", "viridis", (0, 1))
    oldest = max(float(sun_map.age_days.max()), 1.0)
    _draw_plane(age, sun_map.age_days, "age, days", "viridis", (0, oldest))
    _draw_plane(sigma, sun_map.sigma_gauss, "σ, G", "magma", (0, LIMIT_GAUSS))
    quality = ", ".join(sun_map.quality.names()) or "good"
    figure.suptitle(f"{sun_map.time.isot[:19]} UT   quality: {quality}", fontsize=10)
    figure.supxlabel(training_caveat(sun_map.quality), fontsize=8)
    return png(figure)


def _draw_plane(
    axes: Axes,
    plane: Map | NDArray[np.uint8],
    title: str,
    colours: str,
    limits: tuple[float, float],
) -> Colorbar:
    """Draw a plane of a map over Carrington longitude, south at the bottom."""
    least, greatest = limits
    rows = plane.shape[0]
    image = axes.imshow(
        plane,
        origin="lower",
        cmap=colours,
        vmin=least,
        vmax=greatest,
        extent=(0, 360, 0, rows),
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_title(title, fontsize=9)
    axes.set_xticks(range(0, 361, 60))
    axes.set_yticks([0, rows / 2, rows], ["south", "equator", "north"], fontsize=8)
    return axes.figure.colorbar(image, ax=axes, pad=0.01)


def _draw_source_index(axes: Axes, sun_map: SynchronicMap) -> None:
    count = len(sun_map.sources)
    bar = _draw_plane(axes, sun_map.source, "source", "tab10", (-0.5, 9.5))
    names = [f"{each.kind} {each.instrument}" for each in sun_map.sources]
    bar.ax.set_ylim(-0.5, count - 0.5)
    bar.set_ticks(range(count), labels=names, fontsize=7)
