"""Every product as a picture, on axes, and as HTML for a notebook."""

from __future__ import annotations

from base64 import b64encode
from html import escape

from matplotlib.axes import Axes

from farside.magnetogram.magnetogram import Magnetogram
from farside.plots.magnetogram import draw_magnetogram, render
from farside.plots.synchronic import draw_map, draw_sources
from farside.synchronic.map import SynchronicMap

Product = Magnetogram | SynchronicMap


def picture(product: Product) -> bytes:
    """Draw a product as a PNG."""
    return draw_map(product) if isinstance(product, SynchronicMap) else render(product)


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
