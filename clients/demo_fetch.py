"""Files of the demonstration by ``farside fetch``, from a local mirror of the archives."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from astropy.time import Time

from farside.archive.times import to_datetime
from farside.fetch import Fetched, fetch, load_archives
from farside.fetch.archives import Source
from farside.fetch.fetch import What
from farside.model.recipe import Recipe
from farside.observation.image import read


def fetch_from_mirror(
    files: Iterable[Path],
    time: Time,
    recipe: Recipe,
    folder: Path,
    what: Collection[What] = ("set", "observed"),
) -> Fetched:
    """Fetch the set of STEREO-A, and HMI's magnetogram of a time, from a mirror of these files.

    Parameters
    ----------
    folder
        Holds afterwards the mirror, the cache of downloads and the fetched files.
    """
    with serving(fill(folder / "mirror", files)) as address:
        archives = load_archives(mirror=address).model_copy(update={"pause_s": 0.0})
        return fetch(
            time,
            "A",
            folder / "inputs",
            recipe,
            what=what,
            archives=archives,
            cache=folder / "cache",
        )


def fill(mirror: Path, files: Iterable[Path]) -> Path:
    """Copy images into the directories of the archives, each below its host name, as wget does."""
    sources = load_archives().sources.values()
    for source in sources:
        base = _folder(mirror, source)
        base.mkdir(parents=True, exist_ok=True)
        (base / "README.txt").write_text("A mirror of one simulated day.\n")
    for file in files:
        origin = read(file).origin
        own = [each for each in sources if each.instrument == origin.instrument]
        # Beacon data have the names of beacon data.
        named = [each for each in own if each.time_of(file.name, origin.band)]
        source = (named or own)[0]
        path = _folder(mirror, source) / source.path(to_datetime(origin.time), origin.band)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, path)
    return mirror


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP on the loopback until the block ends; give its address."""
    handler = partial(_Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log no requests."""


def _folder(mirror: Path, source: Source) -> Path:
    address = urlsplit(source.base)
    return mirror / address.netloc / address.path.strip("/")
