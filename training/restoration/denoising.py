"""``python -m training.restoration.denoising MODEL… --out PAGE.md``: score denoisers."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.progress import track

from training.command import count, exit_on_error
from training.restoration.denoiser import Denoiser, SunScores, score_sun
from training.restoration.denoisingpage import markdown, write_reports
from training.restoration.denoisingpicture import Example, draw, example
from training.restoration.denoisingscores import DenoisingScores, summarise
from training.scoring.markdown import write_page
from training.scoring.models import check_names, load

SUNS = 24
"""Number of suns, seeds from 0: below a million, thus not used in training."""


def parser() -> argparse.ArgumentParser:
    """Parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m training.restoration.denoising", description=__doc__
    )
    add = top.add_argument
    add("models", nargs="+", metavar="MODEL", help="names in the repository, or model files")
    add(
        "--out",
        type=Path,
        required=True,
        metavar="PAGE",
        help="Markdown page; JSON and PNG beside it",
    )
    add("--reports", type=Path, metavar="FOLDER", help="folder for NAME/report.json of each model")
    add("--repository", type=Path, default=Path("model_repository"), help="folder of models")
    add("--suns", type=count, default=SUNS, help="seeds from 0 (%(default)s)")
    return top


def score(arguments: argparse.Namespace) -> DenoisingScores:
    """Score the denoisers, and write the page, its numbers and its picture."""
    denoisers = [Denoiser(*load(name, arguments.repository)) for name in arguments.models]
    names = [each.name for each in denoisers]
    check_names(names)
    suns: list[SunScores] = []
    shown: Example | None = None
    for seed in track(range(arguments.suns), "scoring"):
        sun = score_sun(seed, denoisers)
        found = example(sun, denoisers)
        if shown is None or found.strength_gauss > shown.strength_gauss:
            shown = found
        suns.append(sun.scored)
    words = ["python -m training.restoration.denoising", *names, f"--suns {arguments.suns}"]
    scores = summarise(suns, denoisers, " ".join(words))
    picture = arguments.out.with_suffix(".png")
    write_page(scores, markdown(scores, picture.name), arguments.out)
    if shown:
        draw(shown, picture)
    if arguments.reports:
        write_reports(scores, arguments.reports)
    return scores


def main() -> None:
    """Run the command line; an error ends it with one sentence."""
    arguments = parser().parse_args()
    with exit_on_error():
        score(arguments)
    print(arguments.out)


if __name__ == "__main__":
    main()
