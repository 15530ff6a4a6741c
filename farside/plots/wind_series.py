"""Plot of the solar wind at Earth: speed, spread and polarity, beside what was observed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from matplotlib.figure import Figure

from farside.corona.at_earth import Stream, WindAtEarth
from farside.corona.field import Array
from farside.plots._png import png
from farside.plots.caveat import training_caveat
from farside.quality import Quality

OUTWARD, INWARD = "#d62728", "#1f77ff"


def draw_wind_series(
    wind: WindAtEarth,
    found: Sequence[Stream],
    observed: Array | None = None,
    quality: Quality = Quality.GOOD,
) -> bytes:
    """Render the plot of :func:`wind_series_figure` as PNG."""
    return png(wind_series_figure(wind, found, observed, quality))


def wind_series_figure(
    wind: WindAtEarth,
    found: Sequence[Stream],
    observed: Array | None = None,
    quality: Quality = Quality.GOOD,
) -> Figure:
    """Plot the speed with its spread, its polarity and its streams.

    Parameters
    ----------
    wind, found
        Modelled wind and its high-speed streams, which get the longitude at 0.1 au that they left.
    observed
        Observed speed by the hour from the same time, km/s, NaN where there is none.
    quality
        Quality of the maps.
    """
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    axes = figure.subplots()
    first = wind.begin.to_datetime()
    times = np.array([first + timedelta(hours=hour) for hour in range(len(wind.speed_km_s))])
    if observed is not None:
        axes.plot(times, observed, color="k", lw=0.8, label="observed (OMNI)")
    low, high = (wind.speed_km_s + side * wind.spread_km_s for side in (-1, 1))
    axes.fill_between(times, low, high, color="#ff7f0e", alpha=0.25, lw=0, label="spread")
    axes.plot(times, wind.speed_km_s, color="#ff7f0e", lw=1.6, label="model")
    for sign, colour, name in ((1, OUTWARD, "away from the Sun"), (-1, INWARD, "towards the Sun")):
        axes.fill_between(
            times,
            0,
            0.03,
            wind.polarity == sign,
            color=colour,
            lw=0,
            label=name,
            transform=axes.get_xaxis_transform(),
        )
    for stream in found:
        axes.annotate(
            f"{stream.longitude_deg:.0f}°",
            (stream.time.to_datetime(), stream.speed_km_s),
            (0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set_ylim(250, None)
    axes.set_ylabel("speed, km/s")
    axes.set_xlim(times[0], times[-1])
    axes.tick_params(axis="x", labelrotation=15)
    axes.legend(ncols=5, fontsize=8, loc="upper right", frameon=False)
    title = "Solar wind at Earth (streams: Carrington longitude at 0.1 au)"
    axes.set_title("\n".join(filter(None, (title, training_caveat(quality)))), fontsize=11)
    return figure
