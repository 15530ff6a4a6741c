"""A bar on standard error for what takes long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress as Bar

from farside.progress import Progress


@contextmanager
def shown(what: str) -> Iterator[Progress]:
    """Show how far `what` is, once it has told anything; gone when it is done."""
    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, visible=False)

        def tell(done: int, number: int) -> None:
            bar.update(task, completed=done, total=number, visible=True)

        yield tell
