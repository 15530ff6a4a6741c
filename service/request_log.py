"""Log entry of one request, filled while it is processed and written as one line."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict

from farside.magnetogram.magnetogram import Input
from farside.synchronic.map import NO_INSTRUMENT, MapSource


class InputLine(TypedDict):
    """Log entry of one input image: role, instrument, band and time."""

    role: str
    instrument: str
    band: NotRequired[str]
    time: str


@dataclass
class RequestLog:
    """Log entry of one request.

    Attributes
    ----------
    key
        Name of the client's API key.
    inputs
        Input images of the product.
    files
        Names of the files that a refusal is about.
    stages
        Duration of each stage, seconds; ``queue`` is the sum of the waits.
    """

    request_id: str = ""
    method: str = ""
    endpoint: str = ""
    key: str = ""
    model: str = ""
    outcome: str = "ok"
    status: int = 0
    seconds: float = 0.0
    quality: tuple[str, ...] = ()
    inputs: tuple[InputLine, ...] = ()
    files: tuple[str, ...] = ()
    trace_id: str = ""
    stages: dict[str, float] = field(default_factory=dict)

    @classmethod
    def current(cls) -> RequestLog:
        """Entry of the current request; outside of any request, a throw-away entry."""
        return _CURRENT.get(None) or cls()

    def begin(self) -> None:
        """Become the current entry of this task and of those that it starts."""
        _CURRENT.set(self)

    def add(self, stage: str, seconds: float) -> None:
        """Add the duration of a stage, seconds; a request may pass a stage twice."""
        self.stages[stage] = self.stages.get(stage, 0.0) + seconds


_CURRENT: ContextVar[RequestLog] = ContextVar("record")


def input_lines(inputs: tuple[Input, ...]) -> tuple[InputLine, ...]:
    """Log entries of the input images of a magnetogram."""
    return tuple(
        InputLine(
            role=given.role,
            instrument=given.origin.instrument,
            band=given.origin.band,
            time=given.origin.time.isot[:19],
        )
        for given in inputs
    )


def map_input_lines(sources: tuple[MapSource, ...]) -> tuple[InputLine, ...]:
    """Log entries of the disks and the base map of a synchronic map."""
    return tuple(
        InputLine(role=source.kind, instrument=source.instrument, time=source.time.isot[:19])
        for source in sources
        if source.instrument != NO_INSTRUMENT
    )
