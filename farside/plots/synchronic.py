"""Plot of a synchronic map for forecasters."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from farside.plots._png import png
from farside.plots.map_axes import draw_field, frame, legend, mark_observers, used, wrapped
from farside.synchronic.map import Kind, SynchronicMap

COLOURS: dict[Kind, str] = {"base": "#8f8f8f", "observed": "#1f77ff", "generated": "#ff7f0e"}

_CODES: dict[Kind, int] = {"base": 0, "observed": 1, "generated": 2}
"""Codes of :meth:`~farside.synchronic.map.SynchronicMap.provenance`."""

_WIDTHS: dict[Kind, float] = {"observed": 3.0, "generated": 1.4}
"""Widths of the outlines, points."""

_HATCH = "//"


def draw(made: SynchronicMap) -> bytes:
    """Render the plot of :func:`map_figure` as PNG."""
    return png(map_figure(made))


def map_figure(made: SynchronicMap) -> Figure:
    """Plot a map at ±100 G with the kind of each part, the observers and the quality."""
    figure = Figure(figsize=(11, 6.6), layout="constrained")
    draw_sources(figure.subplots(), made)
    frame(figure, made, "Photospheric radial field")
    return figure


def draw_sources(axes: Axes, made: SynchronicMap) -> None:
    """The map at ±100 G, outlines of what each part is, and who looks at it."""
    draw_field(axes, made)
    _outline(axes, made)
    mark_observers(axes, made)
    legend(axes, _kinds(made))


def _outline(axes: Axes, made: SynchronicMap) -> None:
    """Hatch the base map, and outline the parts that the disks show."""
    provenance = made.provenance()
    base = wrapped(made.grid, provenance == _CODES["base"])
    with rc_context({"hatch.linewidth": 0.4}):
        axes.contourf(*base, levels=[0.5, 1.5], hatches=[_HATCH], colors="none")
    # Of different widths, so that both can be seen where they meet.
    for kind, width in _WIDTHS.items():
        mask = wrapped(made.grid, provenance == _CODES[kind])
        axes.contour(*mask, levels=[0.5], colors=COLOURS[kind], linewidths=width)


def _kinds(made: SynchronicMap) -> Iterator[Line2D | Patch]:
    """Yield legend entries: the sources of each kind, and the area that they fill."""
    for kind in _WIDTHS:
        label = _kind_label(made, kind)
        if label:
            yield Line2D([], [], color=COLOURS[kind], lw=_WIDTHS[kind], label=label)
    label = _kind_label(made, "base")
    if label:
        yield Patch(fc="0.75", ec="k", hatch=_HATCH, lw=0, label=label)


def _kind_label(made: SynchronicMap, kind: Kind) -> str:
    if not made.share(kind):
        return ""
    names = {made.sources[index].instrument: None for index in used(made, kind)}
    return f"{kind} {made.share(kind):.0%}: {', '.join(names)}"
