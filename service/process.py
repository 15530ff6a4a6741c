"""Work in a process of its own, which can be ended: a thread of Python cannot."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, ParamSpec, TypeVar, cast

from farside.errors import DeadlineError, FarsideError
from service.logs import LogFormat, configure

P = ParamSpec("P")
T = TypeVar("T")

_SPAWN = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang


class Process:
    """A process that does one piece of work at a time, started with the first if not before.

    One that takes too long, or that the machine kills for its memory, ends only that piece of work.

    Parameters
    ----------
    module
        What it imports when it starts.
    log_format
        Shape of the lines that it logs, warnings among them.
    """

    def __init__(self, module: str = "", log_format: LogFormat = "json") -> None:
        self._started_with = module, log_format
        self._child: BaseProcess | None = None
        self._wire: Connection | None = None
        self._closed = False

    def call(self, within_s: float, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work there and give its result, or raise its error.

        Raises
        ------
        DeadlineError
            It took longer than `within_s`, and was ended.
        FarsideError
            The process ended in the middle of it.
        """
        wire = self._opened()
        try:
            _send(wire, (work, args, kwargs))
            if not wire.poll(within_s):
                raise DeadlineError(f"no result within {within_s:g} s; the work was ended")
            result, error, trace = _receive(wire)
        except DeadlineError:
            self._end()
            raise
        except (EOFError, OSError) as gone:
            self._end()
            raise FarsideError("the process that did the work ended in the middle") from gone
        if error is not None:
            error.add_note(trace)
            raise error
        return cast("T", result)

    def start(self) -> None:
        """Start the process, which imports what it will need while nobody waits for it."""
        self._opened()

    def close(self) -> None:
        """End the process, whatever it does."""
        self._closed = True
        self._end()

    def _opened(self) -> Connection:
        if self._closed:
            raise FarsideError("the process is closed")
        if self._wire is None or self._child is None or not self._child.is_alive():
            self._end()
            self._wire, theirs = _SPAWN.Pipe()
            given = theirs, *self._started_with
            self._child = _SPAWN.Process(target=_serve, args=given, daemon=True)
            self._child.start()
            theirs.close()
        return self._wire

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.join()
        if self._wire is not None:
            self._wire.close()
        self._child = self._wire = None


def _serve(wire: Connection, module: str, log_format: LogFormat) -> None:
    """Do what comes over the wire, one after the other, until the parent ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # whoever started this finishes what runs
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if module:
        importlib.import_module(module)
    configure(log_format)
    while True:
        try:
            work, args, kwargs = _receive(wire)
        except EOFError:
            return
        _send(wire, _answer(work, args, kwargs))


def _answer(
    work: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]
) -> tuple[object, Exception | None, str]:
    try:
        return work(*args, **kwargs), None, ""
    except Exception as error:
        error.__traceback__, trace = None, traceback.format_exc()
        return None, error, trace


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _send(wire: Connection, message: object) -> None:
    """Send a message; large arrays and files go as they lie in memory, without a copy."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    wire.send((head, len(buffers)))
    for buffer in buffers:
        wire.send_bytes(buffer.raw())


def _receive(wire: Connection) -> Any:
    head, count = wire.recv()
    buffers = [wire.recv_bytes() for _ in range(count)]
    return pickle.loads(head, buffers=buffers)  # noqa: S301  from our own process
