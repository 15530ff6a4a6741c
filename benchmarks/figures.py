"""Figures 4, 6 and 7 of Jeong et al. (2022), of simulated suns: docs/figures.md, again.

``python -m benchmarks.figures views|tracks|cycles --out docs/figures`` (``make figures``): several
views of one region, regions followed over the whole surface, and two models in two cycles.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.time import Time
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from farside.evaluation.statistics import regress
from farside.io.atomic import NamedFile
from farside.model.defaults import default_folder
from farside.model.models import Models
from farside.pipeline import translate
from farside.plots._png import png
from farside.plots.caveat import training_caveat
from farside.plots.magnetogram import draw_field
from farside.quality import Quality
from farside.simulation.magnetic.cycle import EPOCH, ActiveRegion
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Map, resample
from farside.sun.carrington_rotation import central_longitude_deg
from farside.sun.grid import Image
from farside.sun.observer import earth
from farside.synchronic.disk import MapDisk, generated_disk, observed_disk
from farside.tracking.cutout import CutoutFrame, cut_map
from farside.tracking.track import FluxPoint, Track, TrackedRegion, TrackSettings, track_region
from training.data.simulated import SIMULATED
from training.score.series import SeriesInputs

SEED = 9200
"""A Sun that no shipped model was trained on."""

VIEWED = Time("2013-09-01T00:00:00", scale="utc")
AWAY_DEG = (-60.0, -30.0, 0.0, 30.0, 60.0)
"""Longitudes of the region from the centre of each view."""

WIDE_DEG = 70.0
"""Greatest distance of the region from the centre of a view, which latitude adds to."""

TRACKED = Time("2013-06-01T00:00:00", scale="utc")
TRACKED_DAYS = tuple(range(0, 40, 5))
SIDES_DEG = {"STEREO_A": 120.0, "STEREO_B": -120.0}
REGIONS = 3

APART_DEG = 30.0
"""Least distance in longitude between two regions that are followed."""

MODELS = "pix2pixhd-demo", "farside-1"
"""The network of AISFM 2.0 as a small demonstration model, and the flagship."""

DATES = ("2012-03-01", "2014-06-01", "2017-03-01", "2021-09-01", "2023-03-01", "2024-09-01")
"""Cycle 24 up to 2019, then cycle 25."""

OPPOSITE_DEG = 180.0

SETTINGS = TrackSettings(cell_deg=1.0, within_deg=62.0, threshold_gauss=15.0)
"""Cells of a degree and 15 G leave out most of the quiet Sun and of the noise."""

LEAST_AGE_DAYS, MOST_AGE_DAYS = 3.0, 12.0
"""Age of a region that is viewed: grown, and not yet dispersed."""

STRONG_GAUSS = 50.0
"""Field of a pixel whose polarity is compared."""

GRID = CarringtonGrid(720, 360)

CAVEAT = training_caveat(Quality.SIMULATED_TRAINING)


def main() -> None:
    """Draw the figures that are asked for, all by default."""
    given = _parser().parse_args()
    drawn: Mapping[str, Callable[[], Figure]] = {
        "views": partial(views, _inputs(MODELS[1])),
        "tracks": partial(tracks, _inputs(MODELS[1])),
        "cycles": partial(cycles, [_inputs(model) for model in MODELS]),
    }
    for name in given.figure or drawn:
        print(NamedFile(f"{name}.png", png(drawn[name]())).write_to(given.out))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure", nargs="*", choices=[[], "views", "tracks", "cycles"])
    parser.add_argument("--out", type=Path, default=Path("docs/figures"))
    return parser


def _inputs(model: str) -> SeriesInputs:
    models = Models(default_folder(), (model,), 2)
    return SeriesInputs(
        SimulatedSun(SEED), SIMULATED.render_view, models[model], models.engine(model)
    )


def views(
    inputs: SeriesInputs, time: Time = VIEWED, away_deg: Sequence[float] = AWAY_DEG
) -> Figure:
    """Draw one far-side region as spacecraft at several longitudes would generate it."""
    surface = inputs.surface(time)
    region = _tracked(_far_region(inputs.sun, time), time)
    pairs = [_view(inputs, surface, region, each) for each in away_deg]
    figure = Figure(figsize=(2.6 * len(pairs), 8.6), layout="constrained")
    axes = figure.subplots(3, len(pairs), squeeze=False)
    for (disk, made, true), (top, middle, bottom) in zip(pairs, axes.T, strict=True):
        draw_field(top, disk.image, f"spacecraft at {disk.view.observer.longitude_deg:+.0f}°")
        _draw_cut(middle, made, f"generated, {_flux(made)}")
        _draw_cut(bottom, true, f"true, {_flux(true)}")
    figure.suptitle(
        f"{_named(inputs)}: a region {MOST_AGE_DAYS:.0f} days old at most, "
        f"{region.latitude_deg:+.0f}° of latitude, in {len(pairs)} views of {time.isot[:10]}"
    )
    figure.supxlabel(f"Disks ±100 G, cut-outs ±{_CUT_GAUSS:.0f} G radial. {CAVEAT}", fontsize=8)
    return figure


def tracks(
    inputs: SeriesInputs, begin: Time = TRACKED, days: Sequence[float] = TRACKED_DAYS
) -> Figure:
    """Draw the flux of the strongest regions, from HMI and from generated disks in turn."""
    times = [begin + float(each) * u.day for each in days]
    surfaces = [inputs.surface(time) for time in times]
    disks = [disk for surface in surfaces for disk in _disks(inputs, surface)]
    strongest = strongest_apart(_grown(inputs.sun, begin))
    settings = replace(SETTINGS, rotation="differential")
    count = len(strongest)
    figure = Figure(figsize=(11, 2.6 * count + 3.4), layout="constrained")
    top, *curves = figure.subplots(1 + count, 1, height_ratios=[1.5] + [1] * count)
    top.imshow(
        _radial(surfaces[0]), origin="lower", cmap="gray", vmin=-100, vmax=100,
        extent=(0, 360, -1, 1), aspect="auto",
    )  # fmt: skip
    top.set(xlabel="Carrington longitude, deg", ylabel="sine of latitude")
    for number, (region, axes) in enumerate(zip(strongest, curves, strict=True), start=1):
        tracked = _tracked(region, begin)
        sine = float(np.sin(np.radians(tracked.latitude_deg)))
        label = (tracked.longitude_deg, sine)
        top.annotate(f"{number}", label, (8, 8), textcoords="offset points", color="#ffe119")
        found = track_region(tracked, disks, settings)
        true = [_true_mx(surface, tracked, settings) for surface in surfaces]
        _draw_track(axes, found, begin, days, true, number)
    curves[0].legend(fontsize=8)
    curves[-1].set_xlabel(f"days since {begin.isot[:10]}")
    figure.suptitle(f"{_named(inputs)}: regions of {begin.isot[:10]} followed over the surface")
    figure.supxlabel(
        "Unsigned flux of cells of 1° above 15 G in a frame of 20°, within 62° of the centre of a"
        f" view. {CAVEAT}",
        fontsize=8,
    )
    return figure


def cycles(given: Sequence[SeriesInputs], dates: Sequence[str] = DATES) -> Figure:
    """Draw the far side as two models generate it on dates of two cycles, beside the truth."""
    figure = Figure(figsize=(2.3 * len(dates), 2.6 * (1 + len(given)) + 0.6), layout="constrained")
    axes = figure.subplots(1 + len(given), len(dates), squeeze=False)
    for date, column in zip(dates, axes.T, strict=True):
        for each, below in zip(given, column[1:], strict=True):
            sample = each.sample(each.surface(Time(date, scale="utc")), OPPOSITE_DEG)
            made = translate(sample.stack(each.model.recipe), each.model, each.engine)
            right = _agreement(made.image, sample.truth.image)
            draw_field(below, made.image, f"{each.model.recipe.name}\n{right}")
        draw_field(column[0], sample.truth.image, f"true, {date}")  # on the grid of the last
    figure.suptitle("The side opposite Earth in cycles 24 (to 2019) and 25")
    figure.supxlabel(
        "±100 G; r: correlation of pixels; polarity: right in pixels above "
        f"{STRONG_GAUSS:.0f} G. {CAVEAT}",
        fontsize=8,
    )
    return figure


_CUT_GAUSS = 300.0


def _draw_cut(axes: Axes, point: FluxPoint, title: str) -> None:
    axes.imshow(
        point.cut.field_gauss, origin="lower", cmap="gray", vmin=-_CUT_GAUSS, vmax=_CUT_GAUSS
    )
    axes.set_axis_off()
    axes.set_title(f"{title}\n{point.meridian_deg:+.0f}° from the meridian", fontsize=8)


def _flux(point: FluxPoint) -> str:
    return f"{point.unsigned_flux_mx / 1e22:.1f}·10²² Mx"


def _named(inputs: SeriesInputs) -> str:
    recipe = inputs.model.recipe
    return f"{recipe.name} {recipe.version}"


def _grown(sun: SimulatedSun, time: Time) -> list[ActiveRegion]:
    day = sun.day(time)
    return [r for r in sun.regions(time) if LEAST_AGE_DAYS < day - r.day < MOST_AGE_DAYS]


def strongest_apart(regions: Sequence[ActiveRegion]) -> list[ActiveRegion]:
    """Strongest of some regions, none in the frame of another."""
    found: list[ActiveRegion] = []
    for region in sorted(regions, key=lambda each: -each.flux_mx):
        near = (abs(wrap_deg(region.longitude_deg - each.longitude_deg)) for each in found)
        if len(found) < REGIONS and not any(apart < APART_DEG for apart in near):
            found.append(region)
    return found


def _far_region(sun: SimulatedSun, time: Time) -> ActiveRegion:
    """Strongest of the grown regions within 60° of the point opposite Earth."""
    opposite = central_longitude_deg(time) + 180
    far = [r for r in _grown(sun, time) if abs(wrap_deg(r.longitude_deg - opposite)) < 60]
    if not far:
        raise ValueError(f"no grown region near the point opposite Earth at {time.isot[:10]}")
    return max(far, key=lambda region: region.flux_mx)


def _tracked(region: ActiveRegion, time: Time) -> TrackedRegion:
    emerged = Time((EPOCH + region.day * u.day).utc.isot, scale="utc")
    born = TrackedRegion("region", region.longitude_deg, region.latitude_deg, emerged)
    return replace(born, longitude_deg=born.longitude_at(time, "differential"), time=time)


def _view(
    inputs: SeriesInputs, surface: Surface, region: TrackedRegion, away_deg: float
) -> tuple[MapDisk, FluxPoint, FluxPoint]:
    """Generated disk of a spacecraft, and the region cut out of it and of the true one."""
    central = central_longitude_deg(surface.time)
    sample = inputs.sample(surface, wrap_deg(region.longitude_deg - away_deg - central))
    made = translate(sample.stack(inputs.model.recipe), inputs.model, inputs.engine)
    disk = generated_disk(made)
    true = replace(disk, image=sample.truth.image, sigma=None, generator=None)
    settings = replace(SETTINGS, within_deg=WIDE_DEG)
    found, there = (track_region(region, [each], settings).points[0] for each in (disk, true))
    return disk, found, there


def _disks(inputs: SeriesInputs, surface: Surface) -> list[MapDisk]:
    """HMI's disk, and a generated one of each spacecraft."""
    hmi = inputs.disks(surface, earth(surface.time), far=False)[-1]
    samples = {name: inputs.sample(surface, at) for name, at in SIDES_DEG.items()}
    made = {
        name: translate(sample.stack(inputs.model.recipe), inputs.model, inputs.engine)
        for name, sample in samples.items()
    }
    return [
        observed_disk(hmi),
        *(replace(generated_disk(disk), instrument=name) for name, disk in made.items()),
    ]


def _radial(surface: Surface) -> Map:
    rows, columns = surface.radial_field.shape
    lattice = CarringtonGrid(columns, rows, "uniform")
    return resample(surface.radial_field.astype(np.float64), lattice, GRID)


def _true_mx(surface: Surface, region: TrackedRegion, settings: TrackSettings) -> float:
    """True unsigned flux in the frame of a track."""
    longitude = region.longitude_at(surface.time, settings.rotation)
    frame = CutoutFrame(longitude, region.latitude_deg, settings.size_deg, settings.cell_deg)
    field = cut_map(_radial(surface), GRID, frame)
    return float(np.abs(field[np.abs(field) > settings.threshold_gauss]).sum() * frame.cell_cm2)


def _draw_track(
    axes: Axes,
    found: Track,
    begin: Time,
    days: Sequence[float],
    true_mx: Sequence[float],
    number: int,
) -> None:
    axes.plot(days, np.array(true_mx) / 1e22, color="0.6", label="true")
    for kind, colour in (("observed", "#0b63a5"), ("generated", "#d95f02")):
        points = [each for each in found.points if each.image_source.kind == kind]
        axes.errorbar(
            [float((each.time - begin).to_value("day")) for each in points],
            [each.unsigned_flux_mx / 1e22 for each in points],
            [np.nan_to_num(each.sigma_mx) / 1e22 for each in points],
            fmt="o", color=colour, capsize=2, label="HMI" if kind == "observed" else kind,
        )  # fmt: skip
    axes.set_ylim(bottom=0)
    axes.set_ylabel("10²² Mx")
    axes.set_title(f"{number}: latitude {found.region.latitude_deg:+.0f}°", fontsize=9, loc="left")
    axes.grid(alpha=0.25)


def _agreement(made: Image, true: Image) -> str:
    known = np.isfinite(made) & np.isfinite(true)
    strong = known & (np.abs(true) > STRONG_GAUSS)
    right = np.mean(np.sign(made[strong]) == np.sign(true[strong])) if strong.any() else np.nan
    return f"r {regress(made[known], true[known]).correlation:.2f}, polarity {right:.0%}"


if __name__ == "__main__":
    main()
