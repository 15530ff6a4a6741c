"""Monitoring in Kubernetes."""
