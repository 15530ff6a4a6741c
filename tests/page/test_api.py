"""The archive's API without a network: what its addresses answer, and refuse."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from farside.errors import NotArchivedError, RequestError
from farside.page.api import ENDPOINTS, ArchiveApi
from farside.page.content import Content, reply
from farside.page.layers import MAP_LAYERS
from farside.page.openapi import archive_paths, archive_schemas
from farside.page.tiles import Tiles
from tests.support.sun_archive import EMERGING, SERIES, SLOTS

LATEST = f"{SERIES}_20261101T000000_i1"


def read(api: ArchiveApi, path: str, **query: str) -> Any:
    return json.loads(api.answer(path, query).body)


def test_the_state_says_when_the_next_map_is_expected(api: ArchiveApi) -> None:
    (series,) = read(api, "/archive")["series"]
    assert (series["latest"], series["maps"]) == (LATEST, SLOTS)
    assert series["cadence_minutes"] == 360
    assert series["next_expected"] == "2026-11-01T06:40:00Z"
    assert series["late"]


def test_pages_together_are_all_products_the_latest_first(api: ArchiveApi) -> None:
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = read(api, "/archive/products", limit="4", **after)
        found += [each["id"] for each in page["products"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(found) == len(set(found)) == SLOTS + 8
    slots = [each.split("_")[-2] for each in found]
    assert slots == sorted(slots, reverse=True)


def test_conditions_hold_for_each_product_found(api: ArchiveApi) -> None:
    found = read(
        api,
        "/archive/products",
        spacecraft="STEREO_B",
        **{"from": "2026-10-30", "to": "2026-11-01"},
    )
    assert [each["slot"] for each in found["products"]] == [
        "2026-10-31T00:00:00Z",
        "2026-10-30T00:00:00Z",
    ]


@pytest.mark.parametrize(
    ("path", "query", "error"),
    [
        ("/archive/products", {"limit": "0"}, RequestError),
        ("/archive/products", {"limit": "many"}, RequestError),
        ("/archive/products", {"from": "yesterday"}, RequestError),
        ("/archive/products", {"from": "0001-01-01T00:00:00+01:00"}, RequestError),
        ("/archive/products", {"to": "9999-12-31T23:59:59-01:00"}, RequestError),
        ("/archive/products", {"limit": "nan"}, RequestError),
        ("/archive/products", {"after": f"{SERIES}_20261101T000000_i{'9' * 20}"}, NotArchivedError),
        ("/archive/products", {"kind": "picture"}, RequestError),
        ("/archive/products", {"sort": "id"}, RequestError),
        ("/archive/..%2f..%2fetc", {}, NotArchivedError),
        (f"/archive/{SERIES}_20261101T000000_i9", {}, NotArchivedError),
        (f"/archive/{LATEST}/layers/colour", {}, NotArchivedError),
        (f"/archive/{LATEST}/layers/euv304", {}, NotArchivedError),
        (f"/archive/{LATEST}/files/exe", {}, NotArchivedError),
        (f"/archive/{LATEST}/regions/N99L999", {}, NotArchivedError),
        ("/archive/farside_1_v1_stereo_a_20261101T000000_i1/regions", {}, NotArchivedError),
    ],
)
def test_what_is_not_there_or_not_known_is_refused(
    api: ArchiveApi, path: str, query: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        api.answer(path, query)


def test_without_an_archive_the_state_says_so_and_the_rest_names_the_setting() -> None:
    empty = ArchiveApi(None, Tiles(0))
    assert read(empty, "/archive")["available"] is False
    with pytest.raises(NotArchivedError, match="FARSIDE_ARCHIVE"):
        empty.answer("/archive/products", {})


def test_layers_are_the_planes_of_the_file_to_half_a_step(
    api: ArchiveApi, sun_archive: Path
) -> None:
    from farside.synchronic import fits as synchronic_fits

    path = sun_archive / "2026/11/01" / f"{LATEST}.fits"
    sun_map = synchronic_fits.read(path)
    planes = {"field": sun_map.field_gauss, "sigma": sun_map.sigma_gauss, "age": sun_map.age_days}
    for name, plane in planes.items():
        counts = np.frombuffer(api.answer(f"/archive/{LATEST}/layers/{name}", {}).body, "<i2")
        step = MAP_LAYERS[name].step
        values = counts.reshape(sun_map.grid.shape) * step
        assert np.abs(values - plane).max() <= 0.51 * step, name


def test_the_emerging_region_returns_first_and_its_flux_grows(api: ArchiveApi) -> None:
    regions = read(api, "/archive/regions")["regions"]
    far = [each for each in regions if each["far_side"]]
    assert regions[: len(far)] == far
    due = [each["days_to_east_limb"] for each in far]
    assert due == sorted(due)
    first = far[0]
    assert first["latitude_deg"] == pytest.approx(EMERGING.latitude_deg, abs=2)
    assert first["meridian_deg"] == pytest.approx(EMERGING.stonyhurst_deg, abs=2)
    assert first["days_to_east_limb"] == pytest.approx((124 - 90) / 13.3, abs=0.3)
    points = read(api, f"/archive/{LATEST}/regions/{first['name']}")["points"]
    fluxes = [each["unsigned_flux_mx"] for each in points]
    assert len(points) == SLOTS
    assert fluxes[-1] == pytest.approx(first["unsigned_flux_mx"])
    assert fluxes[0] < fluxes[-1] / 5


def test_checksums_are_those_of_the_files(api: ArchiveApi) -> None:
    files = read(api, "/archive/farside_1_v1_stereo_a_20261101T000000_i1/files")["files"]
    assert [each["format"] for each in files] == ["fits", "png"]
    for each in files:
        content = api.answer(f"/{each['url']}", {})
        assert hashlib.sha256(content.body).hexdigest() == each["sha256"]
        assert len(content.body) == each["size_bytes"]


def test_openapi_describes_every_address_and_each_reference_is_there() -> None:
    paths, schemas = archive_paths({}), archive_schemas()
    assert set(paths) == {each.path for each in ENDPOINTS}
    text = json.dumps([paths, schemas])
    named = {each.split('"')[0] for each in text.split("#/components/schemas/")[1:]}
    assert named <= set(schemas)


CONTENT = Content(bytes(range(100)), "application/fits", "far.fits")


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ({}, 200, CONTENT.body),
        ({"range": "bytes=10-19"}, 206, CONTENT.body[10:20]),
        ({"range": "bytes=90-"}, 206, CONTENT.body[90:]),
        ({"range": "bytes=-5"}, 206, CONTENT.body[-5:]),
        ({"range": "bytes=90-999"}, 206, CONTENT.body[90:]),
        ({"range": "bytes=100-"}, 416, b""),
        ({"range": "bytes=1-2,5-6"}, 200, CONTENT.body),
        ({"range": "lines=1-2"}, 200, CONTENT.body),
        ({"range": "bytes=10-19", "if-range": CONTENT.etag}, 206, CONTENT.body[10:20]),
        ({"range": "bytes=10-19", "if-range": '"other"'}, 200, CONTENT.body),
        ({"if-none-match": f'"x", W/{CONTENT.etag}'}, 304, b""),
        ({"if-none-match": '"x"'}, 200, CONTENT.body),
    ],
)
def test_a_request_gets_the_part_that_it_asks_for(
    asked: dict[str, str], status: int, body: bytes
) -> None:
    answer = reply(CONTENT, asked)
    assert (answer.status, answer.body) == (status, body)


def test_tiles_are_made_once_and_stay_within_their_size() -> None:
    tiles, made = Tiles(100), []

    def make(key: int) -> bytes:
        made.append(key)
        return bytes(40)

    for key in (1, 2, 1, 3, 1):  # 2 is the least recently used when 3 comes
        tiles.get(key, lambda key=key: make(key))  # type: ignore[misc]  # a default binds the key
    assert made == [1, 2, 3]
    assert tiles.size_bytes == 80
    assert len(tiles.get(9, lambda: bytes(101))) == 101
    assert tiles.size_bytes == 80
