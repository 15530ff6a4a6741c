"""Plot of a tracked region: its flux curve above its cut-outs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import or_

import numpy as np
from astropy.table import Table
from astropy.time import Time
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from farside.plots._png import png
from farside.plots.caveat import training_caveat
from farside.quality import Quality
from farside.tracking.files import flux_curve
from farside.tracking.track import FluxPoint, RotationMode, Track

LIMIT_GAUSS = 300.0
"""Grey scale of the cut-outs, filled by an active region's mean field over some degrees."""

COLOURS: dict[str, str] = {"base": "0.5", "observed": "#0b63a5", "generated": "#d95f02"}

_ROTATIONS: dict[RotationMode, str] = {"carrington": "Carrington", "differential": "differential"}

MAX_CUTS, CUTS_PER_ROW = 24, 8


def render(track: Track) -> bytes:
    """Render the plot of :func:`track_figure` as PNG."""
    return png(track_figure(track))


def track_figure(track: Track) -> Figure:
    """Plot the flux curve above a strip of at most `MAX_CUTS` cut-outs, evenly chosen."""
    shown = _chosen(track.points)
    rows = math.ceil(len(shown) / CUTS_PER_ROW)
    columns = min(len(shown), CUTS_PER_ROW) if rows == 1 else CUTS_PER_ROW
    figure = Figure(figsize=(11, 4.2 + 1.75 * rows), layout="constrained")
    layout = figure.add_gridspec(2, 1, height_ratios=[3.4, 1.75 * rows])
    _draw_curve(figure.add_subplot(layout[0]), flux_curve(track), _title(track))
    cells = layout[1].subgridspec(rows, max(columns, 5))
    for index, point in enumerate(shown):
        _draw_cut(figure.add_subplot(cells[divmod(index, CUTS_PER_ROW)]), point)
    figure.supxlabel(_caveat(flux_curve(track)), fontsize=8)
    return figure


def _chosen(points: Sequence[FluxPoint]) -> list[FluxPoint]:
    count = min(len(points), MAX_CUTS)
    return [points[round(place)] for place in np.linspace(0, len(points) - 1, count)]


def draw_flux_curve(curve: Table) -> bytes:
    """Render a flux curve, as its file has it, as PNG."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    _draw_curve(figure.subplots(), curve, "Flux of a tracked region")
    figure.supxlabel(_caveat(curve), fontsize=8)
    return png(figure)


def _caveat(curve: Table) -> str:
    return training_caveat(reduce(or_, (Quality(int(each)) for each in curve["quality"])))


def _draw_curve(axes: Axes, curve: Table, title: str) -> None:
    # In a FITS file the texts are bytes.
    texts = ("source", "instrument", "model", "time")
    *parts, times = (np.asarray(curve[name], str) for name in texts)
    labels = np.array([" ".join(filter(None, each)) for each in zip(*parts, strict=True)])
    markers, kinds = iter("sD^vP*X"), dict(zip(labels, parts[0], strict=True))
    for label, kind in sorted(kinds.items(), key=lambda item: str(item[1]), reverse=True):
        marker = "o" if kind == "observed" else next(markers, "d")
        _draw_points(axes, curve[labels == label], times[labels == label], label, marker, kind)
    axes.axhline(0, color="0.6", lw=0.8)
    axes.set_ylabel("flux, 10²² Mx")
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(alpha=0.25)
    axes.legend(title="filled: unsigned, open: net", fontsize=8, title_fontsize=8)
    axes.set_title(title, fontsize=10)


def _draw_points(
    axes: Axes, points: Table, times: NDArray[np.str_], label: str, marker: str, kind: str
) -> None:
    when, colour = Time(times).to_datetime(), COLOURS[kind]
    unsigned, net, sigma = (
        np.asarray(points[name], np.float64) / 1e22
        for name in ("unsigned_flux_mx", "net_flux_mx", "sigma_mx")
    )
    sigma = np.nan_to_num(sigma)
    axes.errorbar(when, unsigned, sigma, fmt=marker, color=colour, capsize=2, label=label)
    axes.errorbar(when, net, sigma, fmt=marker, color=colour, capsize=2, mfc="white")


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
