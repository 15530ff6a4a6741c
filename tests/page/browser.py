"""A real browser: Debian's Chromium, with the shader run by the processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader")
NOW = datetime(2026, 11, 1, 3, 20, tzinfo=UTC)
PATIENCE_MS = 300_000
"""Beside busy programs all takes many times as long."""


@contextmanager
def browsing(
    width: int = 1440,
    height: int = 900,
    *,
    webgl: bool = True,
    now: datetime | None = None,
    expected: tuple[str, ...] = (),
) -> Iterator[Page]:
    """A page of a fresh browser; at its end the console has no error but the expected ones."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        options = ARGUMENTS if webgl else (*ARGUMENTS, "--disable-3d-apis")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(options))
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PATIENCE_MS)
        if now is not None:
            page.clock.set_fixed_time(now)
        said: list[str] = []
        page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page
        browser.close()
    assert [each for each in said if not any(part in each for part in expected)] == []


def open_sun(page: Page, url: str) -> None:
    """Open the page, and wait until map and regions are there."""
    page.goto(url)
    page.wait_for_selector("html[data-regions]", state="attached")
