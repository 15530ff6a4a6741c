"""Statistics of denoisers over suns: means with intervals, and targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import farside.simulation
from farside import __version__
from farside.model.recipe import Score
from training.restoration.boxes import WEAK_GAUSS, DenoisingMeasures
from training.restoration.denoiser import ONE_FRAME, Denoiser, SunScores
from training.score.summary import Estimate, estimated

Measure = Callable[[DenoisingMeasures], float | None]
Selector = Callable[[SunScores], float | None]

CENTRE, LIMB = "noise at disk centre, G", "noise at the limb, G"
POWER, COHERENT = "network power", "network amplitude in phase"
WEAK = f"field of {WEAK_GAUSS[0]:g} to {WEAK_GAUSS[1]:g} G, slope"

MEASURES: dict[str, Measure] = {
    CENTRE: lambda found: found.centre_gauss,
    LIMB: lambda found: found.limb_gauss,
    POWER: lambda found: found.network.power,
    COHERENT: lambda found: found.network.coherent,
    WEAK: lambda found: found.weak,
    "strong field at disk centre, slope": lambda found: (
        found.centre.slope if found.centre else None
    ),
    "strong field at disk centre, flux": lambda found: (
        found.centre.unsigned if found.centre else None
    ),
    "strong region, slope": lambda found: found.region.slope if found.region else None,
    "strong region, flux": lambda found: found.region.unsigned if found.region else None,
}
"""Measures by name; None if a Sun has no strong field."""

STRONG = tuple(name for name in MEASURES if name.startswith("strong"))

PAPER = {
    ONE_FRAME: (9.1, 10.7),
    "M1, translation": (3.4, 4.5),
    "M2, auto-encoder": (3.9, 4.9),
}
"""Noise at disk centre and limb in Park et al. (2020), gauss."""

LEAST_NETWORK, LEAST_STRONG = 0.90, 0.98


@dataclass(frozen=True)
class ScoredModel:
    """Model that was scored."""

    name: str
    version: str
    identity: str
    title: str


@dataclass(frozen=True)
class Row:
    """Mean of one measure of one prediction over suns."""

    prediction: str
    measure: str
    estimate: Estimate


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


@dataclass(frozen=True)
class DenoisingScores:
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
    rows: tuple[Row, ...]
    targets: tuple[Target, ...]

    @property
    def predictions(self) -> tuple[str, ...]:
        """Names of the predictions in the order of the tables."""
        return tuple(dict.fromkeys(row.prediction for row in self.rows))

    def estimate(self, prediction: str, measure: str) -> Estimate | None:
        """Estimate by its keys; None if it was not measured."""
        keys = {(row.prediction, row.measure): row.estimate for row in self.rows}
        return keys.get((prediction, measure))


def summarise(
    suns: Sequence[SunScores], denoisers: Sequence[Denoiser], command: str
) -> DenoisingScores:
    """Summarise the scores of all suns, with intervals over suns."""
    names = [each.name for each in denoisers]
    return DenoisingScores(
        command=command,
        farside=__version__,
        simulation=farside.simulation.VERSION,
        suns=tuple((sun.seed, sun.day) for sun in suns),
        entries=tuple(map(_entry, denoisers)),
        blurs={name: sum(sun.blur_px[name] for sun in suns) / len(suns) for name in names},
        rows=tuple(_rows(suns)),
        targets=tuple(target for name in names for target in _targets(suns, name)),
    )


def scores_of(found: DenoisingScores, model: str) -> tuple[Score, ...]:
    """Scores for the Recipe of a model."""
    among = f"{len(found.suns)} simulated suns not trained on"
    return tuple(
        Score(
            measure=f"{row.measure}, {among}",
            value=float(f"{row.estimate.mean:.4f}"),
            command=found.command,
        )
        for row in found.rows
        if row.prediction == model
    )


def _entry(denoiser: Denoiser) -> ScoredModel:
    recipe = denoiser.model.recipe
    return ScoredModel(recipe.name, recipe.version, denoiser.model.identity, recipe.title)


def _rows(suns: Sequence[SunScores]) -> Iterator[Row]:
    for prediction in suns[0].measures:
        for name, measure in MEASURES.items():
            found = _over(suns, _of(prediction, measure))
            if found:
                yield Row(prediction, name, found)


def _over(suns: Sequence[SunScores], value: Selector) -> Estimate | None:
    """Estimate the mean over the suns that have a value."""
    values = {str(sun.seed): value(sun) for sun in suns}
    return estimated({seed: [each] for seed, each in values.items() if each is not None})


def _targets(suns: Sequence[SunScores], name: str) -> Iterator[Target]:
    before = PAPER[ONE_FRAME]
    for paper, after in PAPER.items():
        for index, measure in enumerate((CENTRE, LIMB)):
            if paper != ONE_FRAME:
                what = f"{measure.removesuffix(', G')}, share of one frame's, as {paper}"
                found = _over(suns, _share(name, MEASURES[measure]))
                yield from _target(name, what, after[index] / before[index], found, most=True)
    for measure, least in {
        POWER: LEAST_NETWORK,
        **dict.fromkeys(STRONG, LEAST_STRONG),
    }.items():
        found = _over(suns, _of(name, MEASURES[measure]))
        yield from _target(name, measure, least, found, most=False)
    found = _over(suns, lambda sun: sun.measures[name].network.coherent ** 2)
    yield from _target(name, "network power in phase", LEAST_NETWORK, found, most=False)


def _of(prediction: str, measure: Measure) -> Selector:
    return lambda sun: measure(sun.measures[prediction])


def _share(prediction: str, measure: Measure) -> Selector:
    """Selector of the noise of a prediction relative to that of one frame."""

    def pick(sun: SunScores) -> float | None:
        left, before = measure(sun.measures[prediction]), measure(sun.measures[ONE_FRAME])
        return None if left is None or not before else left / before

    return pick


def _target(
    model: str, what: str, required: float, found: Estimate | None, *, most: bool
) -> Iterator[Target]:
    if found:
        holds = found.mean <= required if most else found.mean >= required
        yield Target(model, what, required, found, holds)
