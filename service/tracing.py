"""OpenTelemetry through BentoML: one span a request, off unless an address is set."""

from __future__ import annotations

from opentelemetry import trace

from service.request_log import Record
from service.settings import Settings


def tracing(settings: Settings) -> dict[str, object]:
    """Tell BentoML where spans go; without an address it makes no exporter."""
    if settings.trace_url is None:
        return {"sample_rate": 0.0}
    return {
        "exporter_type": "otlp",
        "sample_rate": settings.trace_share,
        "excluded_urls": ["livez", "readyz", "metrics"],
        "otlp": {"protocol": "http", "endpoint": settings.trace_url, "http": {}},
    }


def annotate(record: Record, settings: Settings) -> None:
    """Write on the span at hand what is known of its request, and in the request which trace.

    Before the answer goes: with its last byte the span ends.
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
