from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_folder(shared_data: Path) -> Path:
    """The sets of the real Sun, which are not part of this repository."""
    folder = shared_data / "realsun" / "sets"
    if not folder.is_dir():
        pytest.skip(f"no sets of the real Sun at {folder}")
    return folder
