"""Threads of BLAS, which cost more than they save on small matrices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit the BLAS of NumPy and SciPy to one thread, as a ``with`` block or as a decorator.

    Products of matrices of some hundred rows take microseconds, less than it takes to wake the
    other threads; between two products those wait busily and take the processor from others.
    """
    with _blas().limit(limits=1):
        yield


@cache
def _blas() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  SciPy brings a BLAS of its own, loaded with it

    return ThreadpoolController().select(user_api="blas")
