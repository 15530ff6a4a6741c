"""Runs of ``python -m tests``: each test file in one of them, and the bound on their memory."""

from collections import Counter
from itertools import chain
from pathlib import Path

from tests.__main__ import LIMIT_MB, TESTS, left_out, paths_of_runs, too_large
from tests.support.spent import Cost


def files_of(paths: list[Path]) -> Counter[Path]:
    each = ([path] if path.is_file() else path.rglob("test_*.py") for path in paths)
    return Counter(chain.from_iterable(each))


def test_each_test_file_is_in_one_run() -> None:
    runs = paths_of_runs()
    found: Counter[Path] = Counter()
    for paths in runs:
        found += files_of(paths) - files_of(left_out(paths))
    assert found == Counter(TESTS.rglob("test_*.py"))
    assert all(path.exists() for paths in runs for path in paths)


def test_a_file_whose_process_is_too_large_is_named() -> None:
    large, small = Cost(1.0, LIMIT_MB + 1, 500), Cost(1.0, LIMIT_MB, 500)
    (line,) = too_large({"tests/test_a.py": large, "tests/test_b.py": small})
    assert "tests/test_a.py" in line
    assert f"{LIMIT_MB + 1} MB" in line
