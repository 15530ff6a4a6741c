"""Picture of drawings with the generated images and the truth, as PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image as Pillow

from farside.plots._png import png
from farside.plots.magnetogram import LIMIT_GAUSS, draw_brightness, draw_disk, draw_field
from training.restoration.drawnsuns import DrawnSun, SunImages

PANEL_INCHES = 1.25
"""Side of one panel, inches."""

COLOURS = 128
"""Number of colours of the PNG; more make it larger without visible gain."""


@dataclass(frozen=True, eq=False)
class PicturedDrawing:
    """Drawing with its generated images."""

    sun: DrawnSun
    made: SunImages


def before_and_after(shown: Sequence[PicturedDrawing]) -> bytes:
    """Draw two rows per drawing: the drawing with the generated images, and the truth below."""
    columns = 2 + len(shown[0].made.brightness)
    size = (PANEL_INCHES * columns, 2.24 * PANEL_INCHES * len(shown) + 0.2)
    figure = Figure(figsize=size, layout="constrained")
    cells = figure.subplots(2 * len(shown), columns)
    for row, each in enumerate(shown):
        drawing, *made = cells[2 * row]
        draw_disk(drawing, each.sun.drawing.given[0])
        drawing.set_title(f"{each.sun.hand}, {each.sun.view.time.isot[:10]}", fontsize=6)
        _draw_images(made, each.made, "generated")
        blank, *true = cells[2 * row + 1]
        blank.set_axis_off()
        _draw_images(true, each.sun.truth, "true")
    figure.supxlabel(f"magnetograms ±{LIMIT_GAUSS:g} G, simulated suns", fontsize=6)
    return _with_few_colours(png(figure))


def _draw_images(cells: Sequence[Axes], sun_images: SunImages, word: str) -> None:
    draw_field(cells[0], sun_images.field, "")
    for axes, (band, image) in zip(cells[1:], sun_images.brightness.items(), strict=True):
        draw_brightness(axes, image, "")
        axes.set_title(f"{band}, {word}", fontsize=6)
    cells[0].set_title(f"field, {word}", fontsize=6)


def _with_few_colours(picture: bytes) -> bytes:
    file = io.BytesIO()
    with Pillow.open(io.BytesIO(picture)) as full:
        full.convert("RGB").quantize(COLOURS).save(file, format="PNG", optimize=True)
    return file.getvalue()
