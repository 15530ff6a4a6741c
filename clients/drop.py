"""Copy the newest synchronic map to the input folder of a solar-wind model.

python clients/drop.py MAPS --into FOLDER --format gong --keep 30

MAPS is a map of `farside synchronic`, or a folder of them. Files are written atomically. No map is
dropped twice in the same format, even if the model has removed it. Files dropped more than --keep
days ago are removed; only files that this program dropped, which it lists in
FOLDER/.farside-dropped. `farside live` does the same from its archive.
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from pathlib import Path

from farside.archive.drop import FORMATS, drop, remove_older
from farside.errors import FarsideError, IncompleteSetError
from farside.io.fits import primary_cards, text
from farside.synchronic import fits as synchronic_fits


def main() -> int:
    """Drop new maps, and remove old files."""
    asked = _arguments()
    try:
        asked.into.mkdir(parents=True, exist_ok=True)
        for path in drop([_newest(asked.maps)], asked.into, asked.format, asked.flux_scale):
            print(path)
        remove_older(asked.into, timedelta(days=asked.keep))
    except (FarsideError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _newest(maps: Path) -> Path:
    """The given map, or the latest map of a folder."""
    if not maps.is_dir():
        return maps
    headers = {path: primary_cards(path.read_bytes()) for path in maps.glob("*.fits")}
    times = {
        path: text(h, "DATE-OBS")
        for path, h in headers.items()
        if synchronic_fits.is_synchronic_map(h)
    }
    if not times:
        raise IncompleteSetError(f"{maps}: got no synchronic map, expected at least one")
    return max(times, key=lambda path: (times[path], path.name))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Copy the newest synchronic map to the input folder of a solar-wind model."
    )
    parser.add_argument("maps", type=Path, help="map of farside synchronic, or a folder of them")
    parser.add_argument("--into", type=Path, required=True, help="input folder of the model")
    parser.add_argument(
        "--format",
        nargs="+",
        default=["gong"],
        choices=FORMATS,
        help="one or more; boundary is the solar wind at 0.1 au, which takes half a minute",
    )
    parser.add_argument(
        "--flux-scale",
        type=float,
        default=1.0,
        help="factor applied to the field in gong, adapt and wsa files",
    )
    parser.add_argument(
        "--keep", type=float, default=30, metavar="DAYS", help="age at which files are removed"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
