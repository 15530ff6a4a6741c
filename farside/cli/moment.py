"""Times on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from astropy.time import Time


def moment(text: str) -> Time:
    """The time that an option gives.

    Raises
    ------
    BadParameter
        It is none.
    """
    from farside.moment import moment as parsed

    try:
        return parsed(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def moment_if_any(text: str | None) -> Time | None:
    """The time that an option gives that may be left out."""
    return None if text is None else moment(text)
