"""Limit of BLAS threads, which cost more than they save on small matrices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit the BLAS of NumPy and SciPy to one thread, as a context manager or decorator.

    Products of matrices of some hundred rows take microseconds, less than waking the other threads;
    between products these wait busily and take processor time from other work.
    """
    with _blas().limit(limits=1):
        yield


@cache
def _blas() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  SciPy loads a BLAS of its own

    return ThreadpoolController().select(user_api="blas")
