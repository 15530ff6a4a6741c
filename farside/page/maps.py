"""Maps of an archive: their products, layers, regions and files, cached."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from farside import solarwind
from farside.archive.entry import ArchivedProduct
from farside.archive.index import Index, reading
from farside.errors import ArchiveAwayError, ArchiveError, NotArchivedError
from farside.io.fits import MAX_BYTES
from farside.magnetogram.magnetogram import Magnetogram
from farside.page.bodies import LayerCard
from farside.page.content import Content
from farside.page.euv import euv_map
from farside.page.layers import EUV_BANDS, EUV_LAYERS, LAYERS, Plane, encode
from farside.page.query import name_of
from farside.page.tiles import Tiles
from farside.sun.carrington_grid import Map
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.disk import MapDisk, read_generated
from farside.synchronic.map import SynchronicMap
from farside.synchronic.polarity import polarity_confidence
from farside.tracking.regions import ActiveRegion, find_regions

CHANGE_DAYS = 3.0
"""Greatest age of the earlier map of a region's change."""

LEAST_CHANGE_DAYS = 0.9
"""Least age of it: a day, less a late slot."""

MEDIA_TYPES = {"png": "image/png", "gong": "application/gzip"}


class ArchivedMaps:
    """Maps and products of one archive, which others may write to meanwhile.

    Parameters
    ----------
    root
        Folder of the archive; None if there is none.
    tiles
        Cache of layers and files that cost time to make.
    """

    def __init__(self, root: Path | None, tiles: Tiles) -> None:
        self._root, self._tiles = root, tiles
        # Of the last few: the layers of a map are asked for together, and its neighbours next.
        self._read = lru_cache(maxsize=16)(self._read_map)

    def index(self) -> AbstractContextManager[Index]:
        """Index of the archive, open for reading."""
        if self._root is None:
            raise NotArchivedError("this service has no archive: FARSIDE_ARCHIVE names its folder")
        return reading(self._root)

    def product(self, text: str) -> ArchivedProduct:
        """Product of an id."""
        name = name_of(text)
        with self.index() as index:
            found = index.product(name)
        if found is None:
            raise NotArchivedError(f"no product {text[:200]!r} in the archive")
        return found

    def map_of(self, text: str) -> tuple[SynchronicMap, ArchivedProduct]:
        """Map of an id, and its product."""
        product = self.product(text)
        if product.kind != "map":
            raise NotArchivedError(f"{product.name} is a {product.kind}, expected a map")
        return self.map(product), product

    def map(self, product: ArchivedProduct) -> SynchronicMap:
        """Map of a product."""
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

    def made(self, product: ArchivedProduct, what: Hashable, make: Callable[[], bytes]) -> bytes:
        """What is made of a product, once."""
        return self._tiles.get((product.sha256, what), make)

    def file(self, product: ArchivedProduct, kind: str) -> Content:
        """File of a product in one format."""
        if kind == "fits":
            body = self._bytes(product.name.path, product.sha256)
            return Content(body, "application/fits", f"{product.name}.fits")
        if kind == "png":
            body = self.made(product, kind, lambda: self._picture(product))
            return Content(body, MEDIA_TYPES[kind], f"{product.name}.png")
        packed = self.made(product, kind, lambda: _packed(self.map(product), kind))
        name, _, body = packed.partition(b"\n")
        return Content(body, MEDIA_TYPES.get(kind, "application/fits"), name.decode())

    def _picture(self, product: ArchivedProduct) -> bytes:
        from farside.plots.products import picture  # imports matplotlib

        if product.kind == "map":
            return picture(self.map(product))
        return picture(Magnetogram.read(self._bytes(product.name.path, product.sha256)))

    def plane(self, sun_map: SynchronicMap, layer: LayerCard) -> Plane:
        """Plane of a layer, (row, column)."""
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
        with self.index() as index:
            found = [index.product_of_content(s.sha256) for s in sun_map.sources if s.generator]
        return [each for each in found if each is not None]

    def _euv_files(self, sun_map: SynchronicMap, layer: str) -> Iterator[Path]:
        """Observations in the band of a layer that are still in the drop folders."""
        with self.index() as index:
            for product in self._generated(sun_map):
                for given in index.inputs(product.name):
                    band = given.instrument.rpartition(" ")[2]
                    if given.role == "observation" and band in EUV_BANDS[layer]:
                        path = index.path_of_arrival(given.sha256)
                        if path is not None and path.is_file():
                            yield path

    def euv_layers(self, sun_map: SynchronicMap) -> tuple[LayerCard, ...]:
        """EUV layers whose images are still in the drop folders."""
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
        counts = self.made(product, layer.name, lambda: encode(self.plane(sun_map, layer), layer))
        values = np.frombuffer(counts, "<i2").reshape(sun_map.grid.shape)
        return np.asarray(values * layer.step, np.float64)

    def regions(self, sun_map: SynchronicMap, product: ArchivedProduct) -> tuple[ActiveRegion, ...]:
        """Active regions of a map."""
        return find_regions(sun_map, self._confidence(sun_map, product))

    def earlier(self, product: ArchivedProduct) -> SynchronicMap | None:
        """Latest map of the series that is one to three days older."""
        slot = product.name.slot
        with self.index() as index:
            found = index.find(
                series=product.name.series,
                first=slot - timedelta(days=CHANGE_DAYS),
                end=slot - timedelta(days=LEAST_CHANGE_DAYS),
                limit=1,
            )
        return self.map(found[0]) if found else None


def _packed(sun_map: SynchronicMap, kind: str) -> bytes:
    """File of a map in one format, after a line with its name."""
    file = solarwind.pack(sun_map, kind)
    return file.name.encode() + b"\n" + file.content


def formats_of(product: ArchivedProduct) -> tuple[str, ...]:
    """Formats in which a product is given."""
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
