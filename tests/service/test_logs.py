"""What is written of a request, and what is not."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from service.logs import JsonFormatter, TextFormatter, configure, write_line
from service.request_log import InputLine, RequestLog

RECORD = RequestLog(
    request_id="forecast-7",
    method="POST",
    endpoint="/generate",
    model="tiny",
    status=200,
    seconds=1.23456,
    inputs=(InputLine(role="reference", instrument="HMI", band="LOS", time="2026-02-04T21:36:07"),),
    stages={"read": 0.5, "queue": 0.25},
)


LOGGERS = ("", "farside", "py.warnings", "bentoml", "uvicorn.error", "circus", "astropy")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(one.handlers, one.propagate, one.level) for one in loggers]
    yield
    logging.captureWarnings(False)
    for one, (handlers, propagate, level) in zip(loggers, before, strict=True):
        one.handlers, one.propagate = handlers, propagate
        one.setLevel(level)


WORKER = """
import logging, logging.config
import astropy
from bentoml._internal.log import SERVER_LOGGING_CONFIG
from service.logs import configure

# What BentoML has set when a worker starts.
logging.config.dictConfig(SERVER_LOGGING_CONFIG | {"disable_existing_loggers": False})
configure("json")
for name in %r:
    logging.getLogger(name).warning("Invalid HTTP request received by %%s.", name)
"""


def test_each_line_is_written_once_whoever_writes_it() -> None:
    # In a process of its own: logging closes every handler when it is configured, pytest's too.
    command = [sys.executable, "-c", WORKER % (LOGGERS,)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  our own
    lines = [json.loads(line)["message"] for line in run.stdout.splitlines()]
    assert lines == [f"Invalid HTTP request received by {name}." for name in LOGGERS]
    assert run.stderr == ""


def test_a_request_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    write_line(RECORD)
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert told["message"] == "POST /generate 200 ok"
    assert (told["request_id"], told["model"], told["seconds"]) == ("forecast-7", "tiny", 1.2346)
    assert told["inputs"] == [dict(RECORD.inputs[0])]
    assert told["stages"] == {"read": 0.5, "queue": 0.25}
    assert "trace_id" not in told


def test_text_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    write_line(RECORD)
    (line,) = capsys.readouterr().out.splitlines()
    assert "POST /generate 200 ok model=tiny" in line


def test_a_probe_is_written_only_where_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    write_line(RequestLog("a", "GET", "/readyz", status=200))
    write_line(RequestLog("b", "GET", "/readyz", status=503, outcome="EngineUnavailableError"))
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["request_id"] == "b"


def test_a_line_break_cannot_forge_a_line() -> None:
    told = logging.LogRecord("farside", logging.INFO, "", 0, 'a\n{"level": "INFO"}', (), None)
    assert len(JsonFormatter().format(told).splitlines()) == 1


@pytest.mark.parametrize("shape", [JsonFormatter(), TextFormatter()])
def test_neither_a_message_nor_a_traceback_can_forge_a_line_or_move_the_cursor(
    shape: logging.Formatter,
) -> None:
    try:
        raise KeyError("a") from ValueError("\n2026-11-01T00:00:00Z INFO all is well\x1b[2J")
    except KeyError:
        fault = sys.exc_info()
    forged = "a\n2026-11-01T00:00:00Z INFO all is well\x1b[2J"
    told = logging.LogRecord("farside", logging.ERROR, "", 0, forged, (), fault)
    first, *others = shape.format(told).splitlines()
    assert "\x1b" not in shape.format(told)
    assert "all is well" in first
    assert all(line.startswith("    ") for line in others)


@pytest.mark.parametrize("shape", [JsonFormatter(), TextFormatter()])
def test_a_fault_brings_its_traceback(shape: logging.Formatter) -> None:
    try:
        raise KeyError("inside")
    except KeyError:
        fault = sys.exc_info()
    told = logging.LogRecord("farside", logging.ERROR, "", 0, "request a failed", (), fault)
    assert "KeyError: 'inside'" in shape.format(told)
