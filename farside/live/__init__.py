"""Unattended operation: fetch what is due, make products, file them, and drop maps for models."""
