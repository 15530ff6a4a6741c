"""SQLite index of an archive: arrived files, products with their inputs, refused sets."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from farside.archive.entry import ArchivedProduct, ProductInput
from farside.archive.naming import Name
from farside.archive.times import isoformat, parse_datetime
from farside.errors import ArchiveAwayError, ArchiveError
from farside.io.cards import unquote_name
from farside.io.transaction import transaction
from farside.quality import Quality

FILE_NAME = "index.sqlite"
SCHEMA_VERSION = 1

_PASSING = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
)
"""SQLite error codes of a passing fault: disk full, read-only or lost, or database locked."""

_SCHEMA = """
CREATE TABLE arrival (
    path TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, sha256 TEXT NOT NULL,
    instrument TEXT NOT NULL, band TEXT NOT NULL, time TEXT NOT NULL,
    longitude_deg REAL NOT NULL, quality INTEGER NOT NULL, error TEXT NOT NULL
);
CREATE TABLE product (
    path TEXT PRIMARY KEY, series TEXT NOT NULL, slot TEXT NOT NULL, issue INTEGER NOT NULL,
    kind TEXT NOT NULL, spacecraft TEXT NOT NULL,
    model TEXT NOT NULL, version TEXT NOT NULL, identity TEXT NOT NULL,
    time TEXT NOT NULL, made TEXT NOT NULL, quality INTEGER NOT NULL, sha256 TEXT NOT NULL,
    superseded_by TEXT, UNIQUE (series, slot, issue)
);
CREATE INDEX product_slot ON product (slot);
CREATE TABLE input (
    product TEXT NOT NULL REFERENCES product (path) ON DELETE CASCADE,
    role TEXT NOT NULL, instrument TEXT NOT NULL, time TEXT NOT NULL, quality INTEGER NOT NULL,
    filename TEXT NOT NULL, sha256 TEXT NOT NULL
);
CREATE INDEX input_product ON input (product);
CREATE TABLE refusal (job TEXT PRIMARY KEY, error TEXT NOT NULL);
"""

_INDICES = """
CREATE INDEX IF NOT EXISTS product_kind ON product (kind, slot, series, issue);
CREATE INDEX IF NOT EXISTS product_series ON product (series, superseded_by, slot);
CREATE INDEX IF NOT EXISTS product_content ON product (sha256);
CREATE INDEX IF NOT EXISTS arrival_content ON arrival (sha256);
CREATE INDEX IF NOT EXISTS arrival_unusable ON arrival (path) WHERE error != '';
"""
"""Indices that archives of earlier releases lack; they change no answer."""


@dataclass(frozen=True)
class Arrival:
    """Index entry of one file in a drop folder.

    Attributes
    ----------
    path
        Absolute path, quoted.
    fingerprint
        Size, modification time and change time: differs whenever the file has changed.
    sha256, instrument, band, time, longitude_deg, quality
        Content of the header, with the observer's Stonyhurst longitude; meaningless with an error.
    error
        Why the file cannot be used; empty for a usable file.
    """

    path: str
    fingerprint: str
    sha256: str
    instrument: str
    band: str
    time: datetime
    longitude_deg: float
    quality: Quality
    error: str = ""

    @property
    def changed(self) -> float:
        """Time of the last change of the file, Unix seconds."""
        return int(self.fingerprint.split()[-1]) / 1e9

    def __str__(self) -> str:
        return f"{self.instrument} {self.band} {isoformat(self.time)[:19]}"


class Index:
    """Tables of one archive: any number of readers beside one writer at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def arrivals(self) -> dict[str, Arrival]:
        """All files that were ever read, by path."""
        rows = self._rows("SELECT * FROM arrival")
        return {row["path"]: _arrival(row) for row in rows}

    def note_arrivals(self, arrivals: Iterable[Arrival]) -> None:
        """Enter files, replacing earlier entries of the same paths."""
        with self._transaction():
            for arrival in arrivals:
                self._insert("REPLACE INTO arrival", _row(arrival))

    def mark_unusable(self, sha256: str, error: str) -> None:
        """Mark all files of this content as unusable, with the reason."""
        with self._transaction():
            self._connection.execute(
                "UPDATE arrival SET error = ? WHERE sha256 = ?", (error, sha256)
            )

    def add(self, product: ArchivedProduct, inputs: Iterable[ProductInput]) -> None:
        """Enter a product; all issues of its slot but the latest are marked superseded."""
        name = product.name
        with self._transaction():
            self._insert("INSERT INTO product", _product_row(product))
            for given in inputs:
                self._insert("INSERT INTO input", _row(given) | {"product": str(name.path)})
            self._supersede(name)

    def drop(self, name: Name) -> None:
        """Delete a product whose file is gone; the issue before it becomes current."""
        with self._transaction():
            self._rows("DELETE FROM product WHERE path = ?", str(name.path))
            self._supersede(name)

    def refuse(self, job: str, error: str) -> None:
        """Record that a set of files could not be used, with the reason."""
        with self._transaction():
            self._insert("REPLACE INTO refusal", {"job": job, "error": error})

    def is_refused(self, job: str) -> bool:
        """Whether this set of files was refused before."""
        return bool(self._rows("SELECT 1 FROM refusal WHERE job = ?", job))

    def has_content(self, sha256: str) -> bool:
        """Whether a product of this content is in the index."""
        return bool(self._rows("SELECT 1 FROM product WHERE sha256 = ?", sha256))

    def names(self) -> set[Name]:
        """Names of all issues of all products."""
        rows = self._rows("SELECT series, slot, issue FROM product")
        return {Name(row["series"], parse_datetime(row["slot"]), row["issue"]) for row in rows}

    def counts(self) -> tuple[tuple[str, float], ...]:
        """Counts of files and refused sets; slot (Unix s) of the latest product of each kind."""
        row = self._rows(
            "SELECT files - unusable_files AS files, unusable_files, refused_sets FROM"
            " (SELECT (SELECT count(*) FROM arrival) AS files,"
            " (SELECT count(*) FROM arrival WHERE error != '') AS unusable_files,"
            " (SELECT count(*) FROM refusal) AS refused_sets)"
        )[0]
        counts = [(key, float(row[key])) for key in row.keys()]  # noqa: SIM118  no dict
        for last in self._rows("SELECT kind, max(slot) AS slot FROM product GROUP BY kind"):
            name = f"last_{last['kind']}_timestamp_seconds"
            counts.append((name, parse_datetime(last["slot"]).timestamp()))
        return tuple(counts)

    def current(self, series: str, slot: datetime) -> ArchivedProduct | None:
        """Latest issue of the product of a series and slot; None if there is none."""
        found = self._products("series = ? AND slot = ?", series, isoformat(slot))
        return found[-1] if found else None

    def current_of_model(
        self, model: str, spacecraft: str, slot: datetime
    ) -> list[ArchivedProduct]:
        """Latest issues of one slot's magnetogram, by any version of a model."""
        return self._products(
            "model = ? AND spacecraft = ? AND slot = ? AND superseded_by IS NULL",
            model, spacecraft, isoformat(slot),
        )  # fmt: skip

    def current_magnetograms(
        self, model: str, version: str, first: datetime, last: datetime
    ) -> list[ArchivedProduct]:
        """Current magnetograms of one model version in a period, sorted by time."""
        return self._products(
            "kind = 'magnetogram' AND model = ? AND version = ? AND slot BETWEEN ? AND ? "
            "AND superseded_by IS NULL",
            model, version, isoformat(first), isoformat(last),
        )  # fmt: skip

    def current_since(self, series: str, first: datetime) -> list[ArchivedProduct]:
        """Current products of a series from a slot on, sorted by time."""
        return self._products(
            "series = ? AND slot >= ? AND superseded_by IS NULL", series, isoformat(first)
        )

    def last_before(self, series: str, slot: datetime) -> ArchivedProduct | None:
        """Current product of the latest slot before `slot`."""
        rows = self._rows(
            "SELECT * FROM product WHERE series = ? AND slot < ? AND superseded_by IS NULL "
            "ORDER BY slot DESC LIMIT 1",
            series, isoformat(slot),
        )  # fmt: skip
        return _product(rows[0]) if rows else None

    def inputs(self, name: Name) -> tuple[ProductInput, ...]:
        """Input files of a product."""
        rows = self._rows("SELECT * FROM input WHERE product = ?", str(name.path))
        return tuple(_input(row) for row in rows)

    def find(
        self,
        *,
        kind: str | None = None,
        series: str | None = None,
        spacecraft: str | None = None,
        first: datetime | None = None,
        end: datetime | None = None,
        superseded: bool = False,
        after: Name | None = None,
        limit: int | None = None,
    ) -> list[ArchivedProduct]:
        """Products that meet all given conditions, the latest slot first.

        Parameters
        ----------
        kind, series, spacecraft
            As in :class:`~farside.archive.entry.ArchivedProduct`.
        first, end
            Earliest slot, and end of the period (exclusive), UTC.
        superseded
            Whether earlier issues are included.
        after
            Last product of the page before.
        limit
            Largest number of products.
        """
        conditions = {
            "kind = ?": kind,
            "series = ?": series,
            "spacecraft = ?": spacecraft,
            "slot >= ?": isoformat(first) if first else None,
            "slot < ?": isoformat(end) if end else None,
        }
        given = {each: value for each, value in conditions.items() if value is not None}
        where = ["1" if superseded else "superseded_by IS NULL", *given]
        values: list[object] = list(given.values())
        if after is not None:
            where.append("(slot, series, issue) < (?, ?, ?)")
            values += [isoformat(after.slot), after.series, after.issue]
        query = (
            f"SELECT * FROM product WHERE {' AND '.join(where)} "  # noqa: S608  # conditions of this method
            "ORDER BY slot DESC, series DESC, issue DESC LIMIT ?"
        )
        return [_product(row) for row in self._rows(query, *values, -1 if limit is None else limit)]

    def product(self, name: Name) -> ArchivedProduct | None:
        """Index entry of one issue; None if there is none."""
        found = self._products("path = ?", str(name.path))
        return found[0] if found else None

    def product_of_content(self, sha256: str) -> ArchivedProduct | None:
        """Product with this content; None if there is none."""
        found = self._products("sha256 = ?", sha256)
        return found[0] if found else None

    def path_of_arrival(self, sha256: str) -> Path | None:
        """Path of a file of a drop folder with this content; None if none is known."""
        rows = self._rows("SELECT path FROM arrival WHERE sha256 = ? AND error = ''", sha256)
        return Path(unquote_name(rows[0]["path"])) if rows else None

    def map_series(self) -> tuple[str, ...]:
        """Series of synchronic maps, that of the latest slot first."""
        rows = self._rows(
            "SELECT series FROM product WHERE kind = 'map' GROUP BY series ORDER BY max(slot) DESC"
        )
        return tuple(row["series"] for row in rows)

    def period(self, series: str) -> tuple[datetime, datetime, int]:
        """First and last slot of a series, and its number of current products."""
        row = self._rows(
            "SELECT min(slot) AS first, max(slot) AS last, count(*) AS number FROM product "
            "WHERE series = ? AND superseded_by IS NULL",
            series,
        )[0]
        return parse_datetime(row["first"]), parse_datetime(row["last"]), row["number"]

    def products(self, *, superseded: bool = False) -> list[ArchivedProduct]:
        """All products, sorted by slot, series and issue."""
        return self._products("1" if superseded else "superseded_by IS NULL")

    def _products(self, condition: str, *values: object) -> list[ArchivedProduct]:
        query = f"SELECT * FROM product WHERE {condition} ORDER BY slot, series, issue"  # noqa: S608  # conditions of this class
        return [_product(row) for row in self._rows(query, *values)]

    def _supersede(self, name: Name) -> None:
        issue = self._rows(
            "SELECT max(issue) AS last FROM product WHERE series = ? AND slot = ?",
            name.series, isoformat(name.slot),
        )[0]["last"]  # fmt: skip
        if issue is None:
            return
        latest = str(Name(name.series, name.slot, issue).path)
        self._rows(
            "UPDATE product SET superseded_by = CASE WHEN path = ?1 THEN NULL ELSE ?1 END "
            "WHERE series = ?2 AND slot = ?3",
            latest, name.series, isoformat(name.slot),
        )  # fmt: skip

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with _translated():
            return self._connection.execute(query, values).fetchall()

    def _insert(self, verb: str, row: dict[str, object]) -> None:
        places = ", ".join(f":{key}" for key in row)
        self._connection.execute(f"{verb} ({', '.join(row)}) VALUES ({places})", row)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _translated(), transaction(self._connection):
            yield


@contextmanager
def writing(archive: Path) -> Iterator[Index]:
    """Open the index of an archive for writing; create it if it is missing.

    Raises
    ------
    ArchiveError
        If the index is damaged or of another version.
    """
    with _connected(f"{(archive / FILE_NAME).resolve().as_uri()}?mode=rwc") as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        # With WAL, NORMAL could lose the last transactions in a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if _version(connection) == 0:
            connection.executescript(
                f"BEGIN;{_SCHEMA}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;"
            )
        _check_version(connection)
        connection.executescript(_INDICES)
        yield Index(connection)


@contextmanager
def reading(archive: Path) -> Iterator[Index]:
    """Open the index of an archive read-only, while others may write to it.

    Raises
    ------
    ArchiveError
        If the index is missing, damaged or of another version.
    """
    path = archive / FILE_NAME
    if not path.is_file():
        raise ArchiveError(
            f"no archive in {archive}: {FILE_NAME} is expected, which farside watch makes"
        )
    with _connected(f"{path.resolve().as_uri()}?mode=ro") as connection:
        _check_version(connection)
        yield Index(connection)


@contextmanager
def _connected(uri: str) -> Iterator[sqlite3.Connection]:
    with _translated():
        connection = sqlite3.connect(uri, uri=True, timeout=60, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            yield connection
        finally:
            connection.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        # The low byte of an extended code is the plain one (sqlite.org/rescode.html).
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING:
            raise ArchiveAwayError(f"{FILE_NAME} cannot be used now: {error}") from error
        raise ArchiveError(
            f"{FILE_NAME} cannot be used: {error}; where it is damaged, move it away and start "
            "farside watch, which makes it again from the products"
        ) from error


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _check_version(connection: sqlite3.Connection) -> None:
    if _version(connection) != SCHEMA_VERSION:
        raise ArchiveError(
            f"{FILE_NAME} has version {_version(connection)}, {SCHEMA_VERSION} is expected"
        )


def _row(entry: Arrival | ArchivedProduct | ProductInput) -> dict[str, object]:
    return vars(entry) | {"time": isoformat(entry.time), "quality": int(entry.quality)}


def _arrival(row: sqlite3.Row) -> Arrival:
    values: dict[str, Any] = dict(row)
    return Arrival(
        **values | {"time": parse_datetime(row["time"]), "quality": Quality(row["quality"])}
    )


def _product_row(product: ArchivedProduct) -> dict[str, object]:
    name = product.name
    row = _row(product) | {
        "path": str(name.path),
        "series": name.series,
        "slot": isoformat(name.slot),
        "issue": name.issue,
        "made": isoformat(product.made),
    }
    del row["name"], row["superseded_by"]
    return row


def _product(row: sqlite3.Row) -> ArchivedProduct:
    later = row["superseded_by"]
    return ArchivedProduct(
        name=Name(row["series"], parse_datetime(row["slot"]), row["issue"]),
        kind=row["kind"],
        spacecraft=row["spacecraft"],
        model=row["model"],
        version=row["version"],
        identity=row["identity"],
        time=parse_datetime(row["time"]),
        made=parse_datetime(row["made"]),
        quality=Quality(row["quality"]),
        sha256=row["sha256"],
        superseded_by=None if later is None else Name.of_path(Path(later)),
    )


def _input(row: sqlite3.Row) -> ProductInput:
    return ProductInput(
        role=row["role"],
        instrument=row["instrument"],
        time=parse_datetime(row["time"]),
        quality=Quality(row["quality"]),
        filename=row["filename"],
        sha256=row["sha256"],
    )
