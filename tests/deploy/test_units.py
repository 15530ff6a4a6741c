"""Units of systemd, whose user has no home: what they set is enough to start."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.live import ROOT

PAGE = (ROOT / "docs" / "archive.md").read_text()
UNITS = {
    **{path.name: path.read_text() for path in (ROOT / "deploy").glob("*.service")},
    "farside-watch.service": re.findall(r"^```ini\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)[0],
}


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS.keys())
def test_a_user_without_a_home_can_run_it_and_leaves_nothing(unit: str, tmp_path: Path) -> None:
    assert "User=farside\n" in unit
    assert "PrivateTmp=true\n" in unit
    (line,) = re.findall(r"^Environment=(.*)", unit, re.MULTILINE)
    private = line.replace("/tmp", str(tmp_path))  # noqa: S108  its own
    given = dict(word.split("=", 1) for word in private.split())
    subprocess.run(
        [sys.executable, "-c", "import sunpy"],
        env={"PATH": os.environ["PATH"], "HOME": "/proc/none", **given},
        check=True,
    )
