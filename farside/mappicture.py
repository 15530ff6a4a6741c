"""Pictures of synchronic maps as a forecaster reads them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from astropy.time import Time
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from farside.carrington import CarringtonGrid, Map
from farside.observer import Observer, earth
from farside.quicklook import LIMIT_GAUSS
from farside.synchronicmap import Kind, MapSource, SynchronicMap

COLOURS: dict[Kind, str] = {"base": "#8f8f8f", "observed": "#1f77ff", "generated": "#ff7f0e"}
OUTWARD, INWARD, NEUTRAL = "#d62728", "#1f77ff", "#ffd92f"
"""Of open field away from the Sun and towards it, and of the neutral line."""

_OBSERVER = "#ffe119"
_LABEL_DEG = 26.0
"""Width of an observer's name on the map."""

_ORDER: tuple[Kind, ...] = ("observed", "generated", "base")
_CODES: dict[Kind, int] = {"base": 0, "observed": 1, "generated": 2}
"""As :meth:`~farside.synchronicmap.SynchronicMap.provenance` numbers them."""

_WIDTHS: dict[Kind, float] = {"observed": 3.0, "generated": 1.4}
"""Of the outlines, points."""

_HATCH = "//"

LATITUDES_DEG = (-90, -60, -30, 0, 30, 60, 90)

FieldLine = NDArray[np.float64]
"""Points (n, 3) of a field line in solar radii: x towards Carrington longitude 0, z north."""


@dataclass(frozen=True, eq=False)
class CoronalOverlay:
    """What a coronal model says of a map, as plain arrays.

    Attributes
    ----------
    open_polarity
        1 where the field is open and outward, -1 where open and inward, 0 where closed; (row,
        column) on `grid`.
    source_surface
        B_r at the source surface, (row, column) on `grid`: its neutral line is drawn.
    grid
        Of both.
    field_lines
        To be drawn in projection; none by default.
    model
        As in ``"PFSS, source surface at 2.5 solar radii"``.
    """

    open_polarity: NDArray[np.int8]
    source_surface: Map
    grid: CarringtonGrid
    field_lines: Sequence[FieldLine] = ()
    model: str = "PFSS"


def draw(made: SynchronicMap) -> bytes:
    """The figure of :func:`map_figure` as a PNG."""
    return _png(map_figure(made))


def draw_corona(made: SynchronicMap, corona: CoronalOverlay) -> bytes:
    """The figure of :func:`corona_figure` as a PNG."""
    return _png(corona_figure(made, corona))


def map_figure(made: SynchronicMap) -> Figure:
    """The map at ±100 G: what each part is, who looks at it, and how far to trust it."""
    figure = Figure(figsize=(11, 6.6), layout="constrained")
    axes = figure.subplots()
    _draw_field(axes, made)
    _outline(axes, made)
    _mark_observers(axes, made)
    _legend(axes, _kinds(made))
    _frame(figure, made, "Photospheric radial field")
    return figure


def corona_figure(made: SynchronicMap, corona: CoronalOverlay) -> Figure:
    """Open field and the neutral line over the map, and field lines as Earth sees them."""
    lines = bool(corona.field_lines)
    figure = Figure(figsize=(15.6 if lines else 11, 6.6), layout="constrained")
    layout = figure.add_gridspec(1, 2 if lines else 1, width_ratios=[2.4, 1] if lines else None)
    axes = figure.add_subplot(layout[0])
    _draw_field(axes, made)
    _draw_open_field(axes, corona)
    _mark_observers(axes, made)
    _legend(axes, _coronal_entries())
    if lines:
        _draw_lines(figure.add_subplot(layout[1]), made, corona)
    _frame(figure, made, f"Open field by {corona.model} over the photospheric radial field")
    return figure


def _draw_field(axes: Axes, made: SynchronicMap) -> None:
    image = axes.imshow(
        made.field_gauss,
        origin="lower",
        cmap="gray",
        vmin=-LIMIT_GAUSS,
        vmax=LIMIT_GAUSS,
        extent=_extent(made.grid),
        aspect="auto",
        interpolation="nearest",
    )
    figure = axes.figure
    figure.colorbar(image, ax=axes, label="radial field, G", pad=0.01, fraction=0.03, extend="both")
    axes.set_xlabel("Carrington longitude, deg")
    axes.set_xticks(range(0, 361, 30))
    scale = "equal steps of sine" if made.grid.latitude == "sine" else "equal steps"
    axes.set_ylabel(f"latitude, deg ({scale})")
    axes.set_yticks([_height(made.grid, each) for each in LATITUDES_DEG], map(str, LATITUDES_DEG))


def _extent(grid: CarringtonGrid) -> tuple[float, float, float, float]:
    return 0.0, 360.0, _height(grid, -90), _height(grid, 90)


def _height(grid: CarringtonGrid, latitude_deg: float) -> float:
    """Where a latitude lies on the vertical axis."""
    return float(np.sin(np.radians(latitude_deg))) if grid.latitude == "sine" else latitude_deg


def _outline(axes: Axes, made: SynchronicMap) -> None:
    """Hatch the base map, and draw a line round what the disks show."""
    provenance = made.provenance()
    base = _wrapped(made.grid, provenance == _CODES["base"])
    with rc_context({"hatch.linewidth": 0.4}):
        axes.contourf(*base, levels=[0.5, 1.5], hatches=[_HATCH], colors="none")
    # Where the two meet, both lines are to be seen.
    for kind, width in _WIDTHS.items():
        mask = _wrapped(made.grid, provenance == _CODES[kind])
        axes.contour(*mask, levels=[0.5], colors=COLOURS[kind], linewidths=width)


def _wrapped(
    grid: CarringtonGrid, values: NDArray[np.float64] | NDArray[np.bool_]
) -> tuple[Map, Map, Map]:
    """Places and values of the cells, with one more column on each side: the map has no seam."""
    x = np.asarray((np.arange(-1, grid.columns + 1) + 0.5) * grid.step_deg)
    y = np.array([_height(grid, float(each)) for each in grid.latitude_deg])
    return x, y, np.pad(np.asarray(values, np.float64), ((0, 0), (1, 1)), mode="wrap")


def _mark_observers(axes: Axes, made: SynchronicMap) -> None:
    """Central meridians, named above the map; two that would meet stand one over the other."""
    taken: list[float] = []
    for name, observer in observers(made).items():
        longitude = observer.carrington_longitude_deg(made.time)
        near = sum(abs((other - longitude + 180) % 360 - 180) < _LABEL_DEG for other in taken)
        taken.append(longitude)
        axes.axvline(longitude, color=_OBSERVER, lw=1.0, ls=(0, (6, 4)))
        latitude = _height(made.grid, observer.latitude_deg)
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
    axes.set_ylim(*_extent(made.grid)[2:])


def observers(made: SynchronicMap) -> dict[str, Observer]:
    """Earth, and the STEREO spacecraft among the sources of a map, by name."""
    found = {"Earth": earth(made.time)}
    for source in made.sources:
        for side in "AB":
            if source.observer and f"STEREO_{side}" in source.instrument:
                found[f"STEREO-{side}"] = source.observer
    return found


def _kinds(made: SynchronicMap) -> Iterator[Line2D | Patch]:
    """What the outlines mean: the sources of each kind, and the area that they fill."""
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
    used = {made.sources[index].instrument: None for index in _used(made, kind)}
    return f"{kind} {made.share(kind):.0%}: {', '.join(used)}"


def _used(made: SynchronicMap, kind: Kind) -> list[int]:
    return [int(each) for each in np.unique(made.source) if made.sources[each].kind == kind]


def _legend(axes: Axes, entries: Iterable[Line2D | Patch]) -> None:
    handles = list(entries)
    axes.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.09),
        ncols=len(handles),
        frameon=False,
        fontsize=9,
    )


def _draw_open_field(axes: Axes, corona: CoronalOverlay) -> None:
    for sign, colour in ((1, OUTWARD), (-1, INWARD)):
        region = _wrapped(corona.grid, corona.open_polarity == sign)
        axes.contourf(*region, levels=[0.5, 1.5], colors=colour, alpha=0.4)
        axes.contour(*region, levels=[0.5], colors=colour, linewidths=1.2)
    surface = _wrapped(corona.grid, corona.source_surface)
    axes.contour(*surface, levels=[0.0], colors="k", linewidths=3.2)
    axes.contour(*surface, levels=[0.0], colors=NEUTRAL, linewidths=1.8)


def _coronal_entries() -> Iterator[Line2D | Patch]:
    yield Patch(fc=OUTWARD, alpha=0.6, label="open field, away from the Sun")
    yield Patch(fc=INWARD, alpha=0.6, label="open field, towards the Sun")
    outlined = [withStroke(linewidth=3.2, foreground="k")]
    yield Line2D(
        [], [], color=NEUTRAL, lw=1.8, path_effects=outlined, label="source-surface neutral line"
    )


def _draw_lines(axes: Axes, made: SynchronicMap, corona: CoronalOverlay) -> None:
    """The Sun and field lines as they look from Earth, without perspective."""
    viewer = earth(made.time)
    axes.imshow(
        _hemisphere(made, viewer),
        origin="lower",
        cmap="gray",
        vmin=-LIMIT_GAUSS,
        vmax=LIMIT_GAUSS,
        extent=(-1, 1, -1, 1),
    )
    towards = _axes_of(viewer, made.time)
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
    """Of an open line by the field where it leaves; black where both feet stand on the Sun."""
    radius = np.linalg.norm(line, axis=1)
    if max(radius[0], radius[-1]) < 0.98 * outermost:
        return "k"
    end = line[int(np.argmax(radius))]
    return OUTWARD if _at(corona.source_surface, corona.grid, *_place(end)) > 0 else INWARD


def _hemisphere(made: SynchronicMap, viewer: Observer) -> Map:
    """The field that faces a distant observer, (y, x), NaN off the disk."""
    side = (np.arange(400) + 0.5) / 200 - 1
    west, north = np.meshgrid(side, side)
    near = np.sqrt(np.maximum(1 - west**2 - north**2, 0))
    places = np.stack([west, north, near], axis=-1) @ _axes_of(viewer, made.time)
    field = _at(made.field_gauss, made.grid, *_place(places))
    return np.where(near > 0, field, np.nan)


def _place(points: NDArray[np.float64]) -> tuple[Map, Map]:
    """Carrington longitude and sine of the latitude of points (…, 3)."""
    x, y, z = np.moveaxis(points, -1, 0)
    return np.degrees(np.arctan2(y, x)), z / np.linalg.norm(points, axis=-1)


def _at(values: Map, grid: CarringtonGrid, longitude_deg: Map, sine: Map) -> Map:
    """The values of the cells at some places."""
    column = np.floor(longitude_deg / grid.step_deg).astype(np.int64) % grid.columns
    row = np.clip(np.searchsorted(grid.sine_edges, sine, side="right") - 1, 0, grid.rows - 1)
    return np.asarray(values[row, column])


def _axes_of(viewer: Observer, time: Time) -> NDArray[np.float64]:
    """Unit vectors towards west, north and the viewer, (3, 3), in the frame of `FieldLine`."""
    longitude = np.radians(viewer.carrington_longitude_deg(time))
    latitude = np.radians(viewer.latitude_deg)
    cos, sin = np.cos(longitude), np.sin(longitude)
    west = [-sin, cos, 0.0]
    north = [-np.sin(latitude) * cos, -np.sin(latitude) * sin, np.cos(latitude)]
    near = [np.cos(latitude) * cos, np.cos(latitude) * sin, np.sin(latitude)]
    return np.array([west, north, near])


def _frame(figure: Figure, made: SynchronicMap, title: str) -> None:
    quality = ", ".join(made.quality.names()).lower().replace("_", " ") or "good"
    figure.suptitle(f"{title}, {made.time.utc.isot[:16]} UT\nquality: {quality}", fontsize=11)
    figure.supxlabel(_caption(made), fontsize=8)


def _caption(made: SynchronicMap) -> str:
    parts = [_described(made, made.sources[i]) for kind in _ORDER for i in _used(made, kind)]
    balance = f"net field {made.balance.before_gauss:+.2f} G, balanced"
    return "   ".join([*filter(None, parts), balance])


def _described(made: SynchronicMap, source: MapSource) -> str:
    """When an image was taken, relative to the map, and how a generated one scores."""
    if source.instrument == "NONE":
        return ""
    hours = float((made.time - source.time).to_value("hour"))
    age = f"{hours:.1f} h" if abs(hours) < 48 else f"{hours / 24:.1f} d"
    text = f"{source.instrument}: {age} before"
    if source.generator:
        text += f", {source.generator.model} {source.generator.version}"
    if source.overlap:
        text += f", CC {source.overlap.correlation:.2f} where Earth sees it too"
    return text


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()
