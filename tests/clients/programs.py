"""How the programs for users are run: as users run them."""

import os
import subprocess
import sys
from pathlib import Path

from deploy.local_triton.processes import PATIENCE_S
from tests.support.live import ROOT


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program with the commands of this environment before all others."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(  # noqa: S603  # our own programs
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
