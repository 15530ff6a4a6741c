"""A small archive, filled once, and a server of its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from farside.page.api import ArchiveApi
from farside.page.server import page_server
from farside.page.tiles import Tiles
from tests.support.sun_archive import fill_archive


@pytest.fixture(scope="session")
def sun_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill_archive(tmp_path_factory.mktemp("sun_archive"))


@pytest.fixture(scope="session")
def api(sun_archive: Path) -> ArchiveApi:
    return ArchiveApi(sun_archive, Tiles(64_000_000))


@pytest.fixture(scope="session")
def page_url(api: ArchiveApi) -> Iterator[str]:
    with page_server(api, "127.0.0.1", 0, {"/models": lambda: {"models": []}}) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()
