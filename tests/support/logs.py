"""What farside logged in a test; libraries log too, of a busy machine for one (distributed)."""

from __future__ import annotations

import logging

import pytest


def own_records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Warnings and errors of farside alone, whatever level other tests left."""
    return [
        record
        for record in caplog.records
        if record.name.startswith("farside.") and record.levelno >= logging.WARNING
    ]
