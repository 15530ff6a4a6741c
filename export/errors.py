"""What can go wrong in an export, below ModelError.

::

    ModelError
    └── ExportError             the artefact cannot be made, or not in this form
        ├── GateError             it was made, and differs from torch by more than allowed
        └── ToolMissingError      a program or package that makes it is not here
"""

from farside.errors import ModelError


class ExportError(ModelError):
    """An artefact cannot be made, or not in this form."""


class GateError(ExportError):
    """An artefact answers other values than torch does."""


class ToolMissingError(ExportError):
    """A program or package that the export needs is not here."""
