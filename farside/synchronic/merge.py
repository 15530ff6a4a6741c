"""Merging observed and generated disks and a base map into one synchronic map."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

import numpy as np
from astropy.time import Time

from farside.errors import (
    DuplicateChannelError,
    IncompleteSetError,
    SaturatingModelError,
    TimesApartError,
)
from farside.quality import OF_A_MAP, Quality
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.synchronic.contributions import Contribution, WeightedMean, weighted_mean
from farside.synchronic.disk import MapDisk
from farside.synchronic.emergence import insert_regions
from farside.synchronic.fill import Mask, advect_base_map, evolution_sigma_gauss, fill_gaps
from farside.synchronic.map import (
    NO_INSTRUMENT,
    BaseMap,
    FluxBalance,
    MapSource,
    Overlap,
    SynchronicMap,
)
from farside.synchronic.project import ProjectedDisk, project_disk
from farside.synchronic.weights import (
    LOW_CORRELATION,
    expected_correlation,
    overlap_score,
    quality_factor,
)

ONE_DEGREE = CarringtonGrid()

DISK_AGE_DAYS = (-1.0, 3.0)
"""Least and greatest age of a disk at the time of the map: within these a region changes by less
than the error of a model. Negative ages are for maps made in retrospect. A choice."""

BASE_AGE_DAYS = (-1.0, 60.0)
"""Least and greatest age of a base map; after two rotations it says little. A choice."""

STALE_BASE_DAYS = 3.0
"""Age from which a base map is flagged as stale: those of GONG, ADAPT and HMI come hourly or daily.
A choice."""

WELL_SEEN_MU = 0.25
"""Least μ at which a disk counts as seeing a pole well: within 75° of its centre. A choice."""

IMBALANCE = 0.1
"""Ratio of net to unsigned flux above which a map is flagged. A choice."""

GREATEST_BALANCING = 10.0
"""Greatest factor by which balancing changes the field of either sign: beyond it nearly all field
has one sign, and no factor makes it the Sun's. A choice."""

BASE_CORRELATION_DEG = 1.7
"""Distance at which the correlation of a base map's error is 1/e: on the simulated Sun, unseen for
two weeks."""

Parts = Sequence[tuple[MapDisk, ProjectedDisk]]


def synchronic(
    disks: Sequence[MapDisk],
    base: BaseMap | None = None,
    time: Time | None = None,
    grid: CarringtonGrid = ONE_DEGREE,
    *,
    allow_saturating: bool = False,
) -> SynchronicMap:
    """Merge disks and a base map into a map of the whole Sun at one time.

    B = Σ q μ⁴ B_r / Σ q μ⁴ over the disks that see a cell at μ > 0.1, each advected from its own
    time to that of the map by differential rotation. q is 1 for an observed disk and
    :func:`~farside.synchronic.weights.quality_factor` for a generated one, by its model's skill and
    its correlation with an observed disk that sees some of the same surface. The base map's weight
    follows from its σ (:func:`~farside.synchronic.fill.advect_base_map`). A region of a generated
    disk that probably emerged since the base map saw its place stands as the disk has it
    (:func:`~farside.synchronic.emergence.insert_regions`).
    Poles that are not well seen are filled. Then the positive field is divided, and the negative
    multiplied, by √(F₊/|F₋|): the net flux is 0.

    Parameters
    ----------
    disks
        Disks from :mod:`farside.synchronic.disk`, in any number and order.
    base
        Base map. Without it, cells that no disk shows get the mean of their parallel, and the map
        is flagged.
    time
        Time of the map; by default that of the most recent disk, or of the base map.
    grid
        Grid of the map.
    allow_saturating
        Also accept products of models whose field is clipped.

    Raises
    ------
    IncompleteSetError
        There is neither a disk nor a base map.
    SaturatingModelError
        A disk is of a model that saturates, and `allow_saturating` is false.
    TimesApartError
        A disk or base map is too old, or too far in the future, for the time of the map.
    DuplicateChannelError
        Two disks show one view, as one file given twice.
    """
    _refuse_nothing(disks, base)
    _refuse_copies(disks)
    time = time or _youngest(disks, base)
    if not allow_saturating:
        _refuse_saturating(disks)
    _refuse_far_times(disks, base, time)
    parts = [(disk, project_disk(disk, grid, time)) for disk in disks]
    contributions = [_contribution(disk, part, parts, grid, time) for disk, part in parts]
    if base is not None:
        contributions.append(advect_base_map(base, grid, time))
    merged = _with_new_regions(weighted_mean(contributions), contributions, parts, grid)
    merged, made = fill_gaps(merged, _well_known(parts, contributions), grid)
    field, balance = balance_flux(merged.field_gauss, grid)
    sources = tuple(each.source for each in contributions)
    if made.any():
        sources += (MapSource("base", NO_INSTRUMENT, "", "", time, weight=0.0),)
    return SynchronicMap(
        field_gauss=field,
        grid=grid,
        time=time,
        source=np.where(made, np.uint8(len(contributions)), merged.dominant),
        age_days=merged.age_days,
        sigma_gauss=merged.sigma_gauss,
        correlation_length_deg=_correlation_length_deg(sources),
        sources=sources,
        balance=balance,
        quality=_quality(sources, base, time) | _imbalance(field, balance, grid),
        generated=merged.generated,
        positive=merged.positive,
    )


def _with_new_regions(
    merged: WeightedMean, contributions: Sequence[Contribution], parts: Parts, grid: CarringtonGrid
) -> WeightedMean:
    """Mean with the regions of generated disks that the other sources cannot know."""
    others = [each for each in contributions if each.source.kind != "generated"]
    generated = [
        (index, contributions[index], part)
        for index, (disk, part) in enumerate(parts)
        if disk.is_generated
    ]
    if not others or not generated:
        return merged
    observed = [part.mu for disk, part in parts if not disk.is_generated]
    observed_mu = np.maximum.reduce([np.zeros(grid.shape), *observed])
    return insert_regions(merged, weighted_mean(others), generated, observed_mu, grid)


def balance_flux(field_gauss: Map, grid: CarringtonGrid) -> tuple[Map, FluxBalance]:
    """Balance the flux: divide the positive and multiply the negative field by √(F₊/|F₋|).

    A field of one sign stays as it is, and none is changed by more than a factor of 10, so that a
    sign of little flux is not blown up beyond any field of the Sun.

    Returns
    -------
    Map, FluxBalance
        Balanced field, (row, column), and the mean field before and after.
    """
    before = _mean(field_gauss, grid)
    positive, negative = (_mean(np.maximum(f, 0), grid) for f in (field_gauss, -field_gauss))
    if not (positive > 0 and negative > 0):
        return field_gauss, FluxBalance(before, before)
    ratio = np.clip(np.sqrt(positive / negative), 1 / GREATEST_BALANCING, GREATEST_BALANCING)
    field = np.where(field_gauss > 0, field_gauss / ratio, field_gauss * ratio)
    return field, FluxBalance(before, _mean(field, grid))


def _refuse_nothing(disks: Sequence[MapDisk], base: BaseMap | None) -> None:
    if not disks and base is None:
        raise IncompleteSetError(
            "nothing to make a synchronic map of: got no disk and no base map, expected one or more"
        )


def _refuse_copies(disks: Sequence[MapDisk]) -> None:
    """Refuse two disks of one view, as those of one image are: the image would weigh double."""
    known: dict[tuple[bool, str, str, float], MapDisk] = {}
    for disk in disks:
        place, seen = disk.view.observer.longitude_deg, disk.view.time.isot
        view = disk.is_generated, disk.instrument, seen, round(place, 1)
        other = known.setdefault(view, disk)
        if other is not disk:
            raise DuplicateChannelError(
                f"{other} and {disk}: got two disks of one view, expected one of each",
                (str(other), str(disk)),
            )


def _youngest(disks: Sequence[MapDisk], base: BaseMap | None) -> Time:
    if base is not None and not disks:
        return base.time
    return max(disk.view.time for disk in disks)


def _refuse_saturating(disks: Sequence[MapDisk]) -> None:
    for disk in disks:
        made_by = disk.generator
        if made_by and made_by.saturation_gauss is not None:
            raise SaturatingModelError(
                f"{disk}: got a product of {made_by.model} {made_by.version}, which saturates at "
                f"{made_by.saturation_gauss:g} G, expected one that does not (or allow saturating"
                " models)",
                (str(disk),),
            )


def _refuse_far_times(disks: Sequence[MapDisk], base: BaseMap | None, time: Time) -> None:
    given = [(str(disk), disk.view.time, DISK_AGE_DAYS) for disk in disks]
    if base is not None:
        name = f"base map {base.instrument} {base.time.isot[:19]}"
        given.append((f"{name} ({base.name})" if base.name else name, base.time, BASE_AGE_DAYS))
    for name, taken, (least, greatest) in given:
        days = _days(taken, time)
        if not least <= days <= greatest:
            raise TimesApartError(
                f"{name}: its age at the time of the map, {time.isot[:19]}, is {days:+.2f} d, "
                f"expected {least:+g} d to {greatest:+g} d",
                (name,),
            )


def _contribution(
    disk: MapDisk, part: ProjectedDisk, parts: Parts, grid: CarringtonGrid, time: Time
) -> Contribution:
    overlap = _overlap(part, parts, grid) if disk.is_generated else None
    skill = disk.generator.skill if disk.generator else None
    weight = quality_factor(expected_correlation(overlap, skill)) if disk.is_generated else 1.0
    low = overlap is not None and overlap.correlation < LOW_CORRELATION
    days = _days(disk.view.time, time)
    source = MapSource(
        kind="generated" if disk.is_generated else "observed",
        instrument=disk.instrument,
        name=disk.name,
        sha256=disk.sha256,
        time=disk.view.time,
        observer=disk.view.observer,
        quality=disk.quality | (Quality.OVERLAP_LOW if low else Quality.GOOD),
        weight=weight,
        generator=disk.generator,
        overlap=overlap,
        skill=skill,
    )
    return Contribution(
        source=source,
        field_gauss=part.field_gauss,
        weight=weight * part.mu**4,
        age_days=np.where(part.seen, days, 0.0),
        sigma_gauss=np.hypot(part.sigma_gauss, evolution_sigma_gauss(part.field_gauss, days))
        * part.seen,
        generated=float(disk.is_generated),
        positive=part.positive,
    )


def _overlap(part: ProjectedDisk, parts: Parts, grid: CarringtonGrid) -> Overlap | None:
    """Agreement with the observed disk that shares the largest area with it."""
    scored = [overlap_score(part, other, grid) for disk, other in parts if not disk.is_generated]
    return max(filter(None, scored), key=lambda overlap: overlap.area, default=None)


def _well_known(parts: Parts, contributions: Sequence[Contribution]) -> Mask:
    known = [part.mu >= WELL_SEEN_MU for _, part in parts]
    known += [each.weight > 0 for each in contributions if each.source.kind == "base"]
    return np.asarray(np.logical_or.reduce(known))


def _correlation_length_deg(sources: Sequence[MapSource]) -> float:
    """Longest correlation length of the sources, since one stands for the whole map."""
    generators = [source.generator for source in sources if source.generator]
    lengths = [made.correlation_length_deg or 0.0 for made in generators]
    return max(*lengths, BASE_CORRELATION_DEG) if lengths else BASE_CORRELATION_DEG


def _quality(sources: Sequence[MapSource], base: BaseMap | None, time: Time) -> Quality:
    quality = reduce(or_, (source.quality for source in sources)) & ~OF_A_MAP
    if not any(source.kind == "generated" for source in sources):
        quality |= Quality.NO_STEREO
    if not any(source.kind == "observed" for source in sources):
        quality |= Quality.NO_OBSERVED
    if base is None:
        return quality | Quality.NO_BASE
    return quality | (
        Quality.BASE_STALE if _days(base.time, time) > STALE_BASE_DAYS else Quality.GOOD
    )


def _imbalance(field: Map, balance: FluxBalance, grid: CarringtonGrid) -> Quality:
    large = abs(balance.before_gauss) > IMBALANCE * _mean(np.abs(field), grid)
    return Quality.FLUX_IMBALANCE if large else Quality.GOOD


def _mean(values: Map, grid: CarringtonGrid) -> float:
    return float((values * grid.area).sum())


def _days(earlier: Time, later: Time) -> float:
    return float((later - earlier).to_value("day"))
