"""The pictures of docs/page/, made again: ``python -m tests.page.shots [ARCHIVE]``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Thread

from PIL import Image
from playwright.sync_api import Page

from farside.model.defaults import default_folder
from farside.model.models import Models
from farside.page.api import ArchiveApi
from farside.page.server import page_server
from farside.page.tiles import Tiles
from tests.page.browser import NOW, browsing, open_sun
from tests.support.sun_archive import fill_archive

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "page"


def main() -> None:
    """Draw the page of an archive, by default that of the tests."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(sys.argv[1]) if sys.argv[1:] else fill_archive(Path(scratch))
        with served(root) as url:
            draw(url)


@contextmanager
def served(root: Path) -> Iterator[str]:
    """Address of the page of an archive, at the time of the pictures."""
    api = ArchiveApi(root, Tiles(64_000_000), clock=lambda: NOW)
    models = Models(default_folder()).values()
    cards = [{"identity": m.identity} | m.recipe.model_dump(mode="json") for m in models]
    with page_server(api, "127.0.0.1", 0, {"/models": lambda: {"models": cards}}) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def draw(url: str) -> None:
    """Draw the views that docs/page.md shows."""
    FOLDER.mkdir(exist_ok=True)
    with browsing(1440, 900, now=NOW) as page:
        open_sun(page, url)
        page.wait_for_selector("#region svg")
        over_the_region(page)
        keep(page, "sun")
        page.locator("#regions").scroll_into_view_if_needed()
        page.evaluate("document.getElementById('regions').scrollIntoView()")
        keep(page, "regions")
        page.evaluate("scrollTo(0, 0)")
        page.locator("#facing button", has_text="Earth").click()
        with page.expect_response("**/neutral-line"):
            page.locator("[data-layer=open]").click()
        page.wait_for_timeout(1000)
        keep(page, "open-field")
    with browsing(390, 844, now=NOW) as page:
        open_sun(page, url)
        keep(page, "phone")


def over_the_region(page: Page) -> None:
    """Put the cursor on the map, over the first region."""
    box = page.locator("#map").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.34, box["y"] + box["height"] * 0.64)
    page.wait_for_selector("#readout dd:has-text('generated')")
    page.wait_for_selector("#readout dd:has-text(' h')")


def keep(page: Page, name: str) -> None:
    """Write a picture as WebP, a quarter of the size of PNG."""
    page.wait_for_timeout(700)
    shot = Image.open(BytesIO(page.screenshot())).convert("RGB")
    shot.save(FOLDER / f"{name}.webp", quality=86, method=6)


if __name__ == "__main__":
    main()
