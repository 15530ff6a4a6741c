"""Matching of regions: one to one, nearest first, where both look."""

import numpy as np
import pytest
from astropy.time import Time

from farside.plots.seismology import FALSE_ALARM, HIT, MISS, seismic_figure
from farside.quality import Quality
from farside.seismology.compare import compare, rates
from farside.seismology.regions import GRID, FarSideRegion, FarSideRegions, Mask, Unit, far_side

TIME = Time("2014-03-05T12:00:00")
EVERYWHERE = np.ones(GRID.shape, np.bool_)


def regions(
    *places: tuple[float, float, float], covered: Mask = EVERYWHERE, unit: Unit = "µHem rad"
) -> FarSideRegions:
    found = tuple(FarSideRegion(f"R{n}", *place) for n, place in enumerate(places))
    return FarSideRegions("list", TIME, unit, found, covered)


def test_each_region_has_at_most_one_match_and_the_nearest_pair_comes_first() -> None:
    compared = compare(regions((100, 10, 900), (107, 10, 500)), regions((105, 10, 1), (90, 10, 1)))
    pairs = {
        (m.reference.longitude_deg, m.found.longitude_deg)
        for m in compared.matches
        if m.reference and m.found
    }
    # 107 takes 105, so that 100 is left with 90, within 10°.
    assert pairs == {(107, 105), (100, 90)}
    assert rates([compared]).hit_rate == 1


def test_distances_are_on_the_sphere_and_across_longitude_0() -> None:
    (match,) = compare(regions((359, 60, 1)), regions((5, 60, 1))).matches
    assert match.distance_deg == pytest.approx(3, abs=0.05)


def test_regions_that_only_one_source_could_see_do_not_count() -> None:
    ours = regions((100, 10, 900), (250, 0, 900))
    theirs = regions((300, 0, 1), (20, 0, 1), covered=far_side(280, 0))
    found = rates([compare(ours, theirs)])
    assert (found.references, found.found, found.hits) == (1, 1, 0)
    assert (found.hit_rate, found.false_alarm_rate) == (0, 1)


def test_without_regions_there_are_no_rates() -> None:
    found = rates([compare(regions(), regions())])
    assert (found.hit_rate, found.false_alarm_rate, found.rank_correlation) == (None, None, None)


def test_ranks_of_sizes_are_correlated_over_all_times() -> None:
    sizes = [(100, 1.0), (300, 2.0), (200, 3.0), (400, 4.0)]
    compared = [compare(regions((50, 0, a)), regions((50, 0, b), unit="Mx")) for a, b in sizes]
    assert rates(compared).rank_correlation == pytest.approx(0.8)


def test_the_picture_marks_hits_misses_and_false_alarms() -> None:
    compared = compare(
        regions((270, 10, 900), (250, 0, 900)), regions((271, 10, 1e22), (300, 0, 1e22), unit="Mx")
    )
    figure = seismic_figure(compared, np.zeros(GRID.shape), quality=Quality.SIMULATED_TRAINING)
    axes = figure.axes[0]
    colours = [line.get_markeredgecolor() for line in axes.lines]
    assert sorted(colours) == sorted([HIT, HIT, MISS, FALSE_ALARM])
    assert "simulated Sun" in figure.get_suptitle()
