"""Plot of a tracked region: its flux curve above its cut-outs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from farside.plots._png import png
from farside.synchronic.map import SourceKind
from farside.tracking.track import FluxPoint, RotationMode, Track

LIMIT_GAUSS = 300.0
"""Grey scale of the cut-outs, filled by an active region's mean field over some degrees."""

COLOURS: dict[SourceKind, str] = {"base": "0.5", "observed": "#0b63a5", "generated": "#d95f02"}

_ROTATIONS: dict[RotationMode, str] = {"carrington": "Carrington", "differential": "differential"}

MAX_CUTS, CUTS_PER_ROW = 24, 8


def render(track: Track) -> bytes:
    """Render the flux curve and the strip of cut-outs as PNG.

    At most `MAX_CUTS` cut-outs, evenly chosen, are shown.
    """
    shown = _chosen(track.points)
    rows = math.ceil(len(shown) / CUTS_PER_ROW)
    columns = min(len(shown), CUTS_PER_ROW) if rows == 1 else CUTS_PER_ROW
    figure = Figure(figsize=(11, 4.2 + 1.75 * rows), layout="constrained")
    layout = figure.add_gridspec(2, 1, height_ratios=[3.4, 1.75 * rows])
    _draw_curve(figure.add_subplot(layout[0]), track)
    cells = layout[1].subgridspec(rows, max(columns, 5))
    for index, point in enumerate(shown):
        _draw_cut(figure.add_subplot(cells[divmod(index, CUTS_PER_ROW)]), point)
    return png(figure)


def _chosen(points: Sequence[FluxPoint]) -> list[FluxPoint]:
    count = min(len(points), MAX_CUTS)
    return [points[round(place)] for place in np.linspace(0, len(points) - 1, count)]


def _draw_curve(axes: Axes, track: Track) -> None:
    sources = {_source(point): point.image_source for point in track.points}
    markers = iter("sD^vP*X")
    for source, image_source in sorted(
        sources.items(), key=lambda item: item[1].kind, reverse=True
    ):
        marker = "o" if image_source.kind == "observed" else next(markers, "d")
        points = [point for point in track.points if _source(point) == source]
        _draw_points(axes, points, source, marker, COLOURS[image_source.kind])
    axes.axhline(0, color="0.6", lw=0.8)
    axes.set_ylabel("flux, 10²² Mx")
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(alpha=0.25)
    axes.legend(title="filled: unsigned, open: net", fontsize=8, title_fontsize=8)
    axes.set_title(_title(track), fontsize=10)


def _draw_points(
    axes: Axes, points: Sequence[FluxPoint], source: str, marker: str, colour: str
) -> None:
    times = [point.time.datetime for point in points]
    sigma = np.nan_to_num([point.sigma_mx for point in points]) / 1e22
    unsigned = np.array([point.unsigned_flux_mx for point in points]) / 1e22
    net = np.array([point.net_flux_mx for point in points]) / 1e22
    axes.errorbar(times, unsigned, sigma, fmt=marker, color=colour, capsize=2, label=source)
    axes.errorbar(times, net, sigma, fmt=marker, color=colour, capsize=2, mfc="white")


def _source(point: FluxPoint) -> str:
    image_source = point.image_source
    return " ".join(filter(None, (image_source.kind, image_source.instrument, image_source.model)))


def _draw_cut(axes: Axes, point: FluxPoint) -> None:
    image_source = point.image_source
    axes.imshow(
        point.cut.field_gauss, origin="lower", cmap="gray", vmin=-LIMIT_GAUSS, vmax=LIMIT_GAUSS
    )
    axes.set_facecolor("#c8d8e8")  # cells that are not visible
    axes.set_xticks([])
    axes.set_yticks([])
    colour = COLOURS[image_source.kind]
    for spine in axes.spines.values():
        spine.set(color=colour, linewidth=2)
    axes.set_title(
        f"{point.time.utc.isot[5:16].replace('T', ' ')}\n{image_source.instrument}"
        f" {point.meridian_deg:+.0f}°",
        fontsize=7,
        color=colour,
    )


def _title(track: Track) -> str:
    region, how = track.region, track.settings
    return (
        f"{region.name}, Carrington {region.longitude_deg:.1f}°, {region.latitude_deg:+.1f}°; "
        f"{how.size_deg:g}° square, {_ROTATIONS[how.rotation]} rotation, within "
        f"{how.within_deg:g}° of disk centre\ncut-outs ±{LIMIT_GAUSS:.0f} G radial, "
        f"in means over {how.cell_deg:g}°, with the longitude from central meridian"
    )
