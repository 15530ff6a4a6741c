"""A drop folder and its archive, empty."""

from pathlib import Path

import pytest

from tests.archive.drop import Inbox


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    (tmp_path / "in").mkdir()
    return Inbox(tmp_path / "in", tmp_path / "archive")
