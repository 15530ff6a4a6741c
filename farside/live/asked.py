"""Record of what the archives were asked for, and when to ask again."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

from farside.archive.times import isoformat, parse_datetime
from farside.io.atomic import atomic_path

_log = logging.getLogger(__name__)

FILE_NAME = ".asked.json"

AGE_SHARE = 0.1
"""Share of a slot's age that passes before it is asked for again: half an hour after six hours, and
three days after a month. A choice: better files come late, and less and less often."""

LEAST_WAIT = timedelta(minutes=15)
"""Least time between two requests for one set. A choice."""


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Asked:
    """When each set was asked for and is to be asked for next, kept in a file of the inputs folder.

    The file may be lost: sets are then asked for again, of which the cache holds the files.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._times = self._read()

    def is_due(self, key: str, now: datetime) -> bool:
        """Whether a set is to be asked for; always where the clock has gone back since."""
        if key not in self._times:
            return True
        asked, due = self._times[key]
        return now < asked or now >= due

    def last(self, key: str) -> datetime:
        """When a set was last asked for; long ago if it never was."""
        return self._times[key][0] if key in self._times else _LONG_AGO

    def note(self, key: str, slot: datetime, now: datetime, *, answered: bool) -> None:
        """Note that a set was asked for, and whether the archives answered."""
        wait = max((now - slot) * AGE_SHARE, LEAST_WAIT) if answered else LEAST_WAIT
        self._times[key] = (now, now + wait)

    def keep(self, keys: Collection[str]) -> None:
        """Forget all but some sets, and write the file."""
        self._times = {key: times for key, times in self._times.items() if key in keys}
        table = {key: [*map(isoformat, times)] for key, times in sorted(self._times.items())}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(self._path) as temporary:
            temporary.write_text(json.dumps(table, indent=0))

    def _read(self) -> dict[str, tuple[datetime, datetime]]:
        try:
            table = json.loads(self._path.read_text())
            return {
                key: (parse_datetime(asked), parse_datetime(due))
                for key, (asked, due) in table.items()
            }
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError) as error:
            _log.warning("%s is begun anew: %s", self._path, error)
            return {}
