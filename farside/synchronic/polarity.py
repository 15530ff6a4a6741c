"""Polarity confidence: probability that the field of each cell of a map has the right sign."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtr

from farside.sun.carrington_grid import Map
from farside.synchronic.disk import MapDisk
from farside.synchronic.map import SynchronicMap
from farside.synchronic.project import project_disk


def polarity_confidence(sun_map: SynchronicMap, disks: Mapping[str, MapDisk]) -> Map:
    """Probability that the sign of each cell's field is right, (row, column), 0 to 1.

    It is Φ(|B| / σ) for a Gaussian error, with the field and the σ of the map; where a generated
    disk has the greatest weight and its model gives p(+), it is the model's probability of the
    sign that the map has.

    Parameters
    ----------
    sun_map
        Synchronic map.
    disks
        Generated disks of the map by the sha256 of their files, as far as they are at hand.
    """
    field = sun_map.field_gauss
    confidence = np.asarray(ndtr(np.abs(field) / np.maximum(sun_map.sigma_gauss, 1e-3)))
    for index, source in enumerate(sun_map.sources):
        disk, cells = disks.get(source.sha256), sun_map.source == index
        if disk is None or disk.positive is None or not cells.any():
            continue
        projected = project_disk(disk, sun_map.grid, sun_map.time)
        if projected.positive is not None:
            positive = projected.positive
            of_sign = np.where(field > 0, positive, 1 - positive)
            confidence = np.where(cells & projected.seen, of_sign, confidence)
    return confidence
