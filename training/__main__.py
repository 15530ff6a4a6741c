"""``python -m training CONFIG.toml --out FOLDER``: train, or go on with what lies in FOLDER."""

from __future__ import annotations

import argparse
from pathlib import Path

from farside.errors import FarsideError
from training.config import ConfigError, read_config
from training.loop import DivergedError, StateError, train


def main() -> None:
    """Train; what goes wrong is one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for models, state and logs")
    arguments = parser.parse_args()
    try:
        train(read_config(arguments.config), arguments.out)
    except (ConfigError, DivergedError, FarsideError, OSError, StateError, ValueError) as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error


if __name__ == "__main__":
    main()
