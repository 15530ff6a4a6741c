"""Try it, in a real browser with the real service; and a service that asks for a key."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.io import fits
from playwright.sync_api import Route

from farside.simulation.instruments.files import SimulatedSet
from tests.page.browser import browsing
from tests.support.live import Server

pytestmark = pytest.mark.soak


def test_dropped_files_become_a_magnetogram_and_a_bad_set_its_own_sentence(
    server: Server, simulated: SimulatedSet, tmp_path: Path
) -> None:
    with browsing(1440, 1100) as page:
        page.goto(server.url)
        page.wait_for_selector("#empty:not([hidden])")  # this service has no archive
        assert "FARSIDE_ARCHIVE" in page.locator("#empty").inner_text()
        page.set_input_files("#files", [*simulated.observations, *simulated.references])
        page.wait_for_selector("#generate:has-text('7 files')")
        roles = page.locator("#chosen-files select[aria-label^=Role]")
        given = [roles.nth(i).input_value() for i in range(7)]
        assert given == ["observation"] * 3 + ["reference"] * 4
        with page.expect_response("**/generate") as posted:
            page.locator("#generate").click()
        assert posted.value.status == 200
        page.wait_for_selector(".result canvas")
        assert "AIMODEL" in page.locator(".header").inner_text()
        with page.expect_download() as saving:
            page.locator("button", has_text="Download FITS").click()
        saving.value.save_as(tmp_path / "far.fits")
        assert fits.getheader(tmp_path / "far.fits")["AIMODEL"] == "tiny"

    with browsing(expected=("422",)) as page:
        page.goto(server.url)
        page.set_input_files("#files", simulated.observations[0])
        page.wait_for_selector("#generate")
        with page.expect_response("**/generate") as refused:
            page.locator("#generate").click()
        sentence = refused.value.json()["error"]
        page.wait_for_selector("#outcome .error")
        assert page.locator("#outcome .error").inner_text() == sentence


def test_a_key_is_asked_for_once_and_is_not_in_the_address(page_url: str) -> None:
    def guard(route: Route) -> None:
        if route.request.headers.get("authorization") == "Bearer sesame":
            route.continue_()
        else:
            route.fulfill(status=401, body='{"error": "no key"}', content_type="application/json")

    with browsing(expected=("401",)) as page:
        page.route("**/archive**", guard)
        page.goto(page_url)
        page.wait_for_selector("#key[open]")
        page.fill("#key-value", "sesame")
        page.locator("#key button[value=use]").click()
        page.wait_for_selector("html[data-regions]", state="attached")
        assert not page.locator("#key").is_visible()
        # Refused only now, a request of before the key asks for none again.
        late = "import('/page/api.js').then((api) => api.askForKey({}))"
        assert page.evaluate(late) is True
        assert not page.locator("#key").is_visible()
        assert "sesame" not in page.url + str(page.evaluate("JSON.stringify({...localStorage})"))
        assert page.context.cookies() == []
        page.unroute_all()
