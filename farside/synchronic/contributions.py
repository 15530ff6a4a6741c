"""What each source says of a map, and the weighted mean of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farside.sun.carrington_grid import Map
from farside.synchronic.map import MapSource


@dataclass(frozen=True, eq=False)
class Layer:
    """One source on the grid and at the time of a map, (row, column).

    Attributes
    ----------
    source
        What it is.
    field_gauss, sigma_gauss
        Radial; 0 where the weight is.
    weight
        Of each cell in the mean; 0 where the source says nothing.
    age_days
        How long before the time of the map it was seen.
    """

    source: MapSource
    field_gauss: Map
    weight: Map
    age_days: Map
    sigma_gauss: Map


@dataclass(frozen=True, eq=False)
class Merged:
    """Weighted mean of layers.

    Attributes
    ----------
    field_gauss, age_days, sigma_gauss
        0 where `weight` is.
    weight
        Sum of all.
    leading
        Which layer weighed most.
    """

    field_gauss: Map
    age_days: Map
    sigma_gauss: Map
    weight: Map
    leading: NDArray[np.uint8]


def merge(layers: Sequence[Layer]) -> Merged:
    """Average layers.

    Their errors count as the same one, σ = Σ w σ / Σ w: a model repeats its error the next day,
    when the base map holds that of today, and a mean of many days must not look surer than one.
    """
    weights = np.stack([layer.weight for layer in layers])
    total = weights.sum(axis=0)
    share = weights / np.where(total > 0, total, 1)
    return Merged(
        field_gauss=sum(s * layer.field_gauss for s, layer in zip(share, layers, strict=True)),
        age_days=sum(s * layer.age_days for s, layer in zip(share, layers, strict=True)),
        sigma_gauss=sum(s * layer.sigma_gauss for s, layer in zip(share, layers, strict=True)),
        weight=total,
        leading=weights.argmax(axis=0).astype(np.uint8),
    )
