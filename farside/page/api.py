"""Read-only API of an archive: path and parameters in, content out; it knows no HTTP server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from farside import solarwind
from farside.archive.entry import ArchivedProduct
from farside.archive.index import reading
from farside.errors import ArchiveAwayError, ArchiveError, NotArchivedError
from farside.io.fits import MAX_BYTES
from farside.magnetogram.magnetogram import Magnetogram
from farside.page.bodies import (
    ArchiveState,
    FileCard,
    FileList,
    HistoryPoint,
    LayerCard,
    NeutralLine,
    ProductDetails,
    ProductPage,
    RegionCard,
    RegionHistory,
    RegionTable,
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
from farside.page.euv import euv_map
from farside.page.layers import EUV_BANDS, EUV_LAYERS, LAYERS, MAP_LAYERS, Plane, encode
from farside.page.query import MAX_DAYS, ProductQuery, check_names, name_of, number_of
from farside.page.tiles import Tiles
from farside.sun.carrington_grid import Map
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.disk import MapDisk, read_generated
from farside.synchronic.map import SynchronicMap
from farside.synchronic.polarity import polarity_confidence
from farside.tracking.cutout import CutoutFrame, cut_map
from farside.tracking.regions import ActiveRegion, find_regions, flux_in, moved_outline

CHANGE_DAYS = 3.0
"""Greatest age of the earlier map of a region's change."""

LEAST_CHANGE_DAYS = 0.9
"""Least age of it: a day, less a late slot."""

CUTOUT_DEG, CUTOUT_CELL_DEG = 24.0, 1.0

MOST_POINTS = 30
"""Largest number of maps in a history."""

MEDIA_TYPES = {"png": "image/png", "gong": "application/gzip"}

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
        self._root, self._tiles, self._grafana, self._generate = root, tiles, grafana, generate
        # Of the last few: the layers of a map are asked for together, and its neighbours next.
        self._read = lru_cache(maxsize=16)(self._read_map)

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
        series: tuple[Any, ...] = ()
        if self._root is not None:
            with reading(self._root) as index:
                series = tuple(series_of(index, each, now) for each in index.map_series())
        return _json(
            ArchiveState(self._root is not None, now, series, self._grafana, self._generate)
        )

    def products(self, _: Query, query: Query) -> Content:
        """One page of products, the latest slot first."""
        asked = ProductQuery.of(query)
        with self._index() as index:
            found = index.find(**(vars(asked) | {"limit": asked.limit + 1}))
        page, more = found[: asked.limit], len(found) > asked.limit
        return _json(ProductPage(tuple(map(card_of, page)), str(page[-1].name) if more else None))

    def product(self, path: Query, _: Query) -> Content:
        """One product: inputs, sources, observers, layers, formats."""
        product = self._product(path["id"])
        with self._index() as index:
            inputs = tuple(input_of(each, product) for each in index.inputs(product.name))
        details = ProductDetails(card_of(product), inputs, _formats(product))
        if product.kind == "map":
            sun_map = self._map(product)
            sources = (source_of(s, i, sun_map) for i, s in enumerate(sun_map.sources))
            details = replace(
                details,
                sources=tuple(sources),
                observers=observers_of(sun_map),
                layers=(*MAP_LAYERS.values(), *self._euv_layers(sun_map)),
                grid=grid_of(sun_map),
            )
        return _json(details)

    def files(self, path: Query, _: Query) -> Content:
        """Files of a product in every format, with size and checksum."""
        product = self._product(path["id"])
        cards = []
        for each in _formats(product):
            content = self._file(product, each)
            digest = hashlib.sha256(content.body).hexdigest()
            url = f"archive/{product.name}/files/{each}"
            cards.append(FileCard(each, content.filename, len(content.body), digest, url))
        return _json(FileList(tuple(cards)))

    def file(self, path: Query, _: Query) -> Content:
        """One product in one format."""
        product = self._product(path["id"])
        if path["format"] not in _formats(product):
            raise NotArchivedError(
                f"no format {path['format'][:80]!r} of {product.name}, expected one of "
                + ", ".join(_formats(product))
            )
        return self._file(product, path["format"])

    def layer(self, path: Query, _: Query) -> Content:
        """One layer of a map, int16."""
        sun_map, product = self._map_of(path["id"])
        if path["layer"] not in LAYERS:
            raise NotArchivedError(
                f"no layer {path['layer'][:80]!r}, expected one of {', '.join(LAYERS)}"
            )
        layer = LAYERS[path["layer"]]
        body = self._made(product, layer.name, lambda: encode(self._plane(sun_map, layer), layer))
        return Content(body, "application/octet-stream")

    def neutral_line(self, path: Query, _: Query) -> Content:
        """Neutral line on the source surface."""
        from farside.corona import extrapolate, neutral_line  # imports numba

        sun_map, product = self._map_of(path["id"])

        def make() -> bytes:
            curves = neutral_line(extrapolate(sun_map))
            rounded = tuple(
                tuple((round(float(x), 1), round(float(y), 1)) for x, y in curve)
                for curve in curves
            )
            return _json(NeutralLine(rounded)).body

        return Content(self._made(product, "neutral-line", make), "application/json")

    def regions(self, path: Query, _: Query) -> Content:
        """Active regions of one map."""
        sun_map, product = self._map_of(path["id"])

        def make() -> bytes:
            earlier = self._earlier(product)
            cards = (
                self._region_card(sun_map, each, earlier) for each in self._found(sun_map, product)
            )
            return _json(RegionTable(str(product.name), product.time, tuple(cards))).body

        # Not kept: the earlier map may arrive later.
        return Content(make(), "application/json")

    def latest_regions(self, _: Query, query: Query) -> Content:
        """Active regions of the latest map, of one series or of all."""
        with self._index() as index:
            found = index.find(kind="map", series=query.get("series"), limit=1)
        if not found:
            raise NotArchivedError("no synchronic map in the archive")
        return self.regions({"id": str(found[0].name)}, {})

    def history(self, path: Query, query: Query) -> Content:
        """Flux curve and cut-outs of one region in the maps before, and in this one."""
        days = number_of(query.get("days", "10"), "days", 0, MAX_DAYS)
        sun_map, product = self._map_of(path["id"])
        found = {each.name: each for each in self._found(sun_map, product)}
        if path["region"] not in found:
            raise NotArchivedError(
                f"no region {path['region'][:80]!r} in {product.name}, expected one of "
                + (", ".join(found) or "none")
            )
        region = found[path["region"]]
        slot = product.name.slot
        with self._index() as index:
            maps = index.find(
                series=product.name.series,
                first=slot - timedelta(days=days),
                end=slot + timedelta(seconds=1),
            )
        points = [self._point(region, sun_map, each) for each in _spread(maps[::-1])]
        card = self._region_card(sun_map, region, self._earlier(product))
        return _json(RegionHistory(card, tuple(points)))

    def _index(self) -> Any:
        if self._root is None:
            raise NotArchivedError("this service has no archive: FARSIDE_ARCHIVE names its folder")
        return reading(self._root)

    def _product(self, text: str) -> ArchivedProduct:
        name = name_of(text)
        with self._index() as index:
            found: ArchivedProduct | None = index.product(name)
        if found is None:
            raise NotArchivedError(f"no product {text[:200]!r} in the archive")
        return found

    def _map_of(self, text: str) -> tuple[SynchronicMap, ArchivedProduct]:
        product = self._product(text)
        if product.kind != "map":
            raise NotArchivedError(f"{product.name} is a {product.kind}, expected a map")
        return self._map(product), product

    def _map(self, product: ArchivedProduct) -> SynchronicMap:
        return self._read(product.name.path, product.sha256)

    def _read_map(self, path: Path, sha256: str) -> SynchronicMap:
        return synchronic_fits.read(self._bytes(path, sha256))

    def _bytes(self, path: Path, sha256: str) -> bytes:
        """Bytes of a product, which are those of the index."""
        assert self._root is not None  # noqa: S101  # an index was read
        try:
            content = (self._root / path).read_bytes()
        except OSError as error:
            raise ArchiveAwayError(f"{path.name} cannot be read now: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ArchiveError(f"{path.name} was altered after it was filed: its sha256 differs")
        return content

    def _made(self, product: ArchivedProduct, what: Hashable, make: Callable[[], bytes]) -> bytes:
        return self._tiles.get((product.sha256, what), make)

    def _file(self, product: ArchivedProduct, kind: str) -> Content:
        if kind == "fits":
            body = self._bytes(product.name.path, product.sha256)
            return Content(body, "application/fits", f"{product.name}.fits")
        if kind == "png":
            body = self._made(product, kind, lambda: self._picture(product))
            return Content(body, MEDIA_TYPES[kind], f"{product.name}.png")
        packed = self._made(product, kind, lambda: _packed(self._map(product), kind))
        name, _, body = packed.partition(b"\n")
        return Content(body, MEDIA_TYPES.get(kind, "application/fits"), name.decode())

    def _picture(self, product: ArchivedProduct) -> bytes:
        from farside.plots.products import picture  # imports matplotlib

        if product.kind == "map":
            return picture(self._map(product))
        return picture(Magnetogram.read(self._bytes(product.name.path, product.sha256)))

    def _plane(self, sun_map: SynchronicMap, layer: LayerCard) -> Plane:
        if layer.name in EUV_LAYERS:
            return euv_map(sun_map, self._euv_images(sun_map, layer.name))
        if layer.name == "confidence":
            return polarity_confidence(sun_map, self._disks(sun_map))
        if layer.name == "open":
            from farside.corona import extrapolate, open_field  # imports numba

            opened = open_field(extrapolate(sun_map))
            return _nearest(opened.polarity, sun_map)
        planes: Mapping[str, Plane] = {
            "field": sun_map.field_gauss,
            "sigma": sun_map.sigma_gauss,
            "age": sun_map.age_days,
            "source": sun_map.source,
            "share": sun_map.generated_share(),
        }
        return planes[layer.name]

    def _disks(self, sun_map: SynchronicMap) -> Mapping[str, MapDisk]:
        """Generated disks of a map that are in the archive, by sha256."""
        return {
            product.sha256: read_generated(self._bytes(product.name.path, product.sha256))
            for product in self._generated(sun_map)
        }

    def _generated(self, sun_map: SynchronicMap) -> list[ArchivedProduct]:
        with self._index() as index:
            found = [index.product_of_content(s.sha256) for s in sun_map.sources if s.generator]
        return [each for each in found if each is not None]

    def _euv_files(self, sun_map: SynchronicMap, layer: str) -> Iterator[Path]:
        """Observations in the band of a layer that are still in the drop folders."""
        with self._index() as index:
            for product in self._generated(sun_map):
                for given in index.inputs(product.name):
                    band = given.instrument.rpartition(" ")[2]
                    if given.role == "observation" and band in EUV_BANDS[layer]:
                        path = index.path_of_arrival(given.sha256)
                        if path is not None and path.is_file():
                            yield path

    def _euv_layers(self, sun_map: SynchronicMap) -> tuple[LayerCard, ...]:
        return tuple(
            card for name, card in EUV_LAYERS.items() if any(self._euv_files(sun_map, name))
        )

    def _euv_images(self, sun_map: SynchronicMap, layer: str) -> Iterator[bytes]:
        paths = list(self._euv_files(sun_map, layer))
        if not paths:
            raise NotArchivedError(f"no image of layer {layer} is in the drop folders any more")
        for path in paths:
            with path.open("rb") as file:
                yield file.read(MAX_BYTES + 1)

    def _confidence(self, sun_map: SynchronicMap, product: ArchivedProduct) -> Map:
        layer = LAYERS["confidence"]
        counts = self._made(product, layer.name, lambda: encode(self._plane(sun_map, layer), layer))
        values = np.frombuffer(counts, "<i2").reshape(sun_map.grid.shape)
        return np.asarray(values * layer.step, np.float64)

    def _found(self, sun_map: SynchronicMap, product: ArchivedProduct) -> tuple[ActiveRegion, ...]:
        return find_regions(sun_map, self._confidence(sun_map, product))

    def _earlier(self, product: ArchivedProduct) -> SynchronicMap | None:
        """Latest map of the series that is one to three days older."""
        slot = product.name.slot
        with self._index() as index:
            found = index.find(
                series=product.name.series,
                first=slot - timedelta(days=CHANGE_DAYS),
                end=slot - timedelta(days=LEAST_CHANGE_DAYS),
                limit=1,
            )
        return self._map(found[0]) if found else None

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
        sun_map = self._map(product)
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


def _packed(sun_map: SynchronicMap, kind: str) -> bytes:
    """File of a map in one format, after a line with its name."""
    file = solarwind.pack(sun_map, kind)
    return file.name.encode() + b"\n" + file.content


def _formats(product: ArchivedProduct) -> tuple[str, ...]:
    others = tuple(name for name in solarwind.FORMATS if name != "native")
    return ("fits", *others, "png") if product.kind == "map" else ("fits", "png")


def _nearest(values: Plane, sun_map: SynchronicMap) -> Plane:
    """Values on the grid of a map, from the nearest cell of another grid of equal area."""
    rows, columns = values.shape
    sine = np.sin(np.radians(sun_map.grid.latitude_deg))
    row = np.clip(((sine + 1) / 2 * rows).astype(np.int64), 0, rows - 1)
    column = (sun_map.grid.longitude_deg / 360 * columns).astype(np.int64) % columns
    nearest: Plane = values[np.ix_(row, column)]
    return nearest


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
