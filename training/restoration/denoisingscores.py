"""Statistics of denoisers over suns: means with intervals, and targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import farside.simulation
from farside import __version__
from farside.model.recipe import Score
from training.restoration.boxes import WEAK_GAUSS, DenoisingMeasures
from training.restoration.denoiser import ONE_FRAME, Denoiser, SunScores
from training.scoring.models import ScoredModel, scored_model
from training.scoring.table import Estimate, Row, Scores, estimate, means

CENTRE, LIMB = "noise at disk centre, G", "noise at the limb, G"
POWER, COHERENT = "network power", "network amplitude in phase"
WEAK = f"field of {WEAK_GAUSS[0]:g} to {WEAK_GAUSS[1]:g} G, slope"

STRONG = tuple(
    f"strong {where}, {what}"
    for where in ("field at disk centre", "region")
    for what in ("slope", "flux")
)

MEASURES = (CENTRE, LIMB, POWER, COHERENT, WEAK, *STRONG)
"""Measures in the order of the tables."""

PAPER = {
    ONE_FRAME: (9.1, 10.7),
    "M1, translation": (3.4, 4.5),
    "M2, auto-encoder": (3.9, 4.9),
}
"""Noise at disk centre and limb in Park et al. (2020), gauss."""

LEAST_NETWORK, LEAST_STRONG = 0.90, 0.98


@dataclass(frozen=True)
class Target:
    """Target of a model, and whether it is met.

    Attributes
    ----------
    what
        Name of the target, as in tables.
    required
        Greatest noise, or least share that is kept.
    found
        Estimate; its mean decides.
    """

    model: str
    what: str
    required: float
    found: Estimate
    holds: bool


@dataclass(frozen=True, kw_only=True)
class DenoisingScores(Scores):
    """Scores of all denoisers.

    Attributes
    ----------
    suns
        Seed and date of each Sun.
    blurs
        Mean width, by model, of the Gaussian that leaves as little noise as it, pixels.
    """

    command: str
    farside: str
    simulation: int
    suns: tuple[tuple[int, str], ...]
    entries: tuple[ScoredModel, ...]
    blurs: dict[str, float]
    targets: tuple[Target, ...]


def values(found: DenoisingMeasures) -> Iterator[tuple[str, float]]:
    """Yield the measures of one treatment by name; those of strong field if there is any."""
    yield CENTRE, found.centre_gauss
    yield LIMB, found.limb_gauss
    yield POWER, found.network.power
    yield COHERENT, found.network.coherent
    yield WEAK, found.weak
    for where, strong in (("field at disk centre", found.centre), ("region", found.region)):
        if strong:
            yield f"strong {where}, slope", strong.slope
            yield f"strong {where}, flux", strong.unsigned


def summarise(
    suns: Sequence[SunScores], denoisers: Sequence[Denoiser], command: str
) -> DenoisingScores:
    """Summarise the scores of all suns, with intervals over suns."""
    names = [each.name for each in denoisers]
    rows = [
        Row(f"seed {sun.seed}", sun.day, prediction, measure, "", value)
        for sun in suns
        for prediction, found in sun.measures.items()
        for measure, value in values(found)
    ]
    return DenoisingScores(
        means=tuple(means({"": rows}, ((each, "") for each in MEASURES))),
        command=command,
        farside=__version__,
        simulation=farside.simulation.VERSION,
        suns=tuple((sun.seed, sun.day) for sun in suns),
        entries=tuple(scored_model(each.model) for each in denoisers),
        blurs={name: sum(sun.blur_px[name] for sun in suns) / len(suns) for name in names},
        targets=tuple(target for name in names for target in _targets(suns, name)),
    )


def scores_of(found: DenoisingScores, model: str) -> tuple[Score, ...]:
    """Scores for the Recipe of a model."""
    among = f"{len(found.suns)} simulated suns not trained on"
    return tuple(
        Score(
            measure=f"{mean.measure}, {among}",
            value=float(f"{mean.estimate.mean:.4f}"),
            command=found.command,
        )
        for mean in found.means
        if mean.prediction == model
    )


def _targets(suns: Sequence[SunScores], name: str) -> Iterator[Target]:
    mine, frame = (
        {f"seed {sun.seed}": dict(values(sun.measures[each])) for sun in suns}
        for each in (name, ONE_FRAME)
    )
    before = PAPER[ONE_FRAME]
    for paper, after in PAPER.items():
        for index, measure in enumerate((CENTRE, LIMB)):
            if paper != ONE_FRAME:
                what = f"{measure.removesuffix(', G')}, share of one frame's, as {paper}"
                shares = {seed: own[measure] / frame[seed][measure] for seed, own in mine.items()}
                yield from _target(name, what, after[index] / before[index], shares, most=True)
    for measure, least in {POWER: LEAST_NETWORK, **dict.fromkeys(STRONG, LEAST_STRONG)}.items():
        kept = {seed: own[measure] for seed, own in mine.items() if measure in own}
        yield from _target(name, measure, least, kept, most=False)
    in_phase = {seed: own[COHERENT] ** 2 for seed, own in mine.items()}
    yield from _target(name, "network power in phase", LEAST_NETWORK, in_phase, most=False)


def _target(
    model: str, what: str, required: float, by_sun: Mapping[str, float], *, most: bool
) -> Iterator[Target]:
    found = estimate({seed: [value] for seed, value in by_sun.items()})
    if found:
        holds = found.mean <= required if most else found.mean >= required
        yield Target(model, what, required, found, holds)
