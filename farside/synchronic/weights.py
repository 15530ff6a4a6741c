"""Weight of a generated disk beside an observed one, and the score of their overlap."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from farside.evaluation.statistics import mean_of, regress
from farside.sun.carrington_grid import CarringtonGrid
from farside.synchronic.map import Overlap
from farside.synchronic.project import INCLINATION_DEG, ProjectedDisk

OVERLAP_LEAST_MU = 0.3
"""Least μ in both disks of a cell that is scored: within 73° of both disk centres. A choice."""

OVERLAP_LEAST_AREA = 0.05
"""Least fraction of the sphere that both disks must see: limbs alone are no basis. A choice."""

STRONG_GAUSS = 30.0
"""Observed field of a cell above which its sign counts: more than quiet-Sun network leaves in a
mean over one degree. A choice."""

LOW_CORRELATION = 0.3
"""Correlation below which a disk is flagged: it explains less than a tenth of the variance. A
choice."""

SKILL_AREA = 0.1
"""Overlap, as a fraction of the sphere, that says as much about a disk as the skill of its model.
A choice: an overlap of 0.15, of limbs only, gave a correlation of 0.01 for one disk of twelve."""

UNKNOWN_SKILL = 0.5
"""Skill of a model whose Recipe has none. A choice."""


def overlap_score(
    given: ProjectedDisk, observed: ProjectedDisk, grid: CarringtonGrid
) -> Overlap | None:
    """Score a generated disk where an observed one sees the same surface; None if that is small."""
    both = np.minimum(given.mu, observed.mu) > OVERLAP_LEAST_MU
    area = float((both * grid.area).sum())
    made, true = given.field_gauss[both], observed.field_gauss[both]
    if area < OVERLAP_LEAST_AREA or np.ptp(made) == 0 or np.ptp(true) == 0:
        return None
    found = regress(made, true)
    return Overlap(
        correlation=found.correlation,
        slope=found.slope,
        sign_agreement=_sign_agreement(made, true),
        area=area,
    )


def quality_factor(correlation: float) -> float:
    """Factor on the weight μ⁴ of a generated disk, 0 to 1; an observed disk has 1.

    Ratio of the error variance of an observed disk to that of the generated one, each relative to
    the variance of the field: tan² 12° for the field's inclination at 45° from disk centre, and
    (1 - r²) / r² for an estimate that correlates with the truth by r and is scaled to it. At
    r = 0.6 the observed disk weighs more at equal μ, and up to 66° from its centre against the
    centre of the generated one; at r = 0.8, up to 58°.
    """
    return float(factor_from_variance(max(correlation, 0.0) ** 2))


def expected_correlation(overlap: Overlap | None, skill: float | None) -> float:
    """Correlation of a generated disk with the truth, by its overlap and its model's skill.

    The overlap's correlation is shrunk towards the skill by the area that it rests on, and never
    raises it: it is of surface that the reference images saw recently, which is optimistic.
    """
    skill = UNKNOWN_SKILL if skill is None else skill
    if overlap is None:
        return skill
    lower = min(overlap.correlation, skill)
    return (overlap.area * lower + SKILL_AREA * skill) / (overlap.area + SKILL_AREA)


def factor_from_variance(explained: ArrayLike) -> NDArray[np.float64]:
    """Quality factor by r², the fraction of the field's variance that an estimate explains."""
    r2 = np.minimum(explained, 1.0)
    observed = np.tan(np.radians(INCLINATION_DEG)) ** 2
    return np.asarray(np.minimum(1.0, observed * r2 / np.maximum(1 - r2, observed)))


def _sign_agreement(made: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """Fraction of strong cells with the same sign; 1 where there are none."""
    strong = np.abs(true) > STRONG_GAUSS
    return mean_of(np.sign(made[strong]) == np.sign(true[strong])) if strong.any() else 1.0
