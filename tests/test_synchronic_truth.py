"""Maps of simulated suns against the whole surface, paired over seeds.

``python -m pytest tests/test_synchronic_truth.py -m soak -s`` prints the tables.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from farside.evaluation.statistics import Interval, interval
from farside.synchronic.disk import MapDisk
from farside.synchronic.emergence import whole_field
from farside.synchronic.map import BaseMap
from farside.synchronic.merge import synchronic
from farside.synchronic.project import project_disk
from tests.support.daily_maps import averaged, replaced
from tests.support.known_sun import (
    GRID,
    MODELS,
    KnownSun,
    RegionScores,
    Scores,
    known_sun,
    new_region,
    score,
    score_region,
)

BASE_ALONE, HMI_ALONE, HMI_AND_BASE = "base", "HMI", "HMI + base"
FULL = {model: f"HMI + {model} + base" for model in MODELS}
SEEDS = range(9100, 9116)
DEMO = "pix2pixcc-demo"
MEASURES = ("correlation", "flux_error", "rms_gauss")

NEW_SEEDS = range(9120, 9123)
OFFSETS_DEG = {40.0: (60, 72), 70.0: (35, 55), 130.0: (-8, 15), 180.0: (-15, 15)}
"""By the Stonyhurst longitude of the spacecraft: how far west of it two new regions lie, which
Earth does not see."""

NEW_FLUX_MX = 1.5e22
"""Flux of each polarity of a new region."""

Table = dict[str, Scores]
"""By what the map was made of."""


def chained(disks: Sequence[MapDisk]) -> BaseMap:
    """Our own map of each day, the base of the next."""
    base: BaseMap | None = None
    for disk in disks:
        base = synchronic([disk], base).to_base_map()
    assert base is not None
    return base


PRODUCERS: dict[str, Callable[[Sequence[MapDisk]], BaseMap]] = {
    "a mean by cos⁴, as GONG's": averaged,
    "each day replaced within 60°, as HMI's": replaced,
}
"""Bases on which our weights have no influence: on :func:`chained` a weight that spoils the base
map would seem to make the generated disks worth more."""

OWN = "our own maps, day by day"


def scores_of(sun: KnownSun, base: BaseMap) -> Table:
    seen = project_disk(sun.observed, GRID, sun.time).mu
    maps = {
        **{
            FULL[model]: synchronic([sun.observed, *disks], base, sun.time)
            for model, disks in sun.generated.items()
        },
        HMI_AND_BASE: synchronic([sun.observed], base, sun.time),
        BASE_ALONE: synchronic([], base, sun.time),
        HMI_ALONE: synchronic([sun.observed], None, sun.time),
    }
    return {name: score(made.field_gauss, sun, seen) for name, made in maps.items()}


def gain(ours: Sequence[Scores], theirs: Sequence[Scores], measure: str) -> Interval:
    """Paired over suns: positive is better."""
    sign = 1 if measure == "correlation" else -1
    first, second = ([sign * getattr(s, measure) for s in each] for each in (ours, theirs))
    return interval(first, second)


def column(tables: Sequence[Table], name: str) -> list[Scores]:
    return [table[name] for table in tables]


def print_tables(title: str, tables: Sequence[Table]) -> None:
    print(f"\nbase map: {title}")  # noqa: T201
    others = HMI_AND_BASE, BASE_ALONE, HMI_ALONE
    for name in (*FULL.values(), *others):
        means = [np.mean([getattr(s, m) for s in column(tables, name)]) for m in MEASURES]
        text = f"{means[0]:.3f} {means[1]:.3f} {means[2]:.1f}"
        print(f"{name:28} correlation, AR flux error, rms: {text}")  # noqa: T201
    for name, other in itertools.product(FULL.values(), others):
        print_gain(f"of {name} over {other}", column(tables, name), column(tables, other))


def print_gain(title: str, ours: Sequence[Scores], theirs: Sequence[Scores]) -> None:
    for measure in MEASURES:
        found = gain(ours, theirs, measure)
        text = f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
        print(f"gain {title}: {measure} {text}")  # noqa: T201


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=list(PRODUCERS))
def test_generated_disks_bring_the_unseen_hemisphere_nearer_the_truth_on_one_sun(
    first_sun: KnownSun, producer: Callable[[Sequence[MapDisk]], BaseMap]
) -> None:
    """The first of the sixteen, with a base map of every third day."""
    scores = scores_of(first_sun, producer(first_sun.earlier))
    for model, other in itertools.product(MODELS, (BASE_ALONE, HMI_ALONE)):
        ours = scores[FULL[model]]
        assert ours.correlation > scores[other].correlation
        assert ours.flux_error < scores[other].flux_error


@pytest.fixture(scope="module")
def first_sun() -> KnownSun:
    return known_sun(SEEDS[0], step_days=3.0)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_with_generated_disks_the_unseen_hemisphere_is_nearer_the_truth() -> None:
    makers = {**PRODUCERS, OWN: chained}
    tables: dict[str, list[Table]] = {title: [] for title in makers}
    for seed in SEEDS:
        sun = known_sun(seed)
        for title, make in makers.items():
            tables[title].append(scores_of(sun, make(sun.earlier)))
    for title in makers:
        print_tables(title, tables[title])
    chains = column(tables[OWN], BASE_ALONE)
    for title in PRODUCERS:
        base = column(tables[title], BASE_ALONE)
        print_gain(f"of {OWN} over {title}, both alone", chains, base)
        for measure in MEASURES:
            assert gain(chains, base, measure).low > 0
            for name in FULL.values():
                ours = column(tables[title], name)
                assert gain(ours, base, measure).low > 0
                assert gain(ours, column(tables[title], HMI_ALONE), measure).low > 0


def sun_with_new_regions(seed: int, longitude_deg: float) -> KnownSun:
    """Sun with one spacecraft and two regions, three days old, that Earth has not seen."""
    added = [
        new_region(seed, longitude_deg + west, latitude, NEW_FLUX_MX, leading)
        for west, latitude, leading in zip(
            OFFSETS_DEG[longitude_deg], (15.0, -15.0), (-1, 1), strict=True
        )
    ]
    return known_sun(seed, spacecraft={"A": longitude_deg}, added=added)


def new_region_scores(sun: KnownSun, base: BaseMap, model: str) -> list[tuple[RegionScores, ...]]:
    """By region: disk against truth, map against disk, and map against truth.

    The field of the disk is that of full strength.
    """
    made = synchronic([sun.observed, *sun.generated[model]], base, sun.time).field_gauss
    (part,) = (project_disk(disk, GRID, sun.time) for disk in sun.generated[model])
    disk = whole_field(part)
    pairs = (disk, sun.truth), (made, disk), (made, sun.truth)
    return [tuple(score_region(*pair, region) for pair in pairs) for region in sun.added]


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_new_far_side_region_reaches_the_map_as_the_generated_disk_has_it() -> None:
    suns = [(at, sun_with_new_regions(seed, at)) for at in OFFSETS_DEG for seed in NEW_SEEDS]
    for title, make in PRODUCERS.items():
        bases = [(at, sun, make(sun.earlier)) for at, sun in suns]
        for model in MODELS:
            rows = [
                (at, row) for at, sun, base in bases for row in new_region_scores(sun, base, model)
            ]
            for at, scores in rows:
                text = ", ".join(f"{each.flux:.2f} {each.dipole:+.2f}" for each in scores)
                print(f"{title} {at:+.0f}: disk/true, map/disk, map/true: {text}")  # noqa: T201
            whole = [0.8 <= scores[1].flux <= 1.2 for _, scores in rows]
            print(f"{title}, {model}: flux of the disk to 20 % in {np.mean(whole):.0%}")  # noqa: T201
            assert np.median([scores[1].flux for _, scores in rows]) > 0.8
        print_tables(title, [scores_of(sun, base) for _, sun, base in bases])
