"""Progress bar on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress as Bar

from farside.progress import Progress


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """Show the progress of `what` as a bar, from the first report until the block ends."""
    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, visible=False)

        def tell(done: int, number: int) -> None:
            bar.update(task, completed=done, total=number, visible=True)

        yield tell
