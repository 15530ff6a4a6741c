"""``python -m training.compare DATASET MODEL… --out PAGE.md``: compare generators."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.command import count, exit_on_error
from training.compare.benchmark import Candidate, benchmark
from training.compare.page import markdown
from training.compare.result import Comparison, summarise
from training.data import open_store
from training.score.cases import simulation_of
from training.scoring.markdown import write_page
from training.scoring.models import load


def parser() -> argparse.ArgumentParser:
    """Parser of the command line."""
    top = argparse.ArgumentParser(prog="python -m training.compare", description=__doc__)
    add = top.add_argument
    add("dataset", type=Path, metavar="DATASET", help="store of training.data")
    add("models", nargs="+", metavar="MODEL", help="names in the repository, or model files")
    add("--out", type=Path, required=True, metavar="PAGE", help="Markdown page; JSON beside it")
    add("--repository", type=Path, default=Path("model_repository"), help="folder of models")
    add("--split", choices=("train", "test"), default="test", help="pairs to score (%(default)s)")
    add("--suns", type=count, help="use only the first so many suns, or months (all)")
    return top


def compare(arguments: argparse.Namespace) -> Comparison:
    """Compare the models, and write the page."""
    candidates = [Candidate(*load(name, arguments.repository)) for name in arguments.models]
    pairs = open_store(arguments.dataset)
    words = [pairs.path.name, *(candidate.name for candidate in candidates)]
    if arguments.suns:
        words += ["--suns", str(arguments.suns)]
    comparison = summarise(
        benchmark(pairs, candidates, arguments.split, arguments.suns),
        candidates,
        command=" ".join(["python -m training.compare", *words]),
        data=pairs.path.name,
        simulation=simulation_of(pairs),
    )
    write_page(comparison, markdown(comparison), arguments.out)
    return comparison


def main() -> None:
    """Run the command line; an error ends it with one sentence."""
    arguments = parser().parse_args()
    with exit_on_error():
        compare(arguments)
    print(arguments.out)


if __name__ == "__main__":
    main()
