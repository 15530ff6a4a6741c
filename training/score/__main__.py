"""``python -m training.score MODEL DATASET --out REPORT``: score a model on unseen suns."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

from farside.simulation.sun import SimulatedSun
from training.command import count, exit_on_error
from training.data import open_store
from training.data.simulated import SIMULATED
from training.score.cases import Given, StoreCases
from training.score.figures import draw, draw_series
from training.score.report import (
    Options,
    Report,
    leak_sentence,
    make_report,
    write_report,
)
from training.score.run import run
from training.score.series import SeriesInputs, follow_poles, follow_region
from training.scoring.models import load


def parser() -> argparse.ArgumentParser:
    """Parser of the command line."""
    top = argparse.ArgumentParser(prog="python -m training.score", description=__doc__)
    add = top.add_argument
    add("model", metavar="MODEL", help="name in the repository, or a model.safetensors")
    add("dataset", type=Path, metavar="DATASET", help="store of training.data")
    add("--out", type=Path, required=True, metavar="REPORT", help="folder of the report")
    add("--repository", type=Path, default=Path("model_repository"), help="folder of models")
    add("--split", choices=("train", "test"), default="test", help="pairs to score (%(default)s)")
    add("--suns", type=count, help="only the first so many suns, or months; all if left out")
    add(
        "--reference",
        choices=get_args(Given),
        default="everything",
        help="what the model is given of the reference (%(default)s)",
    )
    add("--threshold", type=float, default=0.0, help="gauss; weaker fields carry no flux (0)")
    add("--no-controls", action="store_true", help="leave out the images of another Sun")
    add("--no-series", action="store_true", help="leave out the figures that follow a Sun in time")
    return top


def score(arguments: argparse.Namespace) -> Report:
    """Score a model, and write the report and its figures."""
    model, engine = load(arguments.model, arguments.repository)
    cases = StoreCases(
        open_store(arguments.dataset),
        model.recipe,
        arguments.split,
        arguments.suns,
        arguments.reference,
    )
    suns = f" --suns {arguments.suns}" if arguments.suns else ""
    if arguments.reference != "everything":
        suns += f" --reference {arguments.reference}"
    options = Options(
        command=f"python -m training.score {Path(arguments.model).name} {cases.name}{suns}",
        split=arguments.split,
        threshold_gauss=arguments.threshold,
        controls=not arguments.no_controls,
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    outcome = run(
        cases,
        model,
        engine,
        sun_of=None if cases.simulation is None else SimulatedSun,
        controls=options.controls,
        threshold_gauss=options.threshold_gauss,
    )
    report = make_report(outcome, cases, model, options)
    figures = draw(report, outcome, arguments.out)
    write_report(report, figures, arguments.out)
    first = cases.labels[0]
    if first.seed is not None and not arguments.no_series:
        inputs = SeriesInputs(SimulatedSun(first.seed), SIMULATED.render_view, model, engine)
        region, polar = follow_region(inputs, first.time), follow_poles(inputs)
        more = draw_series(region, polar, arguments.out)
        write_report(report, (*figures, *more), arguments.out)
    return report


def main() -> None:
    """Run the command line; an error, or a leak in the written report, ends it with a message."""
    arguments = parser().parse_args()
    with exit_on_error():
        report = score(arguments)
    print(arguments.out / "report.md")
    if report.leak and report.leak.leak:
        raise SystemExit(leak_sentence(report.leak))


if __name__ == "__main__":
    main()
