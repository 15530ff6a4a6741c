"""Plot of far-side regions by helioseismology and by the magnetic field."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from farside.plots._png import png
from farside.plots.caveat import training_caveat
from farside.plots.magnetogram import LIMIT_GAUSS
from farside.quality import Quality
from farside.seismology.compare import Comparison
from farside.seismology.regions import GRID, FarSideRegion
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import Map
from farside.sun.carrington_rotation import central_longitude_deg

HIT, MISS, FALSE_ALARM = "#2ca02c", "#d62728", "#ff7f0e"

_PHASE_LIMIT_RAD = 0.15


def draw_seismic(
    compared: Comparison,
    field_gauss: Map | None = None,
    phase_rad: Map | None = None,
    quality: Quality = Quality.GOOD,
) -> bytes:
    """Render the plot of :func:`seismic_figure` as PNG."""
    return png(seismic_figure(compared, field_gauss, phase_rad, quality))


def seismic_figure(
    compared: Comparison,
    field_gauss: Map | None = None,
    phase_rad: Map | None = None,
    quality: Quality = Quality.GOOD,
) -> Figure:
    """Plot the regions of both sources over the field or the phase, the far side in the middle.

    Parameters
    ----------
    compared
        Comparison at one time.
    field_gauss, phase_rad
        Radial field at ±100 G and phase at ±0.15 rad, on the grid of the regions, NaN where there
        is none; each that is given has a panel.
    quality
        Quality of the magnetic product.
    """
    planes = [
        (plane, title, limit)
        for plane, title, limit in (
            (phase_rad, "phase, rad (negative: dark)", _PHASE_LIMIT_RAD),
            (field_gauss, "radial field, G", LIMIT_GAUSS),
        )
        if plane is not None
    ] or [(np.full(GRID.shape, np.nan), "", 1.0)]
    figure = Figure(figsize=(11, 1.4 + 4.2 * len(planes)), layout="constrained")
    for axes, (plane, title, limit) in zip(
        figure.subplots(len(planes), 1, squeeze=False)[:, 0], planes, strict=True
    ):
        _draw_plane(axes, compared, plane, title, limit)
        _mark_regions(axes, compared)
    figure.legend(handles=_entries(compared), loc="outside lower center", ncols=5, fontsize=9)
    title = (
        f"Far side, {compared.reference.time.utc.isot[:16]} UT: "
        f"{compared.found.source} beside {compared.reference.source}"
    )
    figure.suptitle("\n".join(filter(None, (title, training_caveat(quality)))), fontsize=11)
    return figure


def _draw_plane(axes: Axes, compared: Comparison, plane: Map, title: str, limit: float) -> None:
    turn = round(_centre_deg(compared)) - GRID.columns // 2
    sines = [np.sin(np.radians(each)) for each in (-60, -30, 0, 30, 60)]
    axes.set_facecolor("0.85")
    image = axes.imshow(
        np.roll(plane, -turn, axis=1),
        origin="lower",
        cmap="gray",
        vmin=-limit,
        vmax=limit,
        extent=(-180, 180, -1, 1),
        aspect="auto",
        interpolation="nearest",
    )
    if title:
        axes.figure.colorbar(image, ax=axes, label=title, pad=0.01, extend="both")
    covered = np.roll(compared.covered, -turn, axis=1).astype(np.float64)
    if covered.any() and not covered.all():
        x, y = np.arange(-179.5, 180), (np.arange(GRID.rows) + 0.5) * 2 / GRID.rows - 1
        axes.contour(x, y, covered, levels=[0.5], colors="#1f77ff", linewidths=1)
    axes.set_yticks(sines, ["-60", "-30", "0", "30", "60"])
    axes.set_ylabel("latitude, deg")
    ticks = range(-180, 181, 30)
    axes.set_xticks(ticks, [f"{(turn + 180 + each) % 360:.0f}" for each in ticks])
    axes.set_xlabel("Carrington longitude, deg (the point opposite Earth in the middle)")


def _mark_regions(axes: Axes, compared: Comparison) -> None:
    """Circles for the reference, squares for the other; colours for hits, misses, false alarms."""
    for match in compared.matches:
        both = match.reference is not None and match.found is not None
        if match.reference is not None:
            _mark(axes, compared, match.reference, "o", HIT if both else MISS)
        if match.found is not None:
            _mark(axes, compared, match.found, "s", HIT if both else FALSE_ALARM)


def _mark(
    axes: Axes, compared: Comparison, region: FarSideRegion, marker: str, colour: str
) -> None:
    x = wrap_deg(region.longitude_deg - _centre_deg(compared))
    y = np.sin(np.radians(region.latitude_deg))
    axes.plot(x, y, marker=marker, ms=22 if marker == "o" else 15, mfc="none", mec=colour, mew=2)
    size = f"{region.size:.0f}" if region.size < 1e6 else f"{region.size:.1e}"
    above = 14 if marker == "o" else -22
    axes.annotate(
        size,
        (x, y),
        (0, above),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        color=colour,
        path_effects=[withStroke(linewidth=2.5, foreground="w")],
    )


def _entries(compared: Comparison) -> list[Line2D]:
    reference, found = compared.reference, compared.found
    shapes = [
        Line2D([], [], ls="", marker=m, mfc="none", mec="k", label=f"{s.source}, {s.unit}")
        for m, s in (("o", reference), ("s", found))
    ]
    colours = {
        "in both": HIT,
        f"only {reference.source}": MISS,
        f"only {found.source}": FALSE_ALARM,
    }
    return shapes + [Line2D([], [], color=c, lw=3, label=name) for name, c in colours.items()]


def _centre_deg(compared: Comparison) -> float:
    return (central_longitude_deg(compared.reference.time) + 180) % 360
