"""What several test files share."""

from pathlib import Path

import pytest

pytest_plugins = ["tests.live", "tests.triton_live"]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real observation files beside the checkout; tests that need them pass over without."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no folder of real files at {folder}")
    return folder
