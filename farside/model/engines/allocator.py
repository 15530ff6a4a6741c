"""Settings of the C library's allocator that make forward passes fast."""

from __future__ import annotations

import ctypes

# Parameters of mallopt(3), from glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_M_ARENA_MAX = -8


def keep_freed_memory() -> bool:
    """Make glibc's malloc keep freed memory instead of returning it, for the whole process.

    A forward pass allocates and frees hundreds of megabytes. By default each large block is mapped
    anew and zeroed by page faults. Threads with an arena of their own would still map large blocks,
    hence a single arena.

    Returns
    -------
    bool
        False if the C library is not glibc; nothing is changed then.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, -1), (_M_ARENA_MAX, 1))
    return all(mallopt(parameter, value) == 1 for parameter, value in settings)
