"""Comparison of models as a Markdown page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from farside.io.atomic import atomic_path
from training.compare.result import CC, Cell, ComparedModel, Comparison
from training.score.markdown import number, table, text
from training.score.predictions import ZERO
from training.score.report import ENOUGH_UNITS
from training.score.summary import AR, FULL, QR, RegressionRow

AREAS = (FULL, AR, QR)

Which = Literal["estimate", "minus_persistence", "first_minus"]


def write_comparison(comparison: Comparison, path: Path) -> None:
    """Write the page, and all numbers as JSON beside it, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path.with_suffix(".json")) as numbers:
        numbers.write_bytes(TypeAdapter(Comparison).dump_json(comparison, indent=1) + b"\n")
    with atomic_path(path) as page:
        page.write_text(markdown(comparison), encoding="utf-8")


def read_comparison(path: Path) -> Comparison:
    """Read the JSON that :func:`write_comparison` wrote."""
    return TypeAdapter(Comparison).validate_json(path.read_bytes())


def markdown(comparison: Comparison) -> str:
    """Format the comparison as Markdown."""
    parts = [
        "# The far-side generators on the same simulated suns",
        _facts(comparison),
        _entries(comparison),
        "## Correlation",
        _CORRELATION,
        _by_area(comparison),
        "### Difference from persistence",
        _by_area(comparison, "minus_persistence"),
        f"### {comparison.predictions[0]} minus each",
        _by_area(comparison, "first_minus"),
        "## Fluxes and polar field",
        _FLUXES,
        _regressions(comparison.regressions),
        "## Other measures",
        _OTHERS,
        _others(comparison),
        "## What the reference pair adds",
        _REFERENCE.format(first=comparison.predictions[0]),
        *_by_cases(comparison, comparison.ages),
        "## In one cycle and in the next",
        _CYCLES,
        *_by_cases(comparison, comparison.cycles),
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
        f"- {comparison.cases} pairs of {units} independent suns or months",
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


def _by_area(comparison: Comparison, which: Which = "estimate") -> str:
    rows = []
    for prediction in _scored(comparison):
        cells = [comparison.cell(prediction, area) for area in AREAS]
        if any(cell and getattr(cell, which) for cell in cells):
            rows.append([prediction, *(_shown(cell, which) for cell in cells)])
    return table(["", *AREAS], rows)


def _by_cases(comparison: Comparison, cases: Sequence[str]) -> Iterator[str]:
    first, *others = _scored(comparison)
    for area in (FULL, AR):
        yield _case_table(comparison, area, area, cases, (first, *others))
        title = f"{area}, {first} minus"
        yield _case_table(comparison, title, area, cases, others, "first_minus")


def _case_table(
    comparison: Comparison,
    title: str,
    area: str,
    cases: Sequence[str],
    predictions: Sequence[str],
    which: Which = "estimate",
) -> str:
    rows = []
    for each in cases:
        cells = (comparison.cell(prediction, area, each) for prediction in predictions)
        rows.append([each, *(_shown(cell, which) for cell in cells)])
    return table([title, *predictions], rows)


def _shown(cell: Cell | None, which: Which) -> str:
    form = ".3f" if which == "estimate" else "+.3f"
    return text(getattr(cell, which) if cell else None, form)


def _scored(comparison: Comparison) -> list[str]:
    """Predictions with a correlation; a zero field has none."""
    return [prediction for prediction in comparison.predictions if prediction != ZERO]


def _others(comparison: Comparison) -> str:
    keys = dict.fromkeys((cell.measure, cell.area) for cell in comparison.cells)
    rows = []
    for measure, area in keys:
        if measure != CC:
            cells = [comparison.cell(a, area, measure=measure) for a in comparison.predictions]
            found = (text(cell.estimate if cell else None) for cell in cells)
            rows.append([f"{measure}, {area}", *found])
    return table(["", *comparison.predictions], rows)


def _regressions(found: Sequence[RegressionRow]) -> str:
    rows = [
        [
            f"{row.quantity}, {row.area}",
            row.prediction,
            number(row.regression.correlation),
            number(row.regression.r_squared),
            number(row.regression.slope),
            str(row.values),
        ]
        for row in found
    ]
    return table(["", "", "CC", "R²", "slope", "values"], rows)
