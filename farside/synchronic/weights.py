"""How far a generated disk is to be trusted beside an observed one, and the score that says so."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from farside.evaluation.statistics import mean_of, regress
from farside.sun.carrington_grid import CarringtonGrid
from farside.synchronic.map import Overlap
from farside.synchronic.project import INCLINATION_DEG, Unrolled

LEAST_MU = 0.3
"""Under which both disks must see a cell for it to be scored: within 73° of both centres. A
choice."""

LEAST_AREA = 0.05
"""Part of the sphere that both must see: the two limbs alone say little of the disks. A choice."""

STRONG_GAUSS = 30.0
"""Observed field of a cell, from which on its sign counts: above what the network of the quiet Sun
leaves in a mean over one degree. A choice."""

LOW_CORRELATION = 0.3
"""Below it the disk is flagged: a tenth of the variance is no picture of the same Sun. A choice."""

UNKNOWN_SKILL = 0.5
"""Of a model whose Recipe has no score. A choice."""


def compare(given: Unrolled, observed: Unrolled, grid: CarringtonGrid) -> Overlap | None:
    """Score a generated disk on what an observed one shows too; None where that is too little."""
    both = np.minimum(given.mu, observed.mu) > LEAST_MU
    area = float((both * grid.area).sum())
    made, true = given.field_gauss[both], observed.field_gauss[both]
    if area < LEAST_AREA or np.ptp(made) == 0 or np.ptp(true) == 0:
        return None
    found = regress(made, true)
    return Overlap(
        correlation=found.correlation,
        slope=found.slope,
        sign_agreement=_sign_agreement(made, true),
        area=area,
    )


def quality_factor(correlation: float) -> float:
    """What multiplies the μ⁴ of a generated disk, 0 to 1; an observed one has 1.

    The error variance of an observed disk over that of the generated one, each in units of the
    field's: tan² 12° for the field's inclination at 45° from disk centre, and (1 - r²) / r² for an
    estimate that correlates with the truth by r and is scaled to it. At r = 0.6 the observed disk
    counts more wherever both are seen alike and up to 66° from its centre against the centre of
    the generated one; at r = 0.8, up to 58°.
    """
    return float(factor_of_variance(max(correlation, 0.0) ** 2))


def factor_of_variance(explained: ArrayLike) -> NDArray[np.float64]:
    """The quality factor by r², the part of the field's variance that an estimate explains."""
    r2 = np.minimum(explained, 1.0)
    observed = np.tan(np.radians(INCLINATION_DEG)) ** 2
    return np.asarray(np.minimum(1.0, observed * r2 / np.maximum(1 - r2, observed)))


def _sign_agreement(made: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """Among strong cells; 1 where there are none."""
    strong = np.abs(true) > STRONG_GAUSS
    return mean_of(np.sign(made[strong]) == np.sign(true[strong])) if strong.any() else 1.0
