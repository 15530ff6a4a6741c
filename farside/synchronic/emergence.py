"""Insertion of whole active regions that emerged since the base map saw their place.

A weighted mean of "nothing there" and "a region" is neither: it keeps part of the flux of a new
region and less of its dipole. Here each connected feature of a generated disk is decided on as a
whole, by the odds that it emerged given its flux in the disk and in the map without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage
from scipy.special import expit

from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.observer import SOLAR_RADIUS_M
from farside.synchronic.contributions import Contribution, WeightedMean
from farside.synchronic.fill import Mask, smooth_on_sphere
from farside.synchronic.project import ProjectedDisk

FEATURE_DEG = 1.5
"""σ of the Gaussian that smooths |B| before features are outlined: joins the polarities of a
region, and leaves out single cells of network. A choice."""

FEATURE_GAUSS = 20.0
"""Smoothed |B| of a feature, some five times that of the quiet Sun. A choice."""

FEATURE_CONTRAST = 2.5
"""Least ratio of smoothed |B| in the disk to that in the map without it: separates a new region
from old flux beside it. A choice."""

OUTSKIRTS_GAUSS, OUTSKIRTS_DEG = 6.0, 4.0
"""Smoothed |B| down to which, and distance from its outline up to which, a feature extends. A
choice: a region of 1e22 Mx has a tenth of its flux outside 15 G."""

LEAST_MU = 0.25
"""Least μ at which a generated disk decides: 75° from its centre. A choice."""

OBSERVED_MU = 0.3
"""μ of an observed disk from which on its own field stands: 73° from its centre. A choice."""

QUIET_GAUSS = 3.0
"""Mean |B| of the quiet Sun in cells of a degree, added to both fluxes. 3 to 5 G in HMI."""

FLUX_ERROR = 0.3
"""Error of the logarithm of a region's flux in a generated disk, beside that by its σ. A choice."""

FLUX_CHANGE, FLUX_CHANGE_DAYS = 0.3, 10.0
"""Change of the logarithm of a region's flux over a long time, and the time scale. A choice."""

EMERGING_PER_DAY = 1.0
"""Regions that emerge a day on the whole Sun at maximum, of a size that a generated disk shows.
Only its logarithm counts. A choice."""

BELT_AREA = 0.6
"""Fraction of the sphere where regions emerge, below latitude 37°."""

FLUX_RANGE = 4.6
"""Logarithm of the ratio of the largest to the smallest flux of a region, a factor of 100."""

LEAST_DAYS = 0.5
"""Least age of the map in the prior: a region grows within hours. A choice."""

PATCH_AREA = 4 * np.radians(1) ** 2 / (4 * np.pi)
"""Area, as a fraction of the sphere, over which the error of a generated field is correlated: four
square degrees. A choice."""

EDGE_DEG = 1.0
"""σ of the Gaussian by which a region fades into the map. A choice."""

LEAST_SHARE = 0.01
"""Share of a region in a cell below which the cell is left as it was."""

BALANCE_RATIO = 2.0
"""Greatest ratio of the polarities of a region that balancing removes: at the limb only one of them
may be in view. A choice."""

SPHERE_CM2 = 4 * np.pi * (100 * SOLAR_RADIUS_M) ** 2


@dataclass(frozen=True, eq=False)
class Emergence:
    """Feature of a generated disk with more flux than the map without the disk has there.

    Attributes
    ----------
    share
        Share of the generated field in each cell if it emerged, (row, column): 1 on the feature,
        falling to 0 around it.
    log_odds
        Natural logarithm of the odds that it emerged since the map saw the place.
    sign_probability
        Probability that its polarities are the right way round: mean of max(p, 1 - p), by |B|.
    flux_mx
        Unsigned flux in the generated disk, maxwell.
    """

    share: Map
    log_odds: float
    sign_probability: float
    flux_mx: float

    @property
    def probability(self) -> float:
        """Probability that it emerged."""
        return float(expit(self.log_odds))


def insert_regions(
    merged: WeightedMean,
    without: WeightedMean,
    parts: Sequence[tuple[int, Contribution, ProjectedDisk]],
    observed_mu: Map,
    grid: CarringtonGrid,
) -> WeightedMean:
    """Insert the regions that emerged, each whole and flux-balanced, into a merged map.

    Parameters
    ----------
    merged, without
        Weighted mean of all sources, and of those that are not generated.
    parts
        Generated disks: index, contribution and projection.
    observed_mu
        Greatest μ at which an observed disk sees each cell, 0 where none does.
    """
    for index, contribution, part in sorted(parts, key=lambda each: float(each[2].mu.sum())):
        for found in find_emergences(part, without, observed_mu, grid):
            if found.log_odds > 0:
                merged = _inserted(merged, found.share, index, contribution, part, grid)
    return merged


def _inserted(
    merged: WeightedMean,
    share: Map,
    index: int,
    contribution: Contribution,
    part: ProjectedDisk,
    grid: CarringtonGrid,
) -> WeightedMean:
    whole = whole_field(part)
    region = balanced_region(whole, share, grid)
    # σ is about the mean of the model, from which the field at full strength departs.
    sigma = np.hypot(contribution.sigma_gauss, whole - part.field_gauss)

    def mixed(old: Map, new: Map | float) -> Map:
        return np.asarray((1 - share) * old + share * new)

    return replace(
        merged,
        field_gauss=mixed(merged.field_gauss, region),
        age_days=mixed(merged.age_days, contribution.age_days),
        sigma_gauss=mixed(merged.sigma_gauss, sigma),
        generated=mixed(merged.generated, 1.0),
        positive=mixed(merged.positive, part.probability_positive()),
        dominant=np.where(share > 0.5, np.uint8(index), merged.dominant),
    )


def whole_field(part: ProjectedDisk) -> Map:
    """Field of a generated disk with its full strength: |B| with the more probable sign.

    The mean field of a model that gives |B| and p(+) is |B| (2 p - 1), which is weak where the sign
    is uncertain, though the region is not. Without these outputs it is the field itself.
    """
    if part.unsigned_gauss is None or part.positive is None:
        return part.field_gauss
    return np.asarray(part.unsigned_gauss * np.sign(part.positive - 0.5))


def find_emergences(
    part: ProjectedDisk, without: WeightedMean, observed_mu: Map, grid: CarringtonGrid
) -> Iterator[Emergence]:
    """Find the features of a generated disk that may have emerged, with their odds.

    Parameters
    ----------
    part
        Generated disk on the grid of the map.
    without
        Map without generated disks.
    observed_mu
        Greatest μ at which an observed disk sees each cell, 0 where none does.
    """
    made = np.abs(whole_field(part))
    there, before = (
        smooth_on_sphere(plane, FEATURE_DEG, grid) for plane in (made, np.abs(without.field_gauss))
    )
    shown = (part.mu > LEAST_MU) & (observed_mu < OBSERVED_MU) & (without.weight > 0)
    cores = shown & (there > np.maximum(FEATURE_GAUSS, FEATURE_CONTRAST * before))
    for core in connected(cores):
        flux = made * np.where(core, grid.area, 0.0)
        positive = part.probability_positive()
        sure = np.maximum(positive, 1 - positive)
        yield Emergence(
            share=_share(core, shown & (np.maximum(there, before) > OUTSKIRTS_GAUSS), shown, grid),
            log_odds=_log_odds(part, core, made, without, grid),
            sign_probability=float((sure * flux).sum() / flux.sum()),
            flux_mx=float(flux.sum()) * SPHERE_CM2,
        )


def balanced_region(field_gauss: Map, share: Map, grid: CarringtonGrid) -> Map:
    """Field of a region with both polarities brought nearer to the same flux.

    As in balancing a map, the positive field is divided and the negative multiplied by √(F₊/F₋),
    within limits.
    """
    weight = share * grid.area
    positive, negative = (
        float((np.maximum(f, 0) * weight).sum()) for f in (field_gauss, -field_gauss)
    )
    if not (positive > 0 and negative > 0):
        return field_gauss
    limit = np.sqrt(BALANCE_RATIO)
    ratio = np.clip(np.sqrt(positive / negative), 1 / limit, limit)
    return np.asarray(np.where(field_gauss > 0, field_gauss / ratio, field_gauss * ratio))


def _log_odds(
    part: ProjectedDisk, core: Mask, made: Map, without: WeightedMean, grid: CarringtonGrid
) -> float:
    """Logarithm of the odds of a feature by the ratio r of its flux in disk and map.

    If it did not emerge, ln r is normal about 0, with the errors of both fluxes. If it did, each
    ln r within the range of regions' fluxes is as likely. The prior is the number of regions
    expected to emerge on the feature's area since the map saw it.
    """
    weight = np.where(core, grid.area, 0.0)
    area = float(weight.sum())
    quiet = QUIET_GAUSS * area
    flux = float((made * weight).sum()) + quiet
    ratio = np.log(flux / (float((np.abs(without.field_gauss) * weight).sum()) + quiet))
    days = float((np.abs(without.age_days) * weight).sum()) / area
    variance = (
        FLUX_ERROR**2
        + float((part.sigma_gauss**2 * weight).sum()) * max(PATCH_AREA, grid.area.max()) / flux**2
        + FLUX_CHANGE**2 * -np.expm1(-days / FLUX_CHANGE_DAYS)
    )
    expected = EMERGING_PER_DAY * max(days, LEAST_DAYS) * area / BELT_AREA
    unchanged = -(ratio**2) / (2 * variance) - np.log(2 * np.pi * variance) / 2
    return float(np.log(expected / FLUX_RANGE) - unchanged)


def _share(core: Mask, extent: Mask, shown: Mask, grid: CarringtonGrid) -> Map:
    """1 on a feature and its outskirts, falling to 0 over some 2° around them."""
    reach = core | (dilated(core, OUTSKIRTS_DEG, grid) & extent)
    edge = np.clip(2 * smooth_on_sphere(reach.astype(np.float64), EDGE_DEG, grid), 0, 1)
    return np.where(shown & (edge > LEAST_SHARE), np.where(reach, 1.0, edge), 0.0)


def connected(mask: Mask) -> Iterator[Mask]:
    """Yield the connected parts of a mask that is periodic in longitude."""
    # No part that is smaller than the Sun crosses the emptiest column.
    first = int(mask.sum(axis=0).argmin())
    labels, count = ndimage.label(np.roll(mask, -first, axis=1), np.ones((3, 3)))
    labels = np.roll(labels, first, axis=1)
    for number in range(1, count + 1):
        yield labels == number


def dilated(mask: Mask, distance_deg: float, grid: CarringtonGrid) -> Mask:
    """Mask and the cells within a distance of it, at least one, in steps of the grid."""
    cells = max(1, round(distance_deg / grid.step_deg))
    wide = np.pad(mask, ((0, 0), (cells, cells)), mode="wrap")
    return np.asarray(ndimage.binary_dilation(wide, np.ones((3, 3)), cells)[:, cells:-cells])
