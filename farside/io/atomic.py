"""Files that are there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4


@dataclass(frozen=True)
class NamedFile:
    """A file in memory, and the name that its format wants."""

    name: str
    content: bytes

    def put(self, folder: str | Path) -> Path:
        """Write it into a folder, made if need be; readers there see the whole or nothing."""
        path = Path(folder) / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(self.content)
        return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, which takes its place if the block ends well.

    Readers see the old file or the new one; after an error the old one stays and nothing is left.
    """
    temporary = path.with_name(f".{uuid4().hex}.partial")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
