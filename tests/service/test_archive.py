"""The page and the archive's API of the running service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local_triton.processes import PATIENCE_S
from farside.page.static_files import static_files
from service.settings import Settings
from tests.service.fakes import FakeEngine, service
from tests.support.live import Server, serving
from tests.support.sun_archive import SERIES, fill_archive

LATEST = f"{SERIES}_20261029T060000_i1"


@pytest.mark.parametrize(
    ("asked", "page"),
    [("/farside", "/farside/"), ("/farside/docs/", "/farside/docs"), ("/docs/", "/docs")],
)
def test_the_page_is_where_its_relative_links_lead_to_its_files(asked: str, page: str) -> None:
    app = service(FakeEngine(), Settings(root_path="/farside"))

    async def story() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sun") as client:
            return await client.get(asked, follow_redirects=True)

    answer = asyncio.run(story())
    assert (answer.url.path, answer.status_code) == (page, 200)


@pytest.fixture(scope="module")
def with_archive(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("with_archive")
    archive = fill_archive(folder / "archive", slots=2)
    with serving(
        folder / "server", model_repository=repository, threads=1, archive=archive
    ) as running:
        yield running


@pytest.fixture(scope="module")
def client(with_archive: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=with_archive.url, timeout=PATIENCE_S) as connected:
        yield connected


def test_the_page_is_all_there_under_a_strict_policy(client: httpx.Client) -> None:
    for path in static_files():
        answer = client.get(path)
        assert answer.is_success, path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_a_layer_is_sent_once_and_in_parts(client: httpx.Client) -> None:
    path = f"/archive/{LATEST}/layers/field"
    whole = client.get(path)
    assert len(whole.content) == 2 * 360 * 180
    etag = whole.headers["etag"]
    assert client.get(path, headers={"if-none-match": etag}).status_code == 304
    part = client.get(path, headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    assert client.head(path).headers["content-length"] == str(len(whole.content))


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/archive/products?limit=0", 400, "RequestError"),
        ("/archive/products?colour=red", 400, "RequestError"),
        ("/archive/nothing", 404, "NotArchivedError"),
        ("/page/../settings.py", 404, "RequestError"),
        ("/page/nothing.js", 404, "NotArchivedError"),
        ("/models?x=1", 400, "RequestError"),
    ],
)
def test_refusals_are_the_service_s_own_object(
    client: httpx.Client, path: str, status: int, kind: str
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (status, kind)


def test_archive_requests_are_counted_by_address(client: httpx.Client) -> None:
    client.get(f"/archive/{LATEST}")
    assert 'endpoint="/archive/{id}"' in client.get("/metrics").text
