"""Contribution of each source to a synchronic map, and their weighted mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from farside.sun.carrington_grid import Map
from farside.synchronic.map import MapSource


@dataclass(frozen=True, eq=False)
class Contribution:
    """Field of one source on the grid and at the time of a map; planes are (row, column).

    Attributes
    ----------
    source
        Row of the map's source table.
    field_gauss, sigma_gauss
        Radial field and its standard deviation; 0 where the weight is 0.
    weight
        Weight of each cell in the mean; 0 where the source has no value.
    age_days
        Time from the observation of each cell to the time of the map.
    generated
        Share of generated disks in it: 1 or 0, or of a base map by cell.
    positive
        Probability of positive polarity; None if it follows from the field and its σ.
    """

    source: MapSource
    field_gauss: Map
    weight: Map
    age_days: Map
    sigma_gauss: Map
    generated: Map | float = 0.0
    positive: Map | None = None

    def probability_positive(self) -> Map:
        """Probability of positive polarity of each cell."""
        if self.positive is not None:
            return self.positive
        return probability_positive(self.field_gauss, self.sigma_gauss)


@dataclass(frozen=True, eq=False)
class WeightedMean:
    """Weighted mean of contributions; planes are (row, column).

    Attributes
    ----------
    field_gauss, age_days, sigma_gauss
        Weighted means; 0 where `weight` is 0.
    weight
        Sum of the weights.
    dominant
        Index of the contribution with the greatest weight.
    generated
        Share of generated disks.
    positive
        Probability of positive polarity, weighted mean.
    """

    field_gauss: Map
    age_days: Map
    sigma_gauss: Map
    weight: Map
    dominant: NDArray[np.uint8]
    generated: Map
    positive: Map


def weighted_mean(contributions: Sequence[Contribution]) -> WeightedMean:
    """Average the contributions of all sources by their weights.

    Errors count as fully correlated, σ = Σ w σ / Σ w: a model repeats its error the next day, when
    the base map holds that of today, and a mean of many days must not look surer than one.
    """
    weights = np.stack([each.weight for each in contributions])
    total = weights.sum(axis=0)
    share = weights / np.where(total > 0, total, 1)
    shared = list(zip(share, contributions, strict=True))
    return WeightedMean(
        field_gauss=sum(part * each.field_gauss for part, each in shared),
        age_days=sum(part * each.age_days for part, each in shared),
        sigma_gauss=sum(part * each.sigma_gauss for part, each in shared),
        weight=total,
        dominant=weights.argmax(axis=0).astype(np.uint8),
        generated=sum(part * each.generated for part, each in shared),
        positive=sum(part * each.probability_positive() for part, each in shared),
    )


def probability_positive(field_gauss: Map, sigma_gauss: Map) -> Map:
    """Probability of positive polarity for a Gaussian error, Φ(B / σ)."""
    return np.asarray(ndtr(field_gauss / np.maximum(sigma_gauss, 1e-3)))
