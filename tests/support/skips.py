"""In CI (``CI=true``) a skipped test is a failure, but for the reasons listed here."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TypeVar

import pytest

ALLOWED = {
    "no folder of real files at ": "real files of others are no part of the repository",
    "no kubectl and no kustomize here": "that of Debian 12, 1.20, cannot read our kustomizations",
    "no Slurm here": "it is a part of the system, which the tests of make soak do not install",
    "HUXt is not installed here": "HUXt 5 needs Python 3.12.11 or newer, and is for one test only",
    "mount namespaces need root here": "a container may forbid them even to root",
}
"""How the reason of a skip begins, and why continuous integration does without the test."""

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _judged((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _judged((yield))


def _judged(report: Report) -> Report:
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not reason.removeprefix("Skipped: ").startswith(tuple(ALLOWED)):
            report.outcome = "failed"
            report.longrepr = f"skipped in CI, expected to run (see {__name__}): {reason}"
    return report
