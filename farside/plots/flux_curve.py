"""Plot of the flux curve of a tracked region, as its file has it."""

from __future__ import annotations

import numpy as np
from astropy.table import Table
from astropy.time import Time
from matplotlib.figure import Figure

from farside.plots._png import png


def draw_flux_curve(curve: Table) -> bytes:
    """Render unsigned and net flux against time as PNG, by source."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    axes = figure.subplots()
    # In a FITS file the texts are bytes.
    times, kinds = (np.asarray(curve[name], str) for name in ("time", "source"))
    moments = Time(times).to_datetime()
    for kind, marker in (("observed", "o"), ("generated", "s"), ("base", "^")):
        chosen = kinds == kind
        for name, label, filled in (("unsigned", "unsigned", "full"), ("net", "net", "none")):
            flux = np.asarray(curve[f"{name}_flux_mx"], np.float64)[chosen] / 1e22
            if flux.size:
                axes.plot(moments[chosen], flux, marker, fillstyle=filled, label=f"{kind}, {label}")
    axes.axhline(0, color="0.6", lw=0.8)
    axes.set_ylabel("flux, 10²² Mx")
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8)
    axes.set_title("Flux of a tracked region", fontsize=10)
    return png(figure)
