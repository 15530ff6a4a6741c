"""Six-hourly sets of small images of STEREO-A and SDO, as files in one folder."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.live.day import BANDS, BEGIN, put_euvi, put_references
from tests.support import local_archives as local
from tests.support.local_archives import LocalArchives

BEGIN_DAY = BEGIN.date()


def write_sets(folder: Path, hours: range) -> Path:
    """Write the sets of some hours after the first day."""
    files = LocalArchives()
    for each in hours:
        put_euvi(files, local.LEVEL_0, each, *BANDS)
        put_references(files, each)
    folder.mkdir()
    for path, content in files.files.items():
        (folder / path.rpartition("/")[2]).write_bytes(content)
    return folder


def day(hours: int) -> str:
    """Day of an hour after the first day, as options of the commands take it."""
    return f"{BEGIN_DAY + timedelta(hours=hours)}"
