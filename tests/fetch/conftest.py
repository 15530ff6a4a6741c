"""Local archives with one set of files, and settings that ask them without pauses."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from farside.fetch import Archives, load_archives
from tests.support import local_archives as local
from tests.support.local_archives import LocalArchives

TIME = datetime(2011, 2, 15, 0, 15, tzinfo=UTC)

EPOCH = TIME - timedelta(days=87.05958 * 27.3 / 360)
"""Eq. 5 for the longitude in the headers, 87.06°: 2011-02-08 09:48."""

EUVI = {
    304: datetime(2011, 2, 15, 0, 16, 15, tzinfo=UTC),
    195: datetime(2011, 2, 15, 0, 15, 30, tzinfo=UTC),
    171: datetime(2011, 2, 15, 0, 14, 0, tzinfo=UTC),
}
AIA = datetime(2011, 2, 8, 9, 48, tzinfo=UTC)
HMI = datetime(2011, 2, 8, 10, 0, tzinfo=UTC)
BANDS = (304, 193, 171)


@cache
def one_set() -> dict[str, bytes]:
    """The seven files of a set, and EUVI 284 and a later 304 beside them."""
    later = EUVI[304] + timedelta(minutes=10)
    euvi = {**{moment: band for band, moment in EUVI.items()}, later: 304,
            EUVI[304] + timedelta(seconds=15): 284}  # fmt: skip
    bases = [f"/{source.base.partition('//')[2]}" for source in load_archives().sources.values()]
    return {
        **{f"{base}README.txt": b"An archive." for base in bases},
        **{local.euvi_path(local.LEVEL_0, at): local.euvi(at, band) for at, band in euvi.items()},
        **{local.aia_path(AIA, band): local.aia(AIA, band) for band in BANDS},
        local.hmi_path(HMI): local.hmi(HMI),
    }


@pytest.fixture
def mirror() -> Iterator[LocalArchives]:
    with local.serve(LocalArchives(dict(one_set()))) as archives:
        yield archives


@pytest.fixture
def archives(mirror: LocalArchives) -> Archives:
    return settings(mirror.address)


def settings(address: str, **changes: object) -> Archives:
    quick = {"pause_s": 0.0, "timeout_s": 20.0, "retries": 1, "retry_wait_s": 0.0} | changes
    return load_archives(mirror=address).model_copy(update=quick)
