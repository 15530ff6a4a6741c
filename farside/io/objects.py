"""Object stores: files by address, ``s3://bucket/key`` or ``file:///folder/name``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeGuard
from urllib.parse import unquote, urlsplit

from farside.errors import AddressError, ObjectStoreError
from farside.io.atomic import NamedFile

_ADDRESS = re.compile(r"(s3|file)://", re.IGNORECASE)

_PLAIN = re.compile(r"(s3://[a-z0-9][a-z0-9.-]+|file://)(/[A-Za-z0-9._=+@,-]+)+")
"""Pattern of an address without queries, wildcards, escapes and chains of file systems."""


def is_address(source: object) -> TypeGuard[str]:
    """Whether a source is the address of an object: text that begins with s3:// or file://."""
    return isinstance(source, str) and _ADDRESS.match(source) is not None


def name_in(address: str) -> str:
    """Name of a file: the last component of its address."""
    return address.rpartition("/")[2]


def read_object(address: str, max_bytes: int) -> bytes:
    """Read an object, at most ``max_bytes + 1`` bytes: enough to refuse a larger one.

    Raises
    ------
    AddressError
        There is no such object.
    ObjectStoreError
        Its store does not answer, or refuses.
    """
    with _translated(address), _opened(address) as file:
        return file.read(max_bytes + 1)


def put(where: str | Path, content: bytes) -> None:
    """Write a file atomically, to a path or an address."""
    if is_address(where):
        write_object(where, content)
    else:
        NamedFile(Path(where).name, content).write_to(Path(where).parent)


def write_object(address: str, content: bytes) -> str:
    """Write an object: its readers find the whole of it, or what was there before.

    Raises
    ------
    ObjectStoreError
        The store does not answer, or refuses.
    """
    with _translated(address):
        if _is_local(address):
            path = _path(address)
            NamedFile(path.name, content).write_to(path.parent)
        else:
            _file_system().pipe_file(_key(address), content)
    return address


def sizes_below(address: str) -> dict[str, int]:
    """Sizes of all objects below an address, bytes, by the rest of their address.

    Raises
    ------
    ObjectStoreError
        The store does not answer, or refuses.
    """
    with _translated(address):
        if _is_local(address):
            root = _path(address)
            files = (path for path in root.rglob("*") if path.is_file())
            return {path.relative_to(root).as_posix(): path.stat().st_size for path in files}
        root_key = _key(address).rstrip("/") + "/"
        found = _file_system().find(root_key, detail=True)
        return {key.removeprefix(root_key): entry["size"] for key, entry in found.items()}


def check_below(address: str, prefixes: Sequence[str]) -> None:
    """Check that an address that nobody trusts is below one of the allowed prefixes.

    Links out of an allowed folder are not followed.

    Raises
    ------
    AddressError
        It is not, or it is no plain address.
    """
    allowed = any(address.startswith(prefix) and address != prefix for prefix in prefixes)
    is_plain = _PLAIN.fullmatch(address) and not {"..", "."} & set(address.split("/"))
    if not allowed or not is_plain:
        raise AddressError(
            f"the address {address[:200]!r} is not allowed, expected a plain one below "
            f"{' or '.join(prefixes) or 'a prefix, of which none is set'}",
            (name_in(address)[:100],),
        )
    if _is_local(address):
        path = _path(address).resolve()
        if not any(path.is_relative_to(_path(p).resolve()) for p in prefixes if _is_local(p)):
            raise AddressError(
                f"the address {address[:200]!r} leads out of its folder", (path.name,)
            )


def _is_local(address: str) -> bool:
    return address.lower().startswith("file://")


def _path(address: str) -> Path:
    return Path(unquote(urlsplit(address).path))


def _key(address: str) -> str:
    """Bucket and key."""
    return address.partition("://")[2]


@contextmanager
def _opened(address: str) -> Iterator[IO[bytes]]:
    if _is_local(address):
        with _path(address).open("rb") as file:
            yield file
    else:
        with _file_system().open(_key(address), "rb", block_size=2**23) as file:
            yield file


def _file_system() -> Any:  # of fsspec, which has no types
    try:
        import fsspec

        # Listings are not kept: others write to the store too.
        return fsspec.filesystem("s3", use_listings_cache=False)
    except ImportError as error:
        raise ObjectStoreError(
            f"an s3:// address needs the package s3fs: pip install s3fs ({error})"
        ) from error


@contextmanager
def _translated(address: str) -> Iterator[None]:
    try:
        yield
    except ObjectStoreError:
        raise
    except FileNotFoundError as error:
        raise AddressError(
            f"{address}: there is no such object, or no such bucket", (name_in(address),)
        ) from error
    except Exception as error:  # botocore's errors have no common class here
        raise ObjectStoreError(
            f"{address}: {type(error).__name__}: {error}", (name_in(address),)
        ) from error
