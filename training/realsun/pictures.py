"""Pictures of the real Sun with the generated magnetograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sunpy.visualization.colormaps as sunpy_colours
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from farside.disk.registration import Disk, register
from farside.observation.image import read
from farside.plots._png import png
from farside.plots.magnetogram import LIMIT_GAUSS
from farside.sun.grid import Grid, Image
from training.realsun.farview import FarView
from training.realsun.measures import GRID
from training.realsun.run import GUESS, Prediction, on_scoring_grid
from training.realsun.sets import RealSet

PANEL_IN = 2.6
"""Side of a panel, inches."""

DARK, BRIGHT = 0.25, 12.0
"""Range of EUV pictures in medians of the disk, on a logarithmic scale."""

CAPTION = (
    f"line-of-sight field, ±{LIMIT_GAUSS:.0f} G, white towards the observer; north up, west right"
)

_COLOURS = {"304": "sdoaia304", "193": "sdoaia193", "195": "sdoaia193", "171": "sdoaia171"}


@dataclass(frozen=True, eq=False)
class Panel:
    """Magnetogram of a picture, gauss, and its title."""

    title: str
    image: Image


def picture_of_set(real: RealSet, predictions: Sequence[Prediction]) -> bytes:
    """Draw a set as PNG: AIA and the true field above, predictions and the guess below."""
    euv = [register(read(path), GRID) for path, _ in reversed(real.images)]
    made = [
        Panel(each.name, each.image) for each in predictions if each.served or each.name == GUESS
    ]
    title = f"{_clock(real.truth.view.time.isot)}, seen from Earth"
    return draw(title, [[*euv, Panel("HMI, the truth", real.truth.image)], made], real.truth.grid)


def picture_of_view(view: FarView, images: bool = True) -> bytes:
    """Draw a far-side view as PNG: EUVI above, if wanted, and products of the models below."""
    made = [
        Panel(product.generator.model, on_scoring_grid(product.image, product.disk))
        for product, _ in view.products
    ]
    first, _ = view.products[0]
    title = (
        f"{first.spacecraft.replace('_', '-')}, {_clock(first.time.isot)}, "
        f"{first.observer.longitude_deg:+.0f}° from Earth"
    )
    return draw(title, [view.images, made] if images else [made], GRID)


def draw(title: str, rows: Sequence[Sequence[Disk | Panel]], grid: Grid) -> bytes:
    """Draw rows of EUV images and magnetograms at ±100 G as PNG, north up, west right."""
    columns = max(map(len, rows))
    figure = Figure(
        figsize=(PANEL_IN * columns, len(rows) * (PANEL_IN + 0.25) + 0.6), layout="constrained"
    )
    cells = figure.add_gridspec(len(rows), columns)
    for row, panels in enumerate(rows):
        for column, panel in enumerate(panels):
            axes = figure.add_subplot(cells[row, column])
            if isinstance(panel, Disk):
                _draw_euv(axes, panel)
            else:
                _draw_field(axes, panel)
            _frame(axes, grid)
    figure.suptitle(title, fontsize=12)
    figure.supxlabel(CAPTION, fontsize=9)
    return png(figure)


def _clock(isot: str) -> str:
    return f"{isot[:10]} {isot[11:16]} UT"


def _draw_euv(axes: Axes, disk: Disk) -> None:
    medians = np.nan_to_num(disk.image / np.nanmedian(disk.image))
    scaled = np.log(np.clip(medians, DARK, BRIGHT))
    band = disk.origin.band
    colours = sunpy_colours.cmlist.get(_COLOURS.get(band, ""), "inferno")
    axes.imshow(scaled, origin="lower", cmap=colours, vmin=np.log(DARK), vmax=np.log(BRIGHT))
    axes.set_title(f"{disk.origin.instrument} {band} Å", fontsize=10)


def _draw_field(axes: Axes, panel: Panel) -> None:
    field = np.nan_to_num(panel.image, nan=-LIMIT_GAUSS)
    axes.imshow(field, origin="lower", cmap="gray", vmin=-LIMIT_GAUSS, vmax=LIMIT_GAUSS)
    axes.set_title(panel.title, fontsize=10)


def _frame(axes: Axes, grid: Grid) -> None:
    """Crop the axes to the disk, and draw a thin limb."""
    centre, radius = grid.centre_px, grid.disk_radius_px
    axes.add_patch(Circle((centre, centre), radius, fill=False, color="0.5", linewidth=0.6))
    for limits in (axes.set_xlim, axes.set_ylim):
        limits(centre - 1.04 * radius, centre + 1.04 * radius)
    axes.set_axis_off()
