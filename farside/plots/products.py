"""Pictures of products and input files of any kind, plots on axes, and HTML for a notebook."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TypeAlias

from astropy.table import Table
from matplotlib.axes import Axes

from farside.disk.registration import register
from farside.magnetogram.magnetogram import Magnetogram
from farside.observation.image import Observation
from farside.plots.boundary import draw_boundary
from farside.plots.magnetogram import draw_magnetogram, render, render_disk
from farside.plots.synchronic import draw_map, draw_sources
from farside.plots.tracking import draw_flux_curve
from farside.solarwind.euhforia import Boundary
from farside.sun.grid import Grid
from farside.synchronic.map import BaseMap, SynchronicMap

Product = Magnetogram | SynchronicMap

Drawable: TypeAlias = Product | BaseMap | Observation | Boundary | Table

DISK_GRID = Grid(size_px=800, disk_radius_px=390.0)
"""Grid on which an image of an instrument is drawn: north up."""


def picture(found: Drawable) -> bytes:
    """Draw a product, a map of another observatory or an image of an instrument as a PNG."""
    match found:
        case Magnetogram():
            return render(found)
        case SynchronicMap():
            return draw_map(found)
        case BaseMap():
            return draw_map(SynchronicMap.of_base(found))
        case Observation():
            return render_disk(register(found, DISK_GRID))
        case Boundary():
            return draw_boundary(found)
        case _:  # a table
            return draw_flux_curve(found)


def plot(product: Product, axes: Axes | None = None) -> Axes:
    """Draw the field of a product on axes, by default the current ones of pyplot."""
    if axes is None:
        from matplotlib import pyplot

        axes = pyplot.gca()
    if isinstance(product, SynchronicMap):
        draw_sources(axes, product)
    else:
        draw_magnetogram(axes, product)
    return axes


def html(product: Product) -> str:
    """Show a product in a notebook: its one-line description above its picture."""
    image = b64encode(picture(product)).decode()
    return (
        f"<p><code>{escape(repr(product))}</code></p>"
        f'<img style="max-width: 100%" src="data:image/png;base64,{image}"/>'
    )
