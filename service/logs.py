"""What the service writes to its log: one line for each request, JSON unless text is asked for."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Literal

from service.request_log import Record

LogFormat = Literal["json", "text"]

PROBES = frozenset({"/livez", "/readyz", "/metrics"})
"""Asked every few seconds: they are logged only where they fail."""

_FIELDS = "request"
_log = logging.getLogger("farside.request")


def write_line(record: Record) -> None:
    """Log an answered request."""
    if record.endpoint in PROBES and record.outcome == "ok":
        return
    fields = {key: value for key, value in asdict(record).items() if value}
    fields["seconds"] = round(record.seconds, 4)
    fields["stages"] = {stage: round(seconds, 4) for stage, seconds in record.stages.items()}
    line = f"{record.method} {record.endpoint} {record.status} {record.outcome}"
    _log.info(line, extra={_FIELDS: fields})


def configure(kind: LogFormat) -> None:
    """Give this process one shape of log lines, the framework's own among them."""
    shape = Json() if kind == "json" else Text()
    logging.captureWarnings(True)  # those of astropy and others go the same way
    own = logging.StreamHandler(sys.stdout)
    for name in ("farside", "py.warnings"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [own], False
        logger.setLevel(logging.INFO)
    framework = (logging.getLogger(name) for name in ("", "bentoml", "uvicorn.error"))
    for handler in (own, *(handler for found in framework for handler in found.handlers)):
        handler.setFormatter(shape)


class Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the line; a traceback is part of it."""
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


class Text(logging.Formatter):
    """For eyes: the message, then what is known of the request."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the line; a traceback follows it."""
        fields = getattr(record, _FIELDS, {})
        told = {key: fields[key] for key in ("model", "seconds", "request_id") if key in fields}
        words = [_time(record), record.levelname, _on_one_line(record.getMessage())]
        words += [f"{key}={value}" for key, value in told.items()]
        if record.exc_info:
            trace = self.formatException(record.exc_info).splitlines()
            words += [f"\n    {_on_one_line(line)}" for line in trace]
        return " ".join(words)


def _on_one_line(text: str) -> str:
    """Write what would begin a line or move the cursor as Python does: nobody forges a line."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
