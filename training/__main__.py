"""``python -m training CONFIG.toml --out FOLDER``: train a network, or resume the run in FOLDER."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.command import exit_on_error
from training.config import read_config
from training.train import DivergedError, train


def main() -> None:
    """Run the command line; an error ends it with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run, new or begun")
    arguments = parser.parse_args()
    with exit_on_error(DivergedError):
        train(read_config(arguments.config), arguments.out)


if __name__ == "__main__":
    main()
