"""Plots of magnetograms, of their inputs, and of the planes of a synchronic map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from numpy.typing import NDArray

from farside.disk.native_pixels import NativeGrid
from farside.disk.registration import Disk
from farside.magnetogram.magnetogram import Magnetogram
from farside.plots._png import png
from farside.sun.carrington_grid import Map
from farside.sun.grid import Image
from farside.synchronic.map import SynchronicMap

LIMIT_GAUSS = 100.0
"""Grey scale of magnetograms, ±100 G as is usual."""


def render(magnetogram: Magnetogram) -> bytes:
    """Render a magnetogram as PNG at ±100 G, with time, observer, model and quality.

    Further outputs of the model, such as EUV brightness, are drawn beside it.
    """
    views = magnetogram.brightness
    figure = Figure(figsize=(7 * (1 + len(views)), 7.6), layout="constrained")
    first, *others = figure.subplots(1, 1 + len(views), squeeze=False)[0]
    draw_magnetogram(first, magnetogram)
    for axes, view in zip(others, views, strict=True):
        draw_brightness(axes, view.image, view.band)
    figure.supxlabel(_caption(magnetogram), fontsize=8)
    return png(figure)


def render_disk(disk: Disk) -> bytes:
    """Render an image of an instrument as PNG, with instrument, band, time and quality."""
    figure = Figure(figsize=(7, 7.4), layout="constrained")
    draw_disk(figure.subplots(), disk)
    quality = ", ".join(disk.origin.quality.names()) or "good"
    figure.supxlabel(f"quality: {quality}", fontsize=8)
    return png(figure)


def draw_magnetogram(axes: Axes, magnetogram: Magnetogram) -> None:
    """The field at ±100 G, north up to the nearest quarter of a turn."""
    draw_field(axes, _upright(magnetogram), _title(magnetogram))


def compare(magnetogram: Magnetogram, disks: Sequence[Disk], truth: Image | None) -> bytes:
    """Render inputs, generated field, truth and difference side by side as PNG.

    Parameters
    ----------
    disks
        Registered inputs, in the order of the Recipe.
    truth
        Observed field in gauss, (y, x) on the grid of `magnetogram`; if None, truth and difference
        are left out.
    """
    bottom = [("generated", magnetogram.image)]
    if truth is not None:
        bottom += [("truth", truth), ("generated - truth", magnetogram.image - truth)]
    columns = max(len(disks), len(bottom))
    figure = Figure(figsize=(2.6 * columns, 7.4), layout="constrained")
    layout = figure.add_gridspec(2, 1, height_ratios=[1, 1.9])
    top_cells = layout[0].subgridspec(1, len(disks))
    for column, disk in enumerate(disks):
        draw_disk(figure.add_subplot(top_cells[column]), disk)
    bottom_cells = layout[1].subgridspec(1, len(bottom))
    for column, (title, image) in enumerate(bottom):
        draw_field(figure.add_subplot(bottom_cells[column]), image, title)
    figure.suptitle(f"{_title(magnetogram)}   {_caption(magnetogram)}", fontsize=10)
    return png(figure)


def draw_map_planes(sun_map: SynchronicMap) -> bytes:
    """Render the planes of a synchronic map as PNG: field, source, age and σ."""
    figure = Figure(figsize=(12, 6), layout="constrained")
    field, source, age, sigma = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
    _draw_plane(field, sun_map.field_gauss, "radial field, G", "gray", (-LIMIT_GAUSS, LIMIT_GAUSS))
    _draw_sources(source, sun_map)
    oldest = max(float(sun_map.age_days.max()), 1.0)
    _draw_plane(age, sun_map.age_days, "age, days", "viridis", (0, oldest))
    _draw_plane(sigma, sun_map.sigma_gauss, "σ, G", "magma", (0, LIMIT_GAUSS))
    quality = ", ".join(sun_map.quality.names()) or "good"
    figure.suptitle(f"{sun_map.time.isot[:19]} UT   quality: {quality}", fontsize=10)
    return png(figure)


def draw_disk(axes: Axes, disk: Disk) -> None:
    """Draw a registered input: a magnetogram in gauss, or the logarithm of an EUV image."""
    title = f"{disk.origin}, rotated" if disk.reprojected_to else str(disk.origin)
    if disk.origin.is_magnetogram:
        draw_field(axes, disk.image, title)
        return
    if disk.origin.instrument == "DRAWING":
        axes.imshow(disk.image, origin="lower", cmap="gray", vmin=0, vmax=1.1)
        _label(axes, title)
        return
    draw_brightness(axes, disk.image / np.nanmedian(disk.image), title)


def draw_brightness(axes: Axes, medians: Image, title: str) -> None:
    """Draw the logarithm of an EUV image, in units of its median on the disk."""
    brightness = np.log10(np.maximum(medians, 1e-2))
    axes.imshow(brightness, origin="lower", cmap="inferno", vmin=-0.7, vmax=1.1)
    _label(axes, title)


def draw_field(axes: Axes, image: Image, title: str) -> None:
    """Draw a magnetogram at ±100 G, north up, west right."""
    axes.imshow(image, origin="lower", cmap="gray", vmin=-LIMIT_GAUSS, vmax=LIMIT_GAUSS)
    _label(axes, title)


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


def _draw_sources(axes: Axes, sun_map: SynchronicMap) -> None:
    count = len(sun_map.sources)
    bar = _draw_plane(axes, sun_map.source, "source", "tab10", (-0.5, 9.5))
    names = [f"{each.kind} {each.instrument}" for each in sun_map.sources]
    bar.ax.set_ylim(-0.5, count - 0.5)
    bar.set_ticks(range(count), labels=names, fontsize=7)


def _label(axes: Axes, title: str) -> None:
    axes.set_title(title.replace(" 20", "\n20", 1), fontsize=8)
    axes.set_axis_off()


def _upright(magnetogram: Magnetogram) -> Image:
    """Image turned by quarter turns so that north is nearest to up."""
    grid = magnetogram.grid
    turns = round(grid.roll_deg / 90) if isinstance(grid, NativeGrid) else 0
    return np.rot90(magnetogram.image, -turns)


def _title(magnetogram: Magnetogram) -> str:
    time = magnetogram.time.isot[:19]
    return (
        f"{magnetogram.spacecraft} {time} UT, {magnetogram.observer.longitude_deg:+.1f}° of Earth"
    )


def _caption(magnetogram: Magnetogram) -> str:
    made_by = magnetogram.generator
    quality = ", ".join(magnetogram.quality.names()) or "good"
    return (
        f"±{LIMIT_GAUSS:.0f} G, generated by {made_by.model} {made_by.version}; quality: {quality}"
    )
