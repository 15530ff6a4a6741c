"""``python -m training CONFIG.toml --out FOLDER``: train, or go on with what lies in FOLDER."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.command import one_sentence
from training.config import read_config
from training.train import DivergedError, train


def main() -> None:
    """Train; what goes wrong is one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for models, state and logs")
    arguments = parser.parse_args()
    with one_sentence(DivergedError):
        train(read_config(arguments.config), arguments.out)


if __name__ == "__main__":
    main()
