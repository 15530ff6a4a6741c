"""The demonstration runs on what `make demo` installs for it."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.support.live import ROOT

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
