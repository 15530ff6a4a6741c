"""Parse the times of options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from astropy.time import Time


def moment(text: str) -> Time:
    """Parse the time of an option, UTC.

    Raises
    ------
    BadParameter
        If `text` is not a time.
    """
    from farside.moment import moment as parsed

    try:
        return parsed(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def moment_if_any(text: str | None) -> Time | None:
    """Parse the time of an option that may be left out."""
    return None if text is None else moment(text)
