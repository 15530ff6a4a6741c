"""Plot of a synchronic map for forecasters."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from farside.plots._png import png
from farside.plots.map_axes import (
    add_title_and_caption,
    draw_map_field,
    legend,
    mark_observers,
    sources_in_use,
    wrap_longitude,
)
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
    return f"{kind} {sun_map.share(kind):.0%}: {', '.join(names)}"
