"""Matching of the far-side regions of two sources, and the rates of hits and false alarms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from farside.seismology.regions import GRID, FarSideRegion, FarSideRegions, Mask
from farside.sun.carrington_grid import Map

WITHIN_DEG = 10.0
"""Greatest distance of two regions that are the same: large regions are this wide, and positions
by helioseismology are good to some degrees. A choice."""


@dataclass(frozen=True)
class Match:
    """Region of one or both sources; None where it is in one alone."""

    reference: FarSideRegion | None
    found: FarSideRegion | None

    @property
    def distance_deg(self) -> float | None:
        """Great-circle distance of both, degrees."""
        if self.reference is None or self.found is None:
            return None
        return float(_distances([self.reference], [self.found])[0, 0])


@dataclass(frozen=True, eq=False)
class Comparison:
    """Regions of a source compared with those of a reference at one time.

    Attributes
    ----------
    reference, found
        All regions of both.
    covered
        Mask of the cells that both cover: regions elsewhere are not compared.
    matches
        Pairs, misses and false alarms in that area.
    """

    reference: FarSideRegions
    found: FarSideRegions
    covered: Mask
    matches: tuple[Match, ...]


@dataclass(frozen=True)
class Rates:
    """Rates over some comparisons.

    Attributes
    ----------
    hits, references, found
        Number of regions in both sources, in the reference and in the other.
    rank_correlation
        Correlation of the ranks of the sizes of pairs; None for fewer than four.
    """

    hits: int
    references: int
    found: int
    rank_correlation: float | None

    @property
    def hit_rate(self) -> float | None:
        """Share of the reference's regions that were found; None without any."""
        return self.hits / self.references if self.references else None

    @property
    def false_alarm_rate(self) -> float | None:
        """Share of the found regions that the reference does not have; None without any."""
        return 1 - self.hits / self.found if self.found else None


def compare(
    reference: FarSideRegions, found: FarSideRegions, within_deg: float = WITHIN_DEG
) -> Comparison:
    """Match regions one to one by place, the nearest pairs first; of equals the larger ones.

    Both lists are expected at one time: a region is carried by differential rotation before.
    """
    covered = reference.covered & found.covered
    ours, theirs = ([r for r in each.regions if _inside(r, covered)] for each in (reference, found))
    pairs = list(_pairs(ours, theirs, within_deg))
    matched = {id(region) for pair in pairs for region in pair}
    matches = [Match(*pair) for pair in pairs]
    matches += [Match(region, None) for region in ours if id(region) not in matched]
    matches += [Match(None, region) for region in theirs if id(region) not in matched]
    return Comparison(reference, found, covered, tuple(matches))


def rates(comparisons: Sequence[Comparison]) -> Rates:
    """Count hits, misses and false alarms over all comparisons."""
    matches = [match for each in comparisons for match in each.matches]
    pairs = [(m.reference.size, m.found.size) for m in matches if m.reference and m.found]
    ranked = spearmanr(*zip(*pairs, strict=True)).statistic if len(pairs) > 3 else None
    return Rates(
        hits=len(pairs),
        references=sum(match.reference is not None for match in matches),
        found=sum(match.found is not None for match in matches),
        rank_correlation=None if ranked is None or np.isnan(ranked) else float(ranked),
    )


def _pairs(
    ours: Sequence[FarSideRegion], theirs: Sequence[FarSideRegion], within_deg: float
) -> Iterator[tuple[FarSideRegion, FarSideRegion]]:
    if not (ours and theirs):
        return
    apart = _distances(ours, theirs)
    # Both lists are in order of size, and the sort is stable.
    taken: tuple[set[int], set[int]] = set(), set()
    for place in np.argsort(apart, axis=None, kind="stable"):
        row, column = divmod(int(place), len(theirs))
        if apart[row, column] > within_deg:
            return
        if row not in taken[0] and column not in taken[1]:
            taken[0].add(row)
            taken[1].add(column)
            yield ours[row], theirs[column]


def _distances(ours: Sequence[FarSideRegion], theirs: Sequence[FarSideRegion]) -> Map:
    """Great-circle distances, (ours, theirs), degrees."""
    first, second = (
        np.radians([(r.longitude_deg, r.latitude_deg) for r in each]).T for each in (ours, theirs)
    )
    across = first[0][:, None] - second[0]
    cosine = np.sin(first[1])[:, None] * np.sin(second[1]) + np.cos(first[1])[:, None] * np.cos(
        second[1]
    ) * np.cos(across)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _inside(region: FarSideRegion, covered: Mask) -> bool:
    sine = np.sin(np.radians(region.latitude_deg))
    row = min(int((sine + 1) / 2 * GRID.rows), GRID.rows - 1)
    return bool(covered[row, int(region.longitude_deg / GRID.step_deg) % GRID.columns])
