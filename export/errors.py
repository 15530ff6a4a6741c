"""Exceptions of the export, subclasses of ModelError.

::

    ModelError
    └── ExportError             the artefact cannot be made, or not with these options
        ├── GateError             the artefact differs from torch by more than its gate
        └── ToolMissingError      a required program or package is not installed
"""

from farside.errors import ModelError


class ExportError(ModelError):
    """An artefact cannot be made, or not with these options."""


class GateError(ExportError):
    """The output of an artefact differs from torch by more than its gate."""


class ToolMissingError(ExportError):
    """A program or package required by the export is not installed."""
