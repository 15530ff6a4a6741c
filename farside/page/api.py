"""Read-only API of an archive: path and parameters in, content out; it knows no HTTP server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from farside.archive.entry import ArchivedProduct
from farside.errors import NotArchivedError
from farside.page.bodies import (
    ArchiveState,
    FileCard,
    FileList,
    HistoryPoint,
    NeutralLine,
    ProductDetails,
    ProductPage,
    RegionCard,
    RegionHistory,
    RegionTable,
    SeriesCard,
)
from farside.page.content import Content
from farside.page.describe import (
    card_of,
    grid_of,
    input_of,
    observers_of,
    region_of,
    series_of,
    source_of,
    utc_now,
)
from farside.page.layers import LAYERS, MAP_LAYERS, encode
from farside.page.maps import ArchivedMaps, formats_of
from farside.page.query import MAX_DAYS, ProductQuery, check_names, number_of
from farside.page.tiles import Tiles
from farside.synchronic.map import SynchronicMap
from farside.tracking.cutout import CutoutFrame, cut_map
from farside.tracking.regions import ActiveRegion, flux_in, moved_outline

CUTOUT_DEG, CUTOUT_CELL_DEG = 24.0, 1.0

MOST_POINTS = 30
"""Largest number of maps in a history."""

Query = Mapping[str, str]


@dataclass(frozen=True)
class Endpoint:
    """Address of the API: its pattern, parameters, answer and how it is made.

    Attributes
    ----------
    path
        Address; names in braces stand for one segment.
    parameters
        Parameters after the question mark, and what they mean.
    body
        Class of the JSON body; None for bytes.
    media_type
        Type of an answer of bytes.
    """

    path: str
    summary: str
    answer: Callable[[ArchiveApi, Query, Query], Content]
    parameters: Mapping[str, str]
    body: type | None = None
    media_type: str = "application/octet-stream"


class ArchiveApi:
    """Answers about one archive, which others may write to meanwhile.

    Parameters
    ----------
    root
        Folder of the archive; None if there is none.
    tiles
        Cache of layers and files that cost time to make.
    grafana
        Address of the dashboards, for the page's link.
    generate
        Whether the server beside it answers ``POST /generate``.
    clock
        Time now, UTC, by which a map is late.
    """

    def __init__(
        self,
        root: Path | None,
        tiles: Tiles,
        grafana: str | None = None,
        *,
        generate: bool = False,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._clock = clock
        self._available, self._grafana, self._generate = root is not None, grafana, generate
        self._maps = ArchivedMaps(root, tiles)

    def answer(self, path: str, query: Query) -> Content:
        """Answer an address below ``/archive``.

        Raises
        ------
        NotArchivedError
            There is no such address, product, layer, region or file.
        RequestError
            A parameter is unknown or invalid.
        ArchiveError
            The index or a product cannot be read; :class:`~farside.errors.ArchiveAwayError` if it
            may be read later.
        """
        for endpoint in ENDPOINTS:
            match = pattern(endpoint.path).fullmatch(path)
            if match:
                check_names(query, tuple(endpoint.parameters))
                return endpoint.answer(self, match.groupdict(), query)
        raise NotArchivedError(f"nothing is at {path[:200]!r}; /openapi.json lists the addresses")

    def state(self, _: Query, __: Query) -> Content:
        """Series of maps, when the next is expected, and links."""
        now = self._clock()
        series: tuple[SeriesCard, ...] = ()
        if self._available:
            with self._maps.index() as index:
                series = tuple(series_of(index, each, now) for each in index.map_series())
        return _json(ArchiveState(self._available, now, series, self._grafana, self._generate))

    def products(self, _: Query, query: Query) -> Content:
        """One page of products, the latest slot first."""
        asked = ProductQuery.of(query)
        with self._maps.index() as index:
            found = index.find(**(vars(asked) | {"limit": asked.limit + 1}))
        page, more = found[: asked.limit], len(found) > asked.limit
        return _json(ProductPage(tuple(map(card_of, page)), str(page[-1].name) if more else None))

    def product(self, path: Query, _: Query) -> Content:
        """One product: inputs, sources, observers, layers, formats."""
        product = self._maps.product(path["id"])
        with self._maps.index() as index:
            inputs = tuple(input_of(each, product) for each in index.inputs(product.name))
        details = ProductDetails(card_of(product), inputs, formats_of(product))
        if product.kind == "map":
            sun_map = self._maps.map(product)
            sources = (source_of(s, i, sun_map) for i, s in enumerate(sun_map.sources))
            details = replace(
                details,
                sources=tuple(sources),
                observers=observers_of(sun_map),
                layers=(*MAP_LAYERS.values(), *self._maps.euv_layers(sun_map)),
                grid=grid_of(sun_map),
            )
        return _json(details)

    def files(self, path: Query, _: Query) -> Content:
        """Files of a product in every format, with size and checksum."""
        product = self._maps.product(path["id"])
        cards = []
        for each in formats_of(product):
            content = self._maps.file(product, each)
            digest = hashlib.sha256(content.body).hexdigest()
            url = f"archive/{product.name}/files/{each}"
            cards.append(FileCard(each, content.filename, len(content.body), digest, url))
        return _json(FileList(tuple(cards)))

    def file(self, path: Query, _: Query) -> Content:
        """One product in one format."""
        product = self._maps.product(path["id"])
        if path["format"] not in formats_of(product):
            raise NotArchivedError(
                f"no format {path['format'][:80]!r} of {product.name}, expected one of "
                + ", ".join(formats_of(product))
            )
        return self._maps.file(product, path["format"])

    def layer(self, path: Query, _: Query) -> Content:
        """One layer of a map, int16."""
        sun_map, product = self._maps.map_of(path["id"])
        if path["layer"] not in LAYERS:
            raise NotArchivedError(
                f"no layer {path['layer'][:80]!r}, expected one of {', '.join(LAYERS)}"
            )
        layer = LAYERS[path["layer"]]
        body = self._maps.made(
            product, layer.name, lambda: encode(self._maps.plane(sun_map, layer), layer)
        )
        return Content(body, "application/octet-stream")

    def neutral_line(self, path: Query, _: Query) -> Content:
        """Neutral line on the source surface."""
        from farside.corona import extrapolate, neutral_line  # imports numba

        sun_map, product = self._maps.map_of(path["id"])

        def make() -> bytes:
            curves = neutral_line(extrapolate(sun_map))
            rounded = tuple(
                tuple((round(float(x), 1), round(float(y), 1)) for x, y in curve)
                for curve in curves
            )
            return _json(NeutralLine(rounded)).body

        return Content(self._maps.made(product, "neutral-line", make), "application/json")

    def regions(self, path: Query, _: Query) -> Content:
        """Active regions of one map."""
        sun_map, product = self._maps.map_of(path["id"])

        def make() -> bytes:
            earlier = self._maps.earlier(product)
            cards = (
                self._region_card(sun_map, each, earlier)
                for each in self._maps.regions(sun_map, product)
            )
            return _json(RegionTable(str(product.name), product.time, tuple(cards))).body

        # Not kept: the earlier map may arrive later.
        return Content(make(), "application/json")

    def latest_regions(self, _: Query, query: Query) -> Content:
        """Active regions of the latest map, of one series or of all."""
        with self._maps.index() as index:
            found = index.find(kind="map", series=query.get("series"), limit=1)
        if not found:
            raise NotArchivedError("no synchronic map in the archive")
        return self.regions({"id": str(found[0].name)}, {})

    def history(self, path: Query, query: Query) -> Content:
        """Flux curve and cut-outs of one region in the maps before, and in this one."""
        days = number_of(query.get("days", "10"), "days", 0, MAX_DAYS)
        sun_map, product = self._maps.map_of(path["id"])
        found = {each.name: each for each in self._maps.regions(sun_map, product)}
        if path["region"] not in found:
            raise NotArchivedError(
                f"no region {path['region'][:80]!r} in {product.name}, expected one of "
                + (", ".join(found) or "none")
            )
        region = found[path["region"]]
        slot = product.name.slot
        with self._maps.index() as index:
            maps = index.find(
                series=product.name.series,
                first=slot - timedelta(days=days),
                end=slot + timedelta(seconds=1),
            )
        points = [self._point(region, sun_map, each) for each in _spread(maps[::-1])]
        card = self._region_card(sun_map, region, self._maps.earlier(product))
        return _json(RegionHistory(card, tuple(points)))

    def _region_card(
        self, sun_map: SynchronicMap, region: ActiveRegion, earlier: SynchronicMap | None
    ) -> RegionCard:
        if earlier is None:
            return region_of(region, None, None)
        days = float((sun_map.time - earlier.time).to_value("day"))
        outline = moved_outline(region.outline, earlier.grid, -days)
        return region_of(region, flux_in(earlier, outline)[0], days)

    def _point(
        self, region: ActiveRegion, latest: SynchronicMap, product: ArchivedProduct
    ) -> HistoryPoint:
        sun_map = self._maps.map(product)
        days = float((sun_map.time - latest.time).to_value("day"))
        outline = moved_outline(region.outline, sun_map.grid, days)
        unsigned, net, sigma = flux_in(sun_map, outline)
        weight = outline * np.abs(sun_map.field_gauss) * sun_map.grid.area
        frame = CutoutFrame(region.longitude_deg, region.latitude_deg, CUTOUT_DEG, CUTOUT_CELL_DEG)
        cut = cut_map(sun_map.field_gauss, sun_map.grid, frame)
        return HistoryPoint(
            map=str(product.name),
            time=product.time,
            unsigned_flux_mx=unsigned,
            net_flux_mx=net,
            sigma_mx=sigma,
            age_days=float((weight * sun_map.age_days).sum() / max(float(weight.sum()), 1e-30)),
            cutout_gauss=tuple(tuple(int(v) for v in row) for row in np.rint(cut)),
        )


def _spread(maps: list[ArchivedProduct]) -> list[ArchivedProduct]:
    """At most `MOST_POINTS` of some maps, evenly, the last among them."""
    step = max(1, -(-len(maps) // MOST_POINTS))
    return maps[::-1][::step][::-1]


def _json(body: object) -> Content:
    return Content(TypeAdapter(type(body)).dump_json(body), "application/json")


@lru_cache(maxsize=32)
def pattern(path: str) -> re.Pattern[str]:
    """Regular expression of an address with names in braces."""
    parts = re.split(r"\{(\w+)\}", path)
    texts = (
        f"(?P<{part}>[^/]+)" if number % 2 else re.escape(part) for number, part in enumerate(parts)
    )
    return re.compile("".join(texts))


_ID = "/archive/{id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "/archive",
        "Series of maps, and when the next is expected",
        ArchiveApi.state,
        {},
        ArchiveState,
    ),
    Endpoint(
        "/archive/products",
        "Products, the latest slot first",
        ArchiveApi.products,
        {
            "kind": "magnetogram or map",
            "series": "one series, as in farside_1_v1_synchronic",
            "spacecraft": "STEREO_A, STEREO_B or SDO",
            "from": "earliest slot, UTC, ISO 8601",
            "to": "end of the period, exclusive",
            "superseded": "true: earlier issues too",
            "after": "`next` of the page before",
            "limit": "products of a page, 1 to 500 (100)",
        },
        ProductPage,
    ),
    Endpoint(
        "/archive/regions",
        "Active regions of the latest map",
        ArchiveApi.latest_regions,
        {"series": "series of maps; of all if left out"},
        RegionTable,
    ),
    Endpoint(
        _ID,
        "One product: inputs, sources, observers, layers",
        ArchiveApi.product,
        {},
        ProductDetails,
    ),
    Endpoint(
        f"{_ID}/files", "Its files in every format, with checksums", ArchiveApi.files, {}, FileList
    ),
    Endpoint(
        f"{_ID}/files/{{format}}", "One of its files", ArchiveApi.file, {}, None, "application/fits"
    ),
    Endpoint(
        f"{_ID}/layers/{{layer}}",
        "A layer of a map: little-endian int16, rows from the south; its step and unit are in the "
        "answer of the product",
        ArchiveApi.layer,
        {},
    ),
    Endpoint(
        f"{_ID}/neutral-line",
        "Neutral line of a map on the source surface",
        ArchiveApi.neutral_line,
        {},
        NeutralLine,
    ),
    Endpoint(f"{_ID}/regions", "Active regions of a map", ArchiveApi.regions, {}, RegionTable),
    Endpoint(
        f"{_ID}/regions/{{region}}",
        "Flux curve and cut-outs of a region",
        ArchiveApi.history,
        {"days": "length of the history, 0 to 60 (10)"},
        RegionHistory,
    ),
)
"""Addresses of the API, in the order in which they are tried."""
