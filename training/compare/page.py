"""Comparison of models as a Markdown page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from training.compare.result import ComparedModel, Comparison
from training.score.measures import AR, CC, FULL, QR
from training.score.predictions import PERSISTENCE, ZERO
from training.score.summary import MAIN_AGES
from training.scoring.markdown import by_measure, crossed, regression_table, table
from training.scoring.table import ENOUGH_UNITS, Key

AREAS = (FULL, AR, QR)


def markdown(comparison: Comparison) -> str:
    """Format the comparison as Markdown."""
    # A zero field has no correlation.
    first, *others = scored = [each for each in comparison.predictions if each != ZERO]
    measured = [each for each in comparison.measured if each[0] != CC]
    parts = [
        "# The far-side generators on the same simulated suns",
        _facts(comparison),
        _entries(comparison),
        "## Correlation",
        _CORRELATION,
        _by_area({each: Key(prediction=each) for each in scored}, comparison),
        "### Difference from persistence",
        _by_area(_minus(scored, PERSISTENCE), comparison),
        f"### {first} minus each",
        _by_area(_first_minus(first, scored), comparison),
        "## Fluxes and polar field",
        _FLUXES,
        regression_table(comparison),
        "## Other measures",
        _OTHERS,
        by_measure(comparison, measured, MAIN_AGES),
        "## What the reference pair adds",
        _REFERENCE.format(first=first),
        *_by_cases(comparison, comparison.ages, first, others),
        "## In one cycle and in the next",
        _CYCLES,
        *_by_cases(comparison, comparison.cycles, first, others),
    ]
    return "\n\n".join(parts) + "\n"


_CORRELATION = """\
Pearson's, of blocks of 8×8 paper pixels (one degree at disk centre), as in Table 1 of Jeong et al.
(2022): mean over suns with its 95 % bootstrap interval, drawn over suns and not over disks.
Differences are paired. Cases are those whose reference is at least 5 days old."""

_FLUXES = """\
TUMF Σ|B|A and NMF ΣBA of the line-of-sight field. R² is for the line generated = true."""

_OTHERS = """\
SSIM with the range ±1500 G (Jeong et al. 2022); R1, R2, RMSE–SSIM and PSNR by Alshehhi (2020), full
disk; polarity of the pixels whose true field is above 50 G."""

_REFERENCE = """\
Predictions without a reference pair do not depend on its age; persistence is the reference alone.
The second table of each area is {first} minus each other prediction, paired over suns."""

_CYCLES = """\
A cycle that begins after the dates of a model's training is new to it. A model whose fields follow
Hale's law knows the cycle from the date."""


def _facts(comparison: Comparison) -> str:
    origin = "real images"
    if comparison.simulation is not None:
        origin = f"simulated suns, version {comparison.simulation}, not the real Sun"
    units = len(comparison.units)
    lines = [
        f"- data `{comparison.data}`: {origin}",
        f"- {comparison.pairs} pairs of {units} independent suns or months",
        f"- `{comparison.command}`, Farside {comparison.farside}",
    ]
    if units < ENOUGH_UNITS:
        lines.append(f"- **fewer than {ENOUGH_UNITS}: intervals are unreliably narrow**")
    return "\n".join(lines)


def _entries(comparison: Comparison) -> str:
    rows = [
        [
            f"`{entry.name}` {entry.version}",
            entry.title,
            "yes" if entry.uses_reference else "no",
            _dates(entry),
            f"`{entry.identity[:12]}`",
        ]
        for entry in comparison.entries
    ]
    return table(["model", "", "reference pair", "trained on", "identity"], rows)


def _dates(entry: ComparedModel) -> str:
    first, last = (day.isoformat() for day in entry.dates)
    return f"{first} to {last}"


def _by_area(lines: Mapping[str, Key], comparison: Comparison) -> str:
    columns = [Key(CC, area, MAIN_AGES) for area in AREAS]
    return table(["", *AREAS], crossed(comparison, lines, columns))


def _minus(predictions: Sequence[str], other: str) -> dict[str, Key]:
    return {each: Key(prediction=each, minus=other) for each in predictions if each != other}


def _first_minus(first: str, predictions: Sequence[str]) -> dict[str, Key]:
    return {each: Key(prediction=first, minus=each) for each in predictions if each != first}


def _by_cases(
    comparison: Comparison, cases: Sequence[str], first: str, others: Sequence[str]
) -> Iterator[str]:
    alone = {each: Key(prediction=each) for each in (first, *others)}
    for area in (FULL, AR):
        lines = {each: Key(CC, area, each) for each in cases}
        for title, columns in (
            (area, alone),
            (f"{area}, {first} minus", _first_minus(first, others)),
        ):
            yield table([title, *columns], crossed(comparison, lines, columns.values()))
