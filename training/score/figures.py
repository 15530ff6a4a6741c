"""Figures of a score report, after those of the papers, as small PNGs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from farside.io.atomic import atomic_path
from training.score.measures import AR, CC, FULL, QR, QUANTITIES
from training.score.predictions import PERSISTENCE
from training.score.report import Report
from training.score.run import MODEL, PIXEL_EDGES_GAUSS, Outcome
from training.score.series import PolarSeries, RegionSeries
from training.score.summary import ALL_AGES, MAIN_AGES, main_records, rows_of
from training.scoring.table import Key, paired

DPI = 80

LIMITS_GAUSS = {"AR": 200.0, "QR": 20.0}
"""Range of the grey scale of boxes, by kind."""

COLOURS = {MODEL: "tab:blue", PERSISTENCE: "tab:orange"}


def draw(report: Report, outcome: Outcome, folder: Path) -> tuple[str, ...]:
    """Write the figures of the scored cases; return their file names."""
    figures = {
        "ages.png": ages(report),
        "fluxes.png": fluxes(outcome),
        "pixels.png": pixels(outcome),
    }
    if outcome.examples:
        figures["boxes.png"] = boxes(outcome)
    return _written(figures, folder)


def draw_series(region: RegionSeries, polar: PolarSeries, folder: Path) -> tuple[str, ...]:
    """Write the figures of the time series; return their file names."""
    return _written({"region.png": region_flux(region), "polar.png": polar_fields(polar)}, folder)


def _written(figures: Mapping[str, Figure], folder: Path) -> tuple[str, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        with atomic_path(folder / name) as path:
            figure.savefig(path, format="png", dpi=DPI)
    return tuple(figures)


def ages(report: Report) -> Figure:
    """Figure of the correlation against the age of the reference, with intervals."""
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    bins = [each for each in report.cases if each not in (ALL_AGES, MAIN_AGES)]
    for axes, area in zip(figure.subplots(1, 3, sharey=True), (FULL, AR, QR), strict=True):
        for shift, prediction in ((-0.08, MODEL), (0.08, PERSISTENCE)):
            _draw_ages(axes, report, area, bins, prediction, shift)
        axes.set_xticks(range(len(bins)), bins, fontsize=7, rotation=30)
        axes.set_title(area, fontsize=9)
        axes.set_xlabel("age of the reference")
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("correlation, 8×8")
    figure.axes[0].legend(fontsize=8)
    return figure


def _draw_ages(
    axes: Axes, report: Report, area: str, bins: Sequence[str], prediction: str, shift: float
) -> None:
    means = [report.estimate(Key(CC, area, each, prediction)) for each in bins]
    points = [(k + shift, mean) for k, mean in enumerate(means) if mean]
    bars = [
        (e.mean - (e.mean if e.low is None else e.low), (e.high or e.mean) - e.mean)
        for _, e in points
    ]
    axes.errorbar(
        [x for x, _ in points],
        [e.mean for _, e in points],
        yerr=np.maximum(np.array(bars, float).T.reshape(2, -1), 0),
        fmt="o-",
        ms=4,
        color=COLOURS[prediction],
        label=prediction,
    )


def fluxes(outcome: Outcome) -> Figure:
    """Figure of generated against true TUMF and NMF."""
    figure = Figure(figsize=(10, 6.4), layout="constrained")
    panels = [each for each in QUANTITIES if each[0] != "polar field"]
    pairs = paired(rows_of(main_records(outcome.records)))
    for axes, (quantity, area) in zip(figure.subplots(2, 3).flat, panels, strict=True):
        for prediction in (PERSISTENCE, MODEL):
            _scatter(axes, pairs.get((prediction, quantity, area), ()), prediction)
        axes.set_title(f"{quantity}, {area}", fontsize=9)
    figure.supxlabel("true, 1e21 Mx")
    figure.supylabel("generated, 1e21 Mx")
    figure.axes[0].legend(fontsize=8)
    return figure


def _scatter(axes: Axes, pairs: Sequence[tuple[float, float]], prediction: str) -> None:
    made, true = np.array(pairs, float).reshape(-1, 2).T / 1e21
    axes.plot(true, made, ".", ms=3, alpha=0.5, color=COLOURS[prediction], label=prediction)
    if true.size:
        axes.axline((0.0, 0.0), slope=1, color="black", lw=0.7)


def pixels(outcome: Outcome) -> Figure:
    """Figure of the joint histogram of true and generated blocks of 8 paper pixels."""
    figure = Figure(figsize=(5.4, 4.6), layout="constrained")
    axes = figure.subplots()
    counts = np.ma.masked_equal(outcome.pixels.T, 0)
    edges = PIXEL_EDGES_GAUSS
    mesh = axes.pcolormesh(edges, edges, counts, norm=LogNorm(vmin=1), rasterized=True)
    axes.set_xscale("symlog", linthresh=20)
    axes.set_yscale("symlog", linthresh=20)
    axes.axline((0.0, 0.0), (1000.0, 1000.0), color="black", lw=0.7)
    axes.set_xlabel("true field, G")
    axes.set_ylabel("generated field, G")
    figure.colorbar(mesh, label="blocks of 8×8 paper pixels")
    return figure


def boxes(outcome: Outcome) -> Figure:
    """Figure of active and quiet boxes: truth, generated, difference, persistence."""
    examples = outcome.examples
    figure = Figure(figsize=(6.4, 1.75 * len(examples) + 0.3), layout="constrained")
    for cells, example in zip(
        figure.subplots(len(examples), 4, squeeze=False), examples, strict=True
    ):
        panels = {
            f"true: {example.title}": example.truth,
            "generated": example.generated,
            "difference": example.generated - example.truth,
            "persistence": example.persistence,
        }
        limit = LIMITS_GAUSS[example.kind]
        for axes, (title, image) in zip(cells, panels.items(), strict=True):
            axes.imshow(image, origin="lower", cmap="gray", vmin=-limit, vmax=limit)
            axes.set_title(title.replace(", ", "\n"), fontsize=6)
            axes.set_axis_off()
    figure.supxlabel(", ".join(f"{k} ±{v:g} G" for k, v in LIMITS_GAUSS.items()), fontsize=7)
    return figure


def region_flux(series: RegionSeries) -> Figure:
    """Figure of one region's unsigned flux over three rotations."""
    figure = Figure(figsize=(7.5, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(series.days, np.array(series.true_mx) / 1e21, color="black", lw=1, label="true")
    for name, points, mark in (
        ("measured at the front side", series.measured_mx, "s"),
        ("generated at the far side", series.generated_mx, "o"),
    ):
        days, flux = [day for day, _ in points], [flux / 1e21 for _, flux in points]
        axes.plot(days, flux, mark, ms=4, label=name)
    axes.set_xlabel("days since the region emerged")
    axes.set_ylabel("unsigned radial flux, 1e21 Mx")
    axes.set_title(series.title, fontsize=9)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    return figure


def polar_fields(series: PolarSeries) -> Figure:
    """Figure of the polar field over a cycle."""
    figure = Figure(figsize=(7.5, 3.6), layout="constrained")
    axes = figure.subplots()
    for name, made, true, colour in (
        ("north", series.generated_north_gauss, series.true_north_gauss, "tab:red"),
        ("south", series.generated_south_gauss, series.true_south_gauss, "tab:blue"),
    ):
        axes.plot(series.years, true, "-", lw=1, color=colour, label=f"{name}, true")
        axes.plot(series.years, made, "o", ms=4, color=colour, label=f"{name}, generated")
    axes.axhline(0, color="black", lw=0.7)
    axes.set_xlabel("year")
    axes.set_ylabel("mean radial field poleward of 60°, G")
    axes.set_title(series.title, fontsize=9)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    return figure
