"""The command line ``farside``."""

from farside.cli.app import main

__all__ = ["main"]
