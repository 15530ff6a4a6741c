"""Plausibility of a global map: whether its values can be the Sun's radial field in gauss."""

from __future__ import annotations

import numpy as np

from farside.errors import DamagedImageError, DegenerateFieldError, UnsupportedImageError
from farside.sun.carrington_grid import CarringtonGrid, Map

STRONGEST_GAUSS = 10_000.0
"""Greatest field of a cell. The strongest field observed is 6.3 kG (Okamoto & Sakurai 2018)."""

MEAN_GAUSS = 0.05, 300.0
"""Bounds of the mean unsigned field. Synoptic maps have 1.6 G (GONG, solar minimum) to some 15 G
(HMI, maximum)."""

IMBALANCE_LIMIT = 0.5
"""Largest ratio of net to unsigned flux. GONG's uncorrected maps (mrbqs) have 0.1; counts and
errors have 1."""

COUNT_LIMIT = 100.0
"""Value up to which a map of whole numbers only is taken for counts or a mask: a field, averaged
over many pixels, has fractions."""

MISSING_LIMIT = 0.05
"""Largest missing fraction of the sphere. HMI's daily frame lacks 0.6 % at the pole that is tilted
away; a gap of days in a rotation hides active regions. A choice."""


def mask_impossible(field: Map) -> Map:
    """Copy of a map with NaN in cells stronger than any field of the Sun."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(field) <= STRONGEST_GAUSS, field, np.nan)


def check_field(field_gauss: Map, grid: CarringtonGrid) -> None:
    """Refuse a map that cannot be the radial field of the whole Sun in gauss.

    Raises
    ------
    DamagedImageError
        More than `MISSING_LIMIT` of the sphere has no possible value.
    DegenerateFieldError
        The map is zero, or has one value everywhere.
    UnsupportedImageError
        The values are another quantity: counts, a mask, errors, or a field in another unit.
    """
    known = np.isfinite(field_gauss)
    area = np.where(known, grid.area, 0.0)
    missing = 1 - float(area.sum())
    if missing > MISSING_LIMIT:
        raise DamagedImageError(
            f"{missing:.1%} of the sphere is missing or beyond {STRONGEST_GAUSS:.0f} G,"
            f" expected at most {MISSING_LIMIT:.0%}"
        )
    values = field_gauss[known]
    if values.min() == values.max():
        raise DegenerateFieldError(f"every cell is {values[0]:g}, expected a field of both signs")
    filled = np.where(known, field_gauss, 0.0)
    net, unsigned = (float((plane * area).sum()) for plane in (filled, np.abs(filled)))
    if abs(net) > IMBALANCE_LIMIT * unsigned:
        raise UnsupportedImageError(
            f"net flux is {net / unsigned:+.0%} of the unsigned flux: counts, errors or another"
            f" quantity; expected a radial field, within {IMBALANCE_LIMIT:.0%}"
        )
    if np.abs(values).max() <= COUNT_LIMIT and (values == np.rint(values)).all():
        raise UnsupportedImageError(
            f"all values are whole numbers from {values.min():g} to {values.max():g}: counts or a"
            " mask; expected a radial field in gauss"
        )
    if not MEAN_GAUSS[0] <= unsigned <= MEAN_GAUSS[1]:
        raise UnsupportedImageError(
            f"the mean unsigned field is {unsigned:.3g} G: another unit or quantity;"
            f" expected {MEAN_GAUSS[0]:g} to {MEAN_GAUSS[1]:g} G"
        )
