"""OpenTelemetry tracing through BentoML: one span per request, off unless an address is set."""

from __future__ import annotations

from opentelemetry import trace

from service.request_log import RequestLog
from service.settings import Settings


def tracing(settings: Settings) -> dict[str, object]:
    """Tracing options of BentoML; without an address no exporter is created."""
    if settings.trace_url is None:
        return {"sample_rate": 0.0}
    return {
        "exporter_type": "otlp",
        "sample_rate": settings.trace_share,
        "excluded_urls": ["livez", "readyz", "metrics"],
        "otlp": {"protocol": "http", "endpoint": settings.trace_url, "http": {}},
    }


def annotate(record: RequestLog, settings: Settings) -> None:
    """Copy the log entry to the current span, and the trace id to the log entry.

    To be called before the answer is sent: the span ends with its last byte.
    """
    span = trace.get_current_span()
    if settings.trace_url is None or not span.is_recording():
        return
    record.trace_id = trace.format_trace_id(span.get_span_context().trace_id)
    span.set_attributes(
        {
            "farside.request_id": record.request_id,
            "farside.model": record.model,
            "farside.outcome": record.outcome,
            **{f"farside.{stage}_seconds": took for stage, took in record.stages.items()},
        }
    )
