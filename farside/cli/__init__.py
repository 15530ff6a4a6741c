"""The command line."""

from farside.cli.app import main

__all__ = ["main"]
