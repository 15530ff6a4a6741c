"""Size of the gzip files of one request once they are unpacked, bounded together."""

from __future__ import annotations

from collections.abc import Sequence

from farside.errors import FileTooLargeError
from farside.io.fits import MAX_BYTES, unpack
from farside.io.source import naming_errors
from service.multipart import Upload

MAX_UNPACKED_BYTES = 8 * MAX_BYTES
"""Most bytes that the gzip files of a request unpack to together: 2 GiB, inflated in 9 s."""

_GZIP = b"\x1f\x8b"


def check_unpacked(files: Sequence[Upload]) -> None:
    """Check how much the gzip files of a request hold; one at a time is in memory.

    Up to eight need no look: each is bounded where it is read. Other files are bounded by the
    upload.

    Raises
    ------
    FileTooLargeError
        It is more than :data:`MAX_UNPACKED_BYTES`, or one file is more than it may be.
    NotFitsError
        A file is truncated or corrupt.
    """
    packed = [file for file in files if file.getbuffer()[:2] == _GZIP]
    if len(packed) * MAX_BYTES <= MAX_UNPACKED_BYTES:
        return
    total = 0
    for file in packed:
        with naming_errors(file.name or "file without a name"):
            total += len(unpack(file.getvalue()))
        if total > MAX_UNPACKED_BYTES:
            raise FileTooLargeError(
                f"{len(packed)} gzip files unpack to more than {MAX_UNPACKED_BYTES} bytes together,"
                f" expected at most {MAX_UNPACKED_BYTES}",
                tuple(one.name for one in packed),
            )
