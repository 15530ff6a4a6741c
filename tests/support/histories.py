"""Transport states of simulated suns, kept in files for all processes of a run of the tests.

To reach 2024 a Sun is transported from its beginning: seven seconds of processor time.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from farside.simulation import sun
from farside.simulation.magnetic.flux_transport import Spectrum

_computed = sun._History


def share_histories(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let simulated suns begin with the states in a folder, and leave theirs there."""
    folder.mkdir(exist_ok=True)

    class KeptHistory(_computed):
        """History that others may go on with."""

        def __init__(self, seed: int) -> None:
            super().__init__(seed)
            self._path = folder / f"{seed}.pickle"
            if self._path.exists():
                self._kept = pickle.loads(self._path.read_bytes())  # noqa: S301  our own

        def at(self, step: int) -> Spectrum:
            known = len(self._kept)
            state = super().at(step)
            if len(self._kept) > known:
                part = self._path.with_suffix(f".{os.getpid()}")
                part.write_bytes(pickle.dumps(self._kept))
                part.replace(self._path)
            return state

    patch.setattr(sun, "_History", KeptHistory)
