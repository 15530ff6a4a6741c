"""Effect of bfloat16 on the scores: ``python -m benchmarks.precision [--suns 8] [--store STORE]``.

The embedded engine generates the same far sides of unseen simulated Suns twice, in float32 and in
bfloat16. Measures and reference ages are those of ``training.score``; the interval is that of
paired differences over Suns.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from farside.evaluation.compare import Measures, measure
from farside.evaluation.statistics import interval
from farside.model.engine import Engine, find_model
from farside.model.engines import embedded
from farside.pipeline import translate
from training.data import Campaign, open_store, simulate
from training.score.cases import Case, StoreCases, main_ages

MEASURES: dict[str, Callable[[Measures], float | None]] = {
    "correlation, 8×8": lambda m: m.disk.correlation.blocks_of_8,
    "correlation, 4×4": lambda m: m.disk.correlation.blocks_of_4,
    "SSIM": lambda m: m.disk.similarity,
    "rms error, G": lambda m: m.rms_error_gauss,
    "TUMF, 1e21 Mx": lambda m: m.disk.unsigned_flux_mx.generated / 1e21,
}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    add = top.add_argument
    add("--repository", type=Path, default=Path("model_repository"), help="with one model")
    add("--suns", type=int, default=8, help="maximum number of Suns (%(default)s)")
    add("--store", type=Path, help="store of training.data, test split; by default simulated")
    return top


def main() -> None:
    """Print the table."""
    options = parser().parse_args()
    engines = [embedded(options.repository, precision=p) for p in ("float32", "bfloat16")]
    ((name, model),) = engines[0].models().items()
    with TemporaryDirectory() as folder:
        store = options.store or Path(folder) / "suns.zarr"
        if options.store is None:
            campaign = Campaign(model.recipe.disk, 0, options.suns, epochs=1, times=4, test=True)
            simulate(store, campaign)
        cases = StoreCases(open_store(store), model.recipe)
        scores = _scores(cases, name, engines, options.suns)
    print(f"{name} by {engines[0].name}, {len(scores)} suns, {_count(scores)} disks")
    print(f"{'':18s}{'float32':>10s}{'bfloat16':>10s}  difference (95 % interval)")
    for row, label in enumerate(MEASURES):
        print(_row(label, np.array([np.mean(s, axis=0)[:, row] for s in scores.values()])))


def _scores(
    cases: StoreCases, name: str, engines: list[Engine], suns: int
) -> dict[str, list[list[list[float]]]]:
    """Scores (disk, engine, measure) by Sun."""
    main = main_ages(cases.labels)
    scores: dict[str, list[list[list[float]]]] = defaultdict(list)
    for index, label in enumerate(cases.labels):
        if main[index] and (label.unit in scores or len(scores) < suns):
            case = cases[index]
            scores[label.unit].append([_measured(case, cases, name, each) for each in engines])
    return dict(scores)


def _measured(case: Case, cases: StoreCases, name: str, engine: Engine) -> list[float]:
    made = translate(case.stack, find_model(engine, name), engine).image
    found = measure(made, case.truth, cases.grid, case.view)
    values = (pick(found) for pick in MEASURES.values())
    return [np.nan if value is None else value for value in values]


def _row(label: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    """Line of one measure, from its values (Sun, engine)."""
    exact, rounded = values.T
    if not np.isfinite(values).all():
        return f"{label:18s} undefined on this grid"
    found = interval(rounded, exact)
    return (
        f"{label:18s}{exact.mean():10.4f}{rounded.mean():10.4f}"
        f"  {found.mean:+.5f} ({found.low:+.5f} to {found.high:+.5f})"
    )


def _count(scores: dict[str, list[list[list[float]]]]) -> int:
    return sum(map(len, scores.values()))


if __name__ == "__main__":
    main()
