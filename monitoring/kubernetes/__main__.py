"""``python -m monitoring.kubernetes``: the rules of Prometheus as the Operator takes them."""

from __future__ import annotations

from pathlib import Path

RULES = Path(__file__).resolve().parents[1] / "rules"
OUT = Path(__file__).with_name("rules.yaml")

HEAD = """\
# Made from monitoring/rules by `python -m monitoring.kubernetes`.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: farside
  labels:
    app.kubernetes.io/name: farside
    release: kube-prometheus-stack
spec:
  groups:
"""


def manifest() -> str:
    """Write all groups of rules as one PrometheusRule."""
    texts = [path.read_text().partition("groups:\n")[2] for path in sorted(RULES.glob("*.yml"))]
    lines = [f"  {line}" if line else "" for text in texts for line in text.splitlines()]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    OUT.write_text(manifest())
