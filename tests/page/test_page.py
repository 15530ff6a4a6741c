"""The page in a real browser."""

from __future__ import annotations

import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from farside.page.api import ArchiveApi
from farside.page.layers import MAP_LAYERS
from farside.sun.carrington_grid import CarringtonGrid
from tests.page.browser import browsing, open_sun
from tests.support.sun_archive import HOSTILE, SERIES

LATEST = f"{SERIES}_20261101T000000_i1"
GRID = CarringtonGrid()


def read_out(page: Page) -> dict[str, str]:
    terms = page.locator("#readout dt").all_inner_texts()
    return dict(zip(terms, page.locator("#readout dd").all_inner_texts(), strict=True))


def field_at(api: ArchiveApi, longitude_deg: float, latitude_deg: float) -> float:
    counts = np.frombuffer(api.answer(f"/archive/{LATEST}/layers/field", {}).body, "<i2")
    row = int(np.searchsorted(GRID.sine_edges, np.sin(np.radians(latitude_deg)), "right")) - 1
    return float(
        counts.reshape(GRID.shape)[row, int(longitude_deg % 360)] * MAP_LAYERS["field"].step
    )


def number(text: str) -> float:
    return float(re.sub(r"[^0-9.\-]", "", text.replace("−", "-")))


def test_a_forecaster_finds_the_answer_turns_the_globe_and_shares_it(
    page_url: str, api: ArchiveApi
) -> None:
    """One browser for the first view, globe, slider, link and accessibility: each start costs."""
    with browsing() as page:
        sizes: list[int] = []
        page.on(
            "response", lambda answer: sizes.append(int(answer.headers.get("content-length", 0)))
        )
        open_sun(page, page_url)
        assert sum(sizes) < 1_000_000
        assert page.locator("#answer").inner_text() == "4 active regions on the far side"
        assert "S16L122" in page.locator("#answer-more").inner_text()
        assert page.locator("#region-rows tr.soon.row").count() == 1
        assert page.locator("#banner").is_visible()  # the archive ends in 2026
        assert HOSTILE in page.locator("#trust").inner_text()
        assert page.locator("#trust img").count() == 0

        page.locator("#facing button", has_text="Earth").click()
        globe = page.locator("#globe")
        box = globe.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.wait_for_selector("#readout dd:has-text('observed')")
        before = read_out(page)
        assert number(before["Carrington"]) == pytest.approx(245.4, abs=1)  # Earth's meridian
        page.mouse.down()
        page.mouse.move(x + 80, y, steps=4)
        page.mouse.up()
        page.mouse.move(x, y)
        after = read_out(page)
        moved = number(before["Carrington"]) - number(after["Carrington"])
        assert 10 < moved < 40  # the surface follows the hand: east comes into view
        place = (
            number(after["Carrington"]),
            number(after["Latitude"]) * (1 if "N" in after["Latitude"] else -1),
        )
        assert number(after["Field"]) == pytest.approx(field_at(api, *place), abs=0.11)

        page.locator("#map").focus()
        page.keyboard.press("Shift+ArrowRight")
        assert number(read_out(page)["Carrington"]) != number(after["Carrington"])

        page.locator("[data-layer=age]").click()
        page.locator("#slider").press("ArrowLeft")
        page.wait_for_selector("html[data-regions*='20261031T180000']", state="attached")
        assert page.locator("#shown").inner_text() == "2026-10-31 18:00 UT"
        page.wait_for_url(re.compile("t=2026-10-31T18:00.*layer=age|layer=age.*t=2026-10-31T18:00"))
        link = page.url
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()

        page.goto("about:blank")
        open_sun(page, link)
        assert page.locator("#shown").inner_text() == "2026-10-31 18:00 UT"
        assert page.locator("[data-layer=age]").get_attribute("aria-checked") == "true"
        assert page.url == link


def test_a_phone_without_webgl_shows_the_flat_map_and_nothing_is_wider(page_url: str) -> None:
    with browsing(390, 844, webgl=False) as page:
        open_sun(page, page_url)
        assert page.locator("body.no-globe").count() == 1
        assert not page.locator("#globe").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        box = page.locator("#map").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert number(read_out(page)["Carrington"]) == pytest.approx(180, abs=1)


@pytest.mark.soak
def test_the_documentation_of_the_api_lists_its_addresses(page_url: str) -> None:
    with browsing() as page:
        page.goto(f"{page_url}docs")
        page.wait_for_selector("summary:has-text('/archive/{id}/layers/{layer}')")
        assert page.locator("summary .verb").count() >= 10
