"""Images that are to be let go one by one."""

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from farside.sun.grid import Image

T = TypeVar("T")


def one_at_a_time(makers: Iterable[Callable[[], T]], pixels: Callable[[T], Image]) -> Iterator[T]:
    """Make images one after the other; each must be gone from memory before the next is made."""
    last: weakref.ref[Image] | None = None
    for make in makers:
        assert last is None or last() is None, "the image before is still held"
        made = make()
        last = weakref.ref(pixels(made))
        yield made
        del made
