"""``farside evaluate``: print the measures of a product against a true magnetogram."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from farside.evaluation.compare import BoxMeasures, Measures, PairedValue
from farside.evaluation.evaluate import Evaluation


def to_json(found: Evaluation) -> str:
    """Format all measures as JSON; an undefined one is null."""
    return TypeAdapter(Evaluation).dump_json(found, indent=1).decode()


def print_table(found: Evaluation) -> None:
    """Print a table: one row per measure, one column per field."""
    table = Table("", "true", *found.measures)
    columns = [dict(_rows(measures)) for measures in found.measures.values()]
    for name, first in columns[0].items():
        true = _text(first.true) if isinstance(first, PairedValue) else ""
        table.add_row(name, true, *(_text(_generated(column[name])) for column in columns))
    Console().print(f"{found.product} of {found.model} against {found.truth}")
    Console().print(table)


Value = PairedValue | float | None


def _rows(measures: Measures) -> Iterator[tuple[str, Value]]:
    yield from _box_rows("full disk", measures.disk)
    counts = {"AR": 0, "QR": 0}
    for patch in measures.patches:
        counts[patch.kind] += 1
        yield from _box_rows(f"{patch.kind} {counts[patch.kind]}", patch.measures)
    yield "polar field north, G", measures.polar_north_gauss
    yield "polar field south, G", measures.polar_south_gauss
    yield "R1", measures.relative_flux_error
    yield "R2", measures.normalised_square_error
    yield "RMSE–SSIM", measures.rms_similarity_error
    yield "PSNR, dB", measures.peak_signal_to_noise_db
    yield "RMSE, G", measures.rms_error_gauss
    yield "polarity of pixels above 50 G", measures.polarity_accuracy


def _box_rows(area: str, box: BoxMeasures) -> Iterator[tuple[str, Value]]:
    yield f"{area}: CC 8×8", box.correlation.blocks_of_8
    yield f"{area}: CC 4×4", box.correlation.blocks_of_4
    yield f"{area}: CC 1×1", box.correlation.blocks_of_1
    yield f"{area}: SSIM", box.similarity
    yield f"{area}: SSIM 8×8", box.similarity_of_8
    yield f"{area}: TUMF, Mx", box.unsigned_flux_mx
    yield f"{area}: NMF, Mx", box.net_flux_mx


def _generated(value: Value) -> float | None:
    return value.generated if isinstance(value, PairedValue) else value


def _text(value: float | None) -> str:
    if value is None or not np.isfinite(value):
        return "–"
    return f"{value:.3e}" if abs(value) >= 1e4 else f"{value:.3f}"
