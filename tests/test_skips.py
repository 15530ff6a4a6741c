"""Continuous integration fails on a skipped test."""

import pytest

TESTS = """
import pytest

def test_it_runs(): pass
def test_without_a_program(): pytest.skip("no promtool here: apt-get install prometheus")
def test_without_real_files(): pytest.skip("no folder of real files at /shared")
@pytest.mark.xfail
def test_of_a_known_fault(): assert False
"""


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("true", {"passed": 1, "failed": 1, "skipped": 1, "xfailed": 1}),
        ("", {"passed": 1, "skipped": 2, "xfailed": 1}),
    ],
)
def test_in_ci_a_skip_whose_reason_is_not_listed_is_a_failure(
    variable: str,
    expected: dict[str, int],
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", variable)
    pytester.makepyfile(TESTS)
    done = pytester.runpytest_inprocess("-p", "tests.support.skips", "-p", "no:cacheprovider")
    done.assert_outcomes(**expected)
    if variable:
        done.stdout.fnmatch_lines("*skipped in CI, expected to run*promtool*")
