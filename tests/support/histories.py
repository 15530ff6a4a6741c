"""What the transport of simulated suns takes long to make, in files for all processes of a run.

To reach 2024 a Sun is transported from its beginning, and the transport itself has to be made in
each process first: ten seconds of processor time.
"""

from __future__ import annotations

import os
import pickle
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from farside.simulation import sun
from farside.simulation.magnetic import flux_transport
from farside.simulation.magnetic.flux_transport import Matrices, Spectrum

_computed = sun._History
made_propagator = flux_transport._propagator
"""The propagator as this process makes it, not shared."""


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
                part = _part_of(self._path)
                part.write_bytes(pickle.dumps(self._kept))
                part.replace(self._path)
            return state

    @cache
    def propagator(days: int) -> Matrices:
        path = folder / f"{days}-days.npy"
        if not path.exists():
            part = _part_of(path)
            np.save(part, made_propagator(days))
            part.replace(path)
        made: Matrices = np.load(path, mmap_mode="r")
        return made

    patch.setattr(sun, "_History", KeptHistory)
    patch.setattr(flux_transport, "_propagator", propagator)


def _part_of(path: Path) -> Path:
    """File of this process, to be put in the place of a whole one."""
    return path.with_name(f"{os.getpid()}-{path.name}")
