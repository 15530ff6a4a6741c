"""Plot of a region that emerged on the far side: maps without and with the far-side disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy.time import Time
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle

from farside.plots._png import png
from farside.plots.caveat import training_caveat
from farside.plots.magnetogram import LIMIT_GAUSS
from farside.plots.map_axes import LATITUDES_DEG, height
from farside.plots.synchronic import COLOURS
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.carrington_rotation import central_longitude_deg
from farside.synchronic.map import SynchronicMap
from farside.synchronic.observers import observers

WINDOW_DEG = 30.0
"""Side of the panels around the region."""

_FRAME = "#e60026"


@dataclass(frozen=True)
class Place:
    """Place on the Sun: Carrington longitude and latitude, degrees."""

    longitude_deg: float
    latitude_deg: float


@dataclass(frozen=True, eq=False)
class Moment:
    """Maps of one time around a region, all on `grid`, gauss.

    Attributes
    ----------
    time, place
        Time, and where the region is then.
    without, made
        Radial field of the map without and with the far-side disk.
    truth, truth_name
        True or observed radial field, and what it is.
    """

    time: Time
    place: Place
    grid: CarringtonGrid
    without: Map
    made: Map
    truth: Map
    truth_name: str


def draw_emergence(without: SynchronicMap, made: SynchronicMap, moments: Sequence[Moment]) -> bytes:
    """Render the plot of :func:`emergence_figure` as PNG."""
    return png(emergence_figure(without, made, moments))


def emergence_figure(
    without: SynchronicMap, made: SynchronicMap, moments: Sequence[Moment]
) -> Figure:
    """Plot the map without and with the far-side disk, and the region in both at some times.

    Parameters
    ----------
    without, made
        Maps of one time, without and with the far-side disk.
    moments
        Times at which the surroundings of the region are shown: first that of the maps, then later
        ones, to which both were carried by differential rotation.
    """
    figure = Figure(figsize=(15, 7.8), layout="constrained")
    above, below = np.asarray(figure.subfigures(2, 1, height_ratios=[1.25, 1]), object)
    titles = "map of HMI and a base map", "the same with the far-side disk"
    for axes, sun_map, title in zip(
        above.subplots(1, 2, sharey=True), (without, made), titles, strict=True
    ):
        _draw_sun(axes, sun_map, moments[0].place)
        axes.set_title(title, fontsize=11, pad=18)
    parts = np.asarray(below.subfigures(1, len(moments)), object).ravel()
    for part, moment in zip(parts, moments, strict=True):
        _draw_moment(part, moment, made.time)
    time = made.time.utc.isot[:16]
    figure.suptitle(f"A region that emerged behind the limb, {time} UT (±{LIMIT_GAUSS:.0f} G)")
    figure.supxlabel(training_caveat(made.quality), fontsize=8)
    return figure


def from_earth_deg(longitude_deg: float, time: Time) -> float:
    """Longitude from Earth's central meridian (Stonyhurst), -180° to 180°."""
    return float(wrap_deg(longitude_deg - central_longitude_deg(time)))


def around(field: Map, grid: CarringtonGrid, place: Place) -> Map:
    """Part of a map within half of :data:`WINDOW_DEG` of a place, row 0 south."""
    columns = round(WINDOW_DEG / grid.step_deg)
    first = round(place.longitude_deg / grid.step_deg) - columns // 2
    inside = np.abs(grid.latitude_deg - place.latitude_deg) <= WINDOW_DEG / 2
    return np.asarray(np.roll(field, -first, axis=1)[inside, :columns])


def _draw_sun(axes: Axes, sun_map: SynchronicMap, place: Place) -> None:
    """The whole Sun, Earth's meridian in the middle, with what is generated and who looks at it."""
    grid, half = sun_map.grid, sun_map.grid.columns // 2
    turn = half - round(central_longitude_deg(sun_map.time) / grid.step_deg)
    _show(
        axes,
        np.roll(sun_map.field_gauss, turn, axis=1),
        (-180, 180, height(grid, -90), height(grid, 90)),
    )
    share = np.roll(sun_map.generated_share(), turn, axis=1)
    if share.max() > 0.5:
        x = (np.arange(grid.columns) + 0.5 - half) * grid.step_deg
        y = [height(grid, float(each)) for each in grid.latitude_deg]
        axes.contour(x, y, share, levels=[0.5], colors=COLOURS["generated"], linewidths=1.6)
    for limb_deg in (-90, 90):
        axes.axvline(limb_deg, color=COLOURS["observed"], lw=1, ls=":")
    for name, observer in observers(sun_map).items():
        axes.axvline(observer.longitude_deg, color="#ffe119", lw=1, ls=(0, (6, 4)))
        axes.annotate(
            name,
            (observer.longitude_deg, 1),
            (0, 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            weight="bold",
        )
    low, high = (height(grid, place.latitude_deg + side * WINDOW_DEG / 2) for side in (-1, 1))
    west = from_earth_deg(place.longitude_deg, sun_map.time) - WINDOW_DEG / 2
    axes.add_patch(Rectangle((west, low), WINDOW_DEG, high - low, fill=False, ec=_FRAME, lw=1.8))
    axes.set_xticks(range(-180, 181, 30))
    axes.set_xlabel("longitude from Earth's meridian, deg (dotted: limbs)")
    axes.set_yticks([height(grid, each) for each in LATITUDES_DEG], map(str, LATITUDES_DEG))


def _draw_moment(part: SubFigure, moment: Moment, made: Time) -> None:
    days = round(float((moment.time - made).to_value("day")))
    when = f"{moment.time.utc.isot[:16]} UT"
    part.suptitle(f"{when}, carried forward {days} days" if days else when, fontsize=11)
    longitude = from_earth_deg(moment.place.longitude_deg, moment.time)
    latitude, half = moment.place.latitude_deg, WINDOW_DEG / 2
    names = ("without", "with the far side", moment.truth_name)
    fields = (moment.without, moment.made, moment.truth)
    for axes, field, name in zip(part.subplots(1, 3, sharey=True), fields, names, strict=True):
        extent = longitude - half, longitude + half, latitude - half, latitude + half
        _show(axes, around(field, moment.grid, moment.place), extent)
        axes.set_title(name, fontsize=10)
        axes.set_aspect("equal")
        axes.set_xticks([longitude], [f"{longitude:+.0f}°"])
        axes.set_yticks([latitude], [f"{latitude:+.0f}°"])


def _show(axes: Axes, field: Map, extent: tuple[float, float, float, float]) -> None:
    axes.imshow(
        field,
        origin="lower",
        cmap="gray",
        vmin=-LIMIT_GAUSS,
        vmax=LIMIT_GAUSS,
        extent=extent,
        aspect="auto",
        interpolation="nearest",
    )
