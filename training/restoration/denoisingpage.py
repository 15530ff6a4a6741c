"""Scores of denoisers as a Markdown page, and as a report for each model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel

from farside.denoising.noise import NETWORK_MM, STRONG_GAUSS
from farside.io.atomic import atomic_path
from farside.model.recipe import Score
from training.restoration.denoisingscores import (
    CENTRE,
    COHERENT,
    LIMB,
    PAPER,
    POWER,
    STRONG,
    WEAK,
    DenoisingScores,
    Target,
    scores_of,
)
from training.score.report import JSON
from training.scoring.markdown import crossed, table, text
from training.scoring.table import ENOUGH_UNITS, Key


class ModelReport(BaseModel):
    """Report for ``python -m export.publish --report``."""

    identity: str
    scores: tuple[Score, ...]


def write_reports(found: DenoisingScores, folder: Path) -> None:
    """Write ``NAME/report.json`` for each model."""
    for entry in found.entries:
        report = ModelReport(identity=entry.identity, scores=scores_of(found, entry.name))
        (folder / entry.name).mkdir(parents=True, exist_ok=True)
        with atomic_path(folder / entry.name / JSON) as path:
            path.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")


def markdown(found: DenoisingScores, picture: str) -> str:
    """Format the scores as Markdown."""
    parts = [
        "# Denoisers on the same simulated suns",
        _facts(found),
        _entries(found),
        f"![Before and after]({picture})",
        "## Targets",
        _TARGETS,
        *(_verdict(found, entry.name) for entry in found.entries),
        "## Noise",
        _NOISE.format(blurs=_blurs(found)),
        _table(found, (CENTRE, LIMB), _paper_rows()),
        "## What is kept",
        _KEPT,
        _table(found, (POWER, COHERENT, WEAK)),
        _table(found, STRONG),
    ]
    return "\n\n".join(parts) + "\n"


_TARGETS = """\
The noise that Park et al. (2020) reach, relative to that of their single frame: 9.1 G at disk
centre and 10.7 G at the limb. The mean over suns decides."""

_NOISE = """\
Width of a Gaussian fitted to the core of the distribution of weak field, in a box at disk centre
and in four at the limb; mean over suns with its 95 % bootstrap interval.

{blurs}"""

_KEPT = f"""\
Against the noise-free field. Network: wavelengths of {NETWORK_MM[0]:g} to {NETWORK_MM[1]:g} Mm
in the box at disk centre; noise that is left adds to the power, not to the amplitude in phase.
Strong field: where the truth is {STRONG_GAUSS:g} G or more, in that box and in one around the
strongest region within 0.7 radii. Weak field has no target, and little of the network's power: the
third column is the share that is kept of field nearly hidden in one frame. The simulated field is
made of cells of 1.5 Mm, four pixels of HMI: finer structure is not tested."""


def _facts(found: DenoisingScores) -> str:
    seeds = [seed for seed, _ in found.suns]
    lines = [
        f"- {len(seeds)} simulated suns, version {found.simulation}, seeds {seeds[0]} to "
        f"{seeds[-1]}, one date each; the real Sun was not used",
        f"- `{found.command}`, Farside {found.farside}",
    ]
    if len(seeds) < ENOUGH_UNITS:
        lines.append(f"- fewer than {ENOUGH_UNITS} suns: intervals are somewhat too narrow")
    return "\n".join(lines)


def _entries(found: DenoisingScores) -> str:
    rows = [
        [f"`{entry.name}` {entry.version}", entry.title, f"`{entry.identity[:12]}`"]
        for entry in found.entries
    ]
    return table(["model", "", "identity"], rows)


def _blurs(found: DenoisingScores) -> str:
    widths = (f"{width:.2f} px for `{name}`" for name, width in found.blurs.items())
    return (
        "Each blur is the narrowest that leaves no more noise at disk centre than the model, "
        f"found for every Sun separately: σ is {' and '.join(widths)} on average."
    )


def _paper_rows() -> Iterator[list[str]]:
    for name, noise in PAPER.items():
        yield [f"Park et al. (2020), {name}", *(f"{gauss:.1f}" for gauss in noise)]


def _table(found: DenoisingScores, measures: Iterable[str], more: Iterable[list[str]] = ()) -> str:
    measures = tuple(measures)
    lines = {each: Key(prediction=each) for each in found.predictions}
    rows = crossed(found, lines, map(Key, measures))
    return table(["", *measures], [*rows, *more])


def _verdict(found: DenoisingScores, model: str) -> str:
    rows = [
        [target.what, _required(target), text(target.found), "yes" if target.holds else "**no**"]
        for target in found.targets
        if target.model == model
    ]
    return table([f"`{model}`", "target", "found", "met"], rows)


def _required(target: Target) -> str:
    bound = "at most" if "noise" in target.what else "at least"
    return f"{bound} {target.required:.3f}"
