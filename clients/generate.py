"""Request a far-side magnetogram from a Farside service.

python clients/generate.py --observation EUVI... --reference AIA... HMI --out far.fits
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from farside.client import Client
from farside.errors import FarsideError


def main() -> int:
    """Post the files, write the product, print its path."""
    asked = _arguments()
    try:
        with Client(asked.url) as client:
            out = client.generate(asked.observation, asked.reference, asked.model, out=asked.out)
    except (FarsideError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(out)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Request a far-side magnetogram from a Farside service."
    )
    parser.add_argument("--observation", type=Path, nargs="+", required=True, metavar="FITS")
    parser.add_argument("--reference", type=Path, nargs="*", default=[], metavar="FITS")
    parser.add_argument("--model", help="model of the service; its default model if left out")
    parser.add_argument("--url", default="http://localhost:3000", help="address of the service")
    parser.add_argument("--out", type=Path, default=Path("far.fits"), metavar="FITS")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
