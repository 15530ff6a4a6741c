"""The demonstration runs on what `make demo` installs for it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from astropy.time import Time

from clients.demo_fetch import fetch_from_mirror
from farside.fetch import load_archives
from farside.fetch.fetch import A_SET
from farside.simulation.instruments.files import SimulatedSet
from tests.support.live import ROOT
from tests.support.tiny_recipe import recipe

ABSENT = """
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("torch", "sympy", "mpmath", "numba", "llvmlite"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import clients.demo, farside.cli.app, farside.model.engines.openvino
"""


def test_it_needs_neither_torch_nor_numba() -> None:
    subprocess.run([sys.executable, "-c", ABSENT], cwd=ROOT, check=True)  # noqa: S603  our own


def test_all_that_it_installs_is_hashed() -> None:
    locked = set((ROOT / "requirements.lock").read_text().split())
    hashed = set(
        re.findall(r"^(\S+==\S+) --hash", (ROOT / "requirements.hashes").read_text(), re.M)
    )
    assert {line.partition("==")[0] for line in locked - hashed} == {"torch"}


def test_it_fetches_its_files_from_a_mirror_of_them(
    simulated: SimulatedSet, tmp_path: Path
) -> None:
    given = (*simulated.observations, *simulated.references)
    time = Time("2026-02-14T00:00:00")
    found = fetch_from_mirror(given, time, recipe(), tmp_path, what=A_SET)
    for some, paths in (
        (found.observations, simulated.observations),
        (found.references, simulated.references),
    ):
        assert [path.read_bytes() for path in some] == [path.read_bytes() for path in paths]
    sources = load_archives().sources
    assert {file.source for file in found.files} == {"euvi-a-beacon", "aia-synoptic", "hmi"}
    for file in found.files:
        base = sources[file.source].base.partition("//")[2]
        assert base in file.address
