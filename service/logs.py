"""Logging of the service: one line per request, as JSON or as text."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Literal

from service.request_log import RequestLog

LogFormat = Literal["json", "text"]

PROBES = frozenset({"/livez", "/readyz", "/metrics"})
"""Endpoints polled every few seconds: only their failures are logged."""

_OURS = ("farside", "py.warnings")
_OTHERS = ("bentoml", "uvicorn.error", "circus", "astropy")

_FIELDS = "request"
_log = logging.getLogger("farside.request")


def write_line(record: RequestLog) -> None:
    """Write the log line of an answered request; successful probes are left out."""
    if record.endpoint in PROBES and record.outcome == "ok":
        return
    fields = {key: value for key, value in asdict(record).items() if value}
    fields["seconds"] = round(record.seconds, 4)
    fields["stages"] = {stage: round(seconds, 4) for stage, seconds in record.stages.items()}
    line = f"{record.method} {record.endpoint} {record.status} {record.outcome}"
    _log.info(line, extra={_FIELDS: fields})


def configure(kind: LogFormat) -> None:
    """Set one format for all log lines of this process, those of others included."""
    logging.captureWarnings(True)  # warnings of astropy and others go to the log too
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter() if kind == "json" else TextFormatter())
    logging.getLogger().handlers = [handler]
    for name in (*_OURS, *_OTHERS):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True  # with handlers of their own: written twice
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)


class JsonFormatter(logging.Formatter):
    """Formatter of JSON lines: one object per record."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record; a traceback is a field of the object."""
        line = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    """Formatter of text lines: the message, then model, duration and id of the request."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record; a traceback follows on indented lines."""
        fields = getattr(record, _FIELDS, {})
        told = {key: fields[key] for key in ("model", "seconds", "request_id") if key in fields}
        words = [_time(record), record.levelname, _on_one_line(record.getMessage())]
        words += [f"{key}={value}" for key, value in told.items()]
        if record.exc_info:
            trace = self.formatException(record.exc_info).splitlines()
            words += [f"\n    {_on_one_line(line)}" for line in trace]
        return " ".join(words)


def _on_one_line(text: str) -> str:
    """Escape control characters as Python does, so that no input can forge a line."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
