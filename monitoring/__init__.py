"""Prometheus, Alertmanager and Grafana."""
