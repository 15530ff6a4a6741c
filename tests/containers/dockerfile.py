"""The Dockerfile as data: its stages, and what each of them does."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.support.live import ROOT


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes
    ----------
    parent
        The stage or image that it begins with.
    steps
        Its instructions, in order: the word, and the rest with continued lines joined.
    """

    name: str
    parent: str
    steps: tuple[tuple[str, str], ...]

    def last(self, word: str) -> str:
        """Find what the last instruction of a kind says."""
        return [rest for each, rest in self.steps if each == word][-1]


def stages() -> dict[str, Stage]:
    """Read the Dockerfile."""
    text = (ROOT / "Dockerfile").read_text()
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", "", lines)
    found: dict[str, Stage] = {}
    for part in re.split(r"^(?=FROM )", joined, flags=re.M)[1:]:
        first, *rest = [line for line in part.splitlines() if line.strip()]
        _, parent, _, name = first.split()
        steps = tuple((word, said) for word, _, said in (line.partition(" ") for line in rest))
        found[name] = Stage(name, parent, steps)
    return found


def steps_of(target: str) -> list[tuple[str, str]]:
    """All that is done for a stage, those that it begins with first."""
    found = stages()
    stage = found[target]
    before = steps_of(stage.parent) if stage.parent in found else []
    return [*before, *stage.steps]
