"""Runs of ``python -m tests``: each test file in one of them, and the bound on their memory."""

from collections import Counter

from tests.__main__ import LIMIT_MB, TESTS, paths_of_runs, too_large
from tests.support.spent import Cost


def test_each_test_file_is_in_one_run() -> None:
    paths = [path for paths in paths_of_runs() for path in paths]
    files = Counter(
        file for path in paths for file in ([path] if path.is_file() else path.rglob("test_*.py"))
    )
    assert files == Counter(TESTS.rglob("test_*.py"))


def test_a_file_whose_process_is_too_large_is_named() -> None:
    large, small = Cost(1.0, LIMIT_MB + 1, 500), Cost(1.0, LIMIT_MB, 500)
    (line,) = too_large({"tests/test_a.py": large, "tests/test_b.py": small})
    assert "tests/test_a.py" in line
    assert f"{LIMIT_MB + 1} MB" in line
