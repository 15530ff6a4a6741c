"""What is known of one request, gathered while it passes: one line of the log."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict

from farside.magnetogram.magnetogram import Input
from farside.synchronic.map import NO_INSTRUMENT, MapSource


class InputLine(TypedDict):
    """An image, without anything of its pixels."""

    role: str
    instrument: str
    band: NotRequired[str]
    time: str


@dataclass
class Record:
    """One request.

    Attributes
    ----------
    inputs
        The images that came into its product.
    files
        Those that its refusal is about.
    stages
        Seconds of each stage; ``queue`` is the wait for all of them.
    """

    request_id: str = ""
    method: str = ""
    endpoint: str = ""
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
    def current(cls) -> Record:
        """Find the request at hand; outside of any, one that nobody reads."""
        return _CURRENT.get(None) or cls()

    def begin(self) -> None:
        """Become the request at hand, for this task and those that it starts."""
        _CURRENT.set(self)

    def add(self, stage: str, seconds: float) -> None:
        """Note how long a stage took; a request may pass it twice."""
        self.stages[stage] = self.stages.get(stage, 0.0) + seconds


_CURRENT: ContextVar[Record] = ContextVar("record")


def lines_of(inputs: tuple[Input, ...]) -> tuple[InputLine, ...]:
    """Say which images a magnetogram is made of, and of when."""
    return tuple(
        InputLine(
            role=given.role,
            instrument=given.origin.instrument,
            band=given.origin.band,
            time=given.origin.time.isot[:19],
        )
        for given in inputs
    )


def lines_of_map(sources: tuple[MapSource, ...]) -> tuple[InputLine, ...]:
    """Say which disks and which base a map is made of, and of when."""
    return tuple(
        InputLine(role=source.kind, instrument=source.instrument, time=source.time.isot[:19])
        for source in sources
        if source.instrument != NO_INSTRUMENT
    )
