"""Control group of Linux (version 1 or 2) that bounds the memory of a program, as a pod does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class MemoryCgroup:
    """Group of programs that may have so much memory together; one that asks for more is killed."""

    folder: Path
    version: int

    @property
    def command(self) -> tuple[str, ...]:
        """What to put before a command so that it runs in the group, with all that it starts."""
        return "sh", "-c", f'echo $$ > {self.folder}/cgroup.procs && exec "$@"', "sh"

    def resident_bytes(self) -> int:
        """Memory in use but for the cache of files."""
        lines = (self.folder / "memory.stat").read_text().splitlines()
        found = dict(line.split() for line in lines)
        return int(found["total_rss" if self.version == 1 else "anon"])

    def killed(self) -> int:
        """Number of processes that the kernel has killed for their memory."""
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        lines = (self.folder / name).read_text().splitlines()
        return int(dict(line.split() for line in lines)["oom_kill"])


@contextmanager
def memory_cgroup(most_bytes: int) -> Iterator[MemoryCgroup | None]:
    """Make a group until the block ends; None where the kernel or the user may not."""
    version = 2 if (ROOT / "cgroup.controllers").exists() else 1
    above, limit = (
        (ROOT, "memory.max") if version == 2 else (ROOT / "memory", "memory.limit_in_bytes")
    )
    folder = above / f"farside-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError:
        yield None
        return
    try:
        yield _limited(folder, limit, most_bytes, version)
    finally:
        folder.rmdir()  # every process in it has ended


def _limited(folder: Path, limit: str, most_bytes: int, version: int) -> MemoryCgroup | None:
    try:
        (folder / limit).write_text(str(most_bytes))
    except OSError:  # version 2, and the controller is not handed down
        return None
    return MemoryCgroup(folder, version)
