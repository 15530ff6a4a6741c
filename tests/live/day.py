"""A day of six-hourly sets in local archives, with what goes wrong in it, and its right archive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from farside.archive.entry import ArchivedProduct
from farside.archive.index import reading
from farside.archive.producer import LocalProducer, Producer
from farside.fetch import load_archives
from farside.model.engine import Model, Tensor, input_shape
from farside.quality import Quality
from tests.support import local_archives as local
from tests.support.local_archives import LocalArchives, Trouble
from tests.support.tiny_recipe import flexible_recipe

BEGIN = datetime(2011, 2, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
LAG = timedelta(days=6, hours=14, minutes=27)
"""Of Eq. 5 for the longitude in the headers, 87.06°."""

BANDS = (304, 195, 171)
PATIENCE_HOURS = 8
ROUNDS = range(1, 30, 4)
"""Hours after `BEGIN` at which a round is run."""

DEFINITIVE_HOURS = 21
"""When the definitive files of the first slot and of the second slot's HMI are there."""

SERIES = "tiny_v1_stereo_a", "tiny_v1_synchronic"


class FieldChannel:
    """Engine that answers with the reference magnetogram."""

    name = "fake"
    precision = "float32"
    batch = 1

    def models(self) -> dict[str, Model]:
        return {"tiny": Model(flexible_recipe(), "ab" * 32)}

    def ready(self) -> bool:
        return True

    def buffer(self, model: str, batch: int = 1) -> Tensor:
        return np.empty((batch, *input_shape(self.models()[model])), np.float32)

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        assert model == "tiny"
        return tensor[:, 6:7]

    def close(self) -> None:
        pass


PRODUCER: Producer = LocalProducer(FieldChannel(), "tiny")


def slot(hours: int) -> datetime:
    return BEGIN + hours * HOUR


def put_euvi(mirror: LocalArchives, base: str, hours: int, *bands: int) -> None:
    for band in bands:
        moment = slot(hours) + timedelta(minutes=14, seconds=15 * BANDS.index(band))
        # Equal bytes would be one file for the archive.
        content = local.euvi(moment, band, COMMENT=base.rpartition("/secchi/")[0])
        mirror.files[local.euvi_path(base, moment)] = content


def put_references(mirror: LocalArchives, hours: int, off: timedelta = timedelta()) -> None:
    """References of a slot: AIA at the epoch, HMI at the full hour."""
    epoch = (slot(hours) + timedelta(minutes=15) - LAG + off).replace(second=0)
    for band in (304, 193, 171):
        mirror.files[local.aia_path(epoch, band)] = local.aia(epoch, band)
    full = (epoch + HOUR / 2).replace(minute=0)
    mirror.files[local.hmi_path(full)] = local.hmi(full)


def begin_day() -> LocalArchives:
    """Archives at the start of the day: references and a map of GONG."""
    mirror = LocalArchives()
    for source in load_archives().sources.values():
        mirror.files[f"/{source.base.partition('//')[2]}README.txt"] = b"An archive."
    for hours in (0, 12, 18):
        put_references(mirror, hours)
    put_references(mirror, 6, -2 * HOUR)
    path, content = local.gong_map(slot(-1))
    mirror.files[path] = content
    return mirror


def put_new(mirror: LocalArchives, hours: int) -> None:
    """Let the files come that are there at an hour.

    The EUVI of the third slot never come, nor band 171 of the fourth; the definitive ones of the
    first slot, and the definitive HMI of the second, come late.
    """
    if hours > 0:
        put_euvi(mirror, local.BEACON, 0, *BANDS)
    if hours > 6:
        put_euvi(mirror, local.LEVEL_0, 6, *BANDS)
        mirror.files[local.hmi_path(slot(6), "hmi.M_720s_nrt")] = local.hmi(slot(6), NEAR_REAL_TIME)
    if hours > 18:
        put_euvi(mirror, local.LEVEL_0, 18, 304, 195)
    for each in (0, 12, 18):
        if hours > each:
            mirror.files[local.hmi_path(slot(each))] = local.hmi(slot(each))
    if hours >= DEFINITIVE_HOURS:
        put_euvi(mirror, local.LEVEL_0, 0, *BANDS)
        mirror.files[local.hmi_path(slot(6))] = local.hmi(slot(6))


NEAR_REAL_TIME = 0x400
"""Bit of QUALITY."""


def trouble(mirror: LocalArchives, hours: int) -> None:
    """Let files come and the archives misbehave before the round of an hour."""
    put_new(mirror, hours)
    mirror.always.clear()
    if hours == ROUNDS[0]:
        cut = local.euvi_path(local.BEACON, slot(0) + timedelta(minutes=14))
        mirror.troubles[cut].append(Trouble(cut_after=5000))
        mirror.troubles[local.hmi_path(slot(0))].append(Trouble(claim=100))
    if hours == ROUNDS[2]:
        mirror.always["/"] = Trouble(status=503)
    if hours == ROUNDS[3]:
        mirror.always["/jsoc1.stanford.edu/data/hmi/"] = Trouble(status=500)


def name(kind: int, hours: int, issue: int) -> str:
    return f"{SERIES[kind]}_20110215T{hours:02}0000_i{issue}"


RIGHT = {
    name(0, 0, 1): Quality.BEACON,
    name(0, 0, 2): Quality.GOOD,
    name(0, 6, 1): Quality.GOOD,
    name(0, 18, 1): Quality.MISSING_CHANNEL,
    name(1, 0, 1): Quality.GOOD,
    name(1, 0, 2): Quality.GOOD,
    name(1, 6, 1): Quality.GOOD,
    name(1, 6, 2): Quality.GOOD,
    name(1, 12, 1): Quality.NO_STEREO,
    name(1, 18, 1): Quality.GOOD,
}
"""Flags of each issue that the day ends with, of those of :data:`CONSIDERED`."""

CONSIDERED = {
    "magnetogram": Quality.BEACON
    | Quality.NEAR_REAL_TIME
    | Quality.MISSING_CHANNEL
    | Quality.OLD_REFERENCE
    | Quality.MAP_REFERENCE,
    "map": Quality.NO_STEREO | Quality.NO_OBSERVED | Quality.NO_BASE,
}
"""Flags by kind: a map also has those of the map it begins from."""


def products(archive: Path) -> list[ArchivedProduct]:
    with reading(archive) as index:
        return index.products(superseded=True)


def configuration(folder: Path, mirror: str, **changes: str) -> Path:
    """Write a configuration file for the local archives."""
    (folder / "archives.toml").write_text("pause_s = 0.0\nretries = 1\nretry_wait_s = 0.0\n")
    lines = {
        "archive": f'"{folder}/archive"',
        "inputs": f'"{folder}/inputs"',
        "begin": "2011-02-15",
        "patience_hours": str(PATIENCE_HOURS),
        "archives": f'"{folder}/archives.toml"',
        "mirror": f'"{mirror}"',
        "cache": f'"{folder}/cache"',
        **changes,
    }
    text = "\n".join(f"{key} = {value}" for key, value in lines.items())
    path = folder / "live.toml"
    path.write_text(f'{text}\n\n[[drop]]\nfolder = "{folder}/wsa"\nkeep_days = 10000\n')
    return path
