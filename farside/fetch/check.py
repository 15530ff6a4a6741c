"""Check of the archives: whether each answers, and still has the known directories."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from farside.errors import FetchError, NoDataError, SourceMovedError
from farside.fetch.archives import Archives, Source
from farside.fetch.connection import Connection


class SourceState(NamedTuple):
    """State of one source: its name and base address, and the error if it cannot be used."""

    name: str
    address: str
    error: FetchError | None

    def __str__(self) -> str:
        said = "ok" if self.error is None else f"{type(self.error).__name__}: {self.error}"
        return f"{self.name}  {self.address}  {said}"


def check_sources(archives: Archives, cache: Path | None = None) -> Iterator[SourceState]:
    """Ask each archive for its directory and for one of a time that has files."""
    with Connection(archives, cache) as connection:
        for name, source in archives.sources.items():
            base = archives.base(source)
            try:
                _check(connection, source, base)
            except FetchError as error:
                yield SourceState(name, base, error)
            else:
                yield SourceState(name, base, None)


def _check(connection: Connection, source: Source, base: str) -> None:
    connection.check_base(base)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    time = source.known.replace(tzinfo=UTC) if source.known else yesterday
    directory = base + time.strftime(source.directory)
    names = connection.listing(directory)
    if names is None:
        raise SourceMovedError(f"{directory}: got status 404, expected the files of {time:%F}")
    if not any(source.time_of(name, band) for name in names for band in source.bands):
        raise NoDataError(f"{directory}: got {len(names)} other files, expected {source.file}")
