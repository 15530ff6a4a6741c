"""Measures of far-side fields as rows of the table of scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Literal

import numpy as np

from farside.evaluation.compare import BoxMeasures, Measures
from farside.evaluation.metrics import Correlations
from training.scoring.table import TRUTH, Row

FULL, COMMON, AR, QR = "full disk", "where the reference saw", "AR", "QR"

CC = "CC 8×8"
"""Correlation of blocks of 8 paper pixels, one degree at disk centre."""

CORRELATIONS = tuple((CC, area) for area in (FULL, AR, QR))

MEASURES = (
    *((f"CC {side}×{side}", area) for area, side in product((FULL, COMMON, AR, QR), (8, 4, 1))),
    ("SSIM", AR),
    ("SSIM 8×8", AR),
    ("R1", FULL),
    ("R2", FULL),
    ("RMSE–SSIM", FULL),
    ("PSNR, dB", FULL),
    ("RMSE, G", FULL),
    ("polarity of pixels", FULL),
)
"""Measures and areas in the order of the tables."""

QUANTITIES = (*product(("TUMF", "NMF"), (FULL, AR, QR)), ("polar field", "caps"))
"""Quantities and areas that are regressed on their true values."""

Value = tuple[str, str, float]
"""Measure, area and value."""

Side = Literal["generated", "true"]


def rows(
    unit: str,
    case: str,
    measures: Mapping[str, Measures],
    common: Mapping[str, Correlations] | None = None,
) -> tuple[Row, ...]:
    """Rows of one case: all measures by prediction, and the true quantities.

    Parameters
    ----------
    measures
        Measures by prediction.
    common
        Correlations by prediction on the part that the reference saw.
    """
    values = {
        name: [*_values(each), *_quantities(each, "generated")] for name, each in measures.items()
    }
    for name, each in (common or {}).items():
        values[name] += _correlations(COMMON, each)
    values[TRUTH] = [*_quantities(next(iter(measures.values())), "true")]
    return tuple(Row(unit, case, name, *value) for name, own in values.items() for value in own)


def _values(measures: Measures) -> Iterator[Value]:
    for area, box in _boxes(measures):
        yield from _correlations(area, box.correlation)
        for name, value in (("SSIM", box.similarity), ("SSIM 8×8", box.similarity_of_8)):
            if value is not None:
                yield name, area, value
    yield "R1", FULL, measures.relative_flux_error
    yield "R2", FULL, measures.normalised_square_error
    yield "RMSE–SSIM", FULL, measures.rms_similarity_error
    yield "PSNR, dB", FULL, measures.peak_signal_to_noise_db
    yield "RMSE, G", FULL, measures.rms_error_gauss
    yield "polarity of pixels", FULL, measures.polarity_accuracy


def _boxes(measures: Measures) -> Iterator[tuple[str, BoxMeasures]]:
    yield FULL, measures.disk
    yield from ((patch.kind, patch.measures) for patch in measures.patches)


def _correlations(area: str, found: Correlations) -> Iterator[Value]:
    for side in (8, 4, 1):
        value: float | None = getattr(found, f"blocks_of_{side}")
        if value is not None:
            # A constant field has no correlation; it scores as an unrelated one.
            yield f"CC {side}×{side}", area, 0.0 if np.isnan(value) else value


def _quantities(measures: Measures, side: Side) -> Iterator[Value]:
    for area, box in _boxes(measures):
        yield "TUMF", area, getattr(box.unsigned_flux_mx, side)
        yield "NMF", area, getattr(box.net_flux_mx, side)
    for cap in (measures.polar_north_gauss, measures.polar_south_gauss):
        yield "polar field", "caps", getattr(cap, side)
