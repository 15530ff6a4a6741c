"""Scores of a model of drawings as a Markdown page and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

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
from training.score.measures import AR, FULL
from training.score.run import MODEL
from training.scoring.markdown import crossed, regression_table, table
from training.scoring.table import ENOUGH_UNITS, Key

COLUMNS = (
    (FIELD, FULL),
    (UNSIGNED, FULL),
    (FIELD, AR),
    (POLARITY, FULL),
    *((band, FULL) for band in BANDS["SDO"]),
)
"""Columns of the tables by style and by activity."""


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
    yield regression_table(scores)
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
    lines = {f"{measure}, {area}": Key(measure, area, ALL) for measure, area in scores.measured}
    columns = {each: Key(prediction=each) for each in (MODEL, OTHER, QUIET)}
    columns |= {f"{MODEL} − {each}": Key(prediction=MODEL, minus=each) for each in (OTHER, QUIET)}
    return table(["", *columns], crossed(scores, lines, columns.values()))


def _by_cases(scores: DrawingScores, title: str, cases: tuple[str, ...]) -> str:
    lines = {each: Key(cases=each, prediction=MODEL) for each in (ALL, *cases)}
    rows = []
    for name, *cells in crossed(scores, lines, (Key(*each) for each in COLUMNS), digits=2):
        first = scores.estimate(lines[name].joined(Key(*COLUMNS[0])))
        rows.append([name, str(first.values if first else 0), *cells])
    heads = (f"{measure}, {area}" for measure, area in COLUMNS)
    return table([title, "drawings", *heads], rows)
