"""Copy of an archive in an object store: the products that it lacks, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from farside.archive.index import reading
from farside.io.objects import sizes_below, write_object


def copy(root: Path, address: str) -> Iterator[str]:
    """Write to an object store the products of an archive that are not there in their full size.

    A product of one name never changes, so a copy may be repeated, and interrupted at any time.
    Superseded issues are copied too. Products that an archive no longer has stay in the copy.

    Parameters
    ----------
    root
        Folder of the archive, which others may write to meanwhile.
    address
        Address below which products have the paths that they have in the archive.

    Yields
    ------
    str
        Address of each product that was written.

    Raises
    ------
    ObjectStoreError, AddressError
        The store does not answer, or refuses.
    ArchiveError
        The folder has no usable index.
    """
    there = sizes_below(address)
    with reading(root) as index:
        names = [product.name for product in index.products(superseded=True)]
    for name in names:
        path, key = root / name.path, name.path.as_posix()
        if path.is_file() and there.get(key) != path.stat().st_size:
            yield write_object(f"{address.rstrip('/')}/{key}", path.read_bytes())
