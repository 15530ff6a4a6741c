"""Scores of a model of drawings as a Markdown page and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter

from farside.io.atomic import atomic_path
from farside.simulation.drawings.styles import DRAWING_STYLES
from farside.simulation.instruments.registered import BANDS
from training.restoration.drawnscores import (
    ALL,
    BLANK,
    FIELD,
    OTHER,
    POLARITY,
    QUIET,
    SPOTTED,
    UNSIGNED,
    DrawingScores,
)
from training.score.markdown import number, table, text
from training.score.report import ENOUGH_UNITS
from training.score.run import MODEL
from training.score.summary import AR, FULL

COLUMNS = (
    (FIELD, FULL),
    (UNSIGNED, FULL),
    (FIELD, AR),
    (POLARITY, FULL),
    *((band, FULL) for band in BANDS["SDO"]),
)
"""Columns of the tables by style and by activity."""


def write_page(scores: DrawingScores, picture: str | None, path: Path) -> None:
    """Write the page, and all numbers as JSON beside it, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path.with_suffix(".json")) as numbers:
        numbers.write_bytes(TypeAdapter(DrawingScores).dump_json(scores, indent=1) + b"\n")
    with atomic_path(path) as page:
        page.write_text(markdown(scores, picture), encoding="utf-8")


def markdown(scores: DrawingScores, picture: str | None) -> str:
    """Format the scores as Markdown."""
    return "\n\n".join(_parts(scores, picture)) + "\n"


_MEASURES = """\
Correlations are Pearson's, of blocks of one degree at disk centre: of the line-of-sight field, of
its strength |B|, and of the logarithm of the brightness in medians of the disk. Polarity: share of
the pixels above 50 G whose sign is right. Means over suns with their 95 % bootstrap interval, drawn
over suns; differences are paired. AR: up to three boxes of strong flux a disk."""

_ANSWERS = """\
Baselines: the model on the drawing of another Sun at the same time by the same hand (shuffled
input), and a quiet Sun: no field (a constant scores 0), and at each distance from disk centre the
mean brightness of suns at the minimum of the cycle."""

_FLUXES = "TUMF Σ|B|A of the line-of-sight field. R² is for the line generated = true."


def _parts(scores: DrawingScores, picture: str | None) -> Iterator[str]:
    yield f"# Sunspot drawings: scores of {scores.model} {scores.version}"
    yield _facts(scores)
    if picture:
        yield f"![Drawings, generated images, and the truth]({picture})"
    yield "## Comparison with baselines"
    yield _MEASURES
    yield _ANSWERS
    yield _against(scores)
    yield "## Unsigned flux"
    yield _FLUXES
    yield _fluxes(scores)
    yield "## By hand"
    yield _by_cases(scores, "hand", tuple(DRAWING_STYLES))
    yield "## With and without spots"
    yield _by_cases(scores, "", (SPOTTED, BLANK))


def _facts(scores: DrawingScores) -> str:
    lines = [
        f"- model `{scores.identity}`",
        f"- simulated suns, version {scores.simulation}, seen from Earth in cycles 24 and 25: "
        "neither the real Sun nor a real drawing was used",
        f"- {scores.drawings} drawings of {scores.suns} suns not trained on, {scores.spotless} "
        "without a spot on the disk",
        f"- grid {scores.grid.size_px}², disk radius {scores.grid.disk_radius_px:g} px",
        f"- `{scores.command}`, Farside {scores.farside}",
    ]
    if scores.suns < ENOUGH_UNITS:
        lines.append(f"- **fewer than {ENOUGH_UNITS} suns: intervals are unreliably narrow**")
    return "\n".join(lines)


def _against(scores: DrawingScores) -> str:
    rows = []
    for measure, area in dict.fromkeys((cell.measure, cell.area) for cell in scores.cells):
        found = {
            prediction: scores.cell(measure, area, prediction=prediction)
            for prediction in (MODEL, OTHER, QUIET)
        }
        rows.append(
            [
                f"{measure}, {area}",
                *(text(cell.estimate if cell else None) for cell in found.values()),
                *(text(c.less if c else None, "+.3f") for c in (found[OTHER], found[QUIET])),
            ]
        )
    names = ["", MODEL, OTHER, QUIET, f"{MODEL} − {OTHER}", f"{MODEL} − {QUIET}"]
    return table(names, rows)


def _fluxes(scores: DrawingScores) -> str:
    rows = [
        [
            f"{row.quantity}, {row.area}",
            row.prediction,
            number(row.regression.correlation),
            number(row.regression.r_squared),
            number(row.regression.slope),
            str(row.values),
        ]
        for row in scores.regressions
    ]
    return table(["", "", "CC", "R²", "slope", "values"], rows)


def _by_cases(scores: DrawingScores, title: str, cases: tuple[str, ...]) -> str:
    rows = []
    for name in (ALL, *cases):
        cells = [scores.cell(measure, area, name) for measure, area in COLUMNS]
        count = cells[0].estimate.values if cells[0] else 0
        shown = (text(cell.estimate if cell else None, ".2f") for cell in cells)
        rows.append([name, str(count), *shown])
    heads = (f"{measure}, {area}" for measure, area in COLUMNS)
    return table([title, "drawings", *heads], rows)
