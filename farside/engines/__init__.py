"""Engines, one optional extra each."""
