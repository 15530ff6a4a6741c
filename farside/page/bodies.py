"""Bodies of the answers of the archive's API: the one declaration for JSON and OpenAPI."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Flag:
    """Quality flag that is set, and its meaning."""

    name: str
    meaning: str


@dataclass(frozen=True)
class ProductCard:
    """Product of the archive, as its index describes it.

    Attributes
    ----------
    id
        Name of the product, which stands for it in addresses.
    quality
        Quality flags that are set.
    superseded_by
        Id of the issue that replaced it.
    """

    id: str
    kind: str
    series: str
    slot: datetime
    issue: int
    time: datetime
    made: datetime
    spacecraft: str
    model: str
    version: str
    identity: str
    quality: tuple[Flag, ...]
    sha256: str
    superseded_by: str | None


@dataclass(frozen=True)
class ProductPage:
    """Page of products, the latest slot first.

    Attributes
    ----------
    next
        Value of `after` that asks for the next page; null on the last one.
    """

    products: tuple[ProductCard, ...]
    next: str | None


@dataclass(frozen=True)
class InputCard:
    """Input file of a product; `age_hours` before the time of the product."""

    role: str
    instrument: str
    time: datetime
    age_hours: float
    quality: tuple[Flag, ...]
    filename: str
    sha256: str


@dataclass(frozen=True)
class ObserverCard:
    """Observer at the time of a product: sub-observer point and distance.

    Attributes
    ----------
    longitude_deg
        Carrington longitude.
    stonyhurst_deg
        Longitude west of Earth.
    """

    name: str
    longitude_deg: float
    latitude_deg: float
    stonyhurst_deg: float
    distance_au: float


@dataclass(frozen=True)
class SourceCard:
    """Image or map that a synchronic map was made from, in the order of the layer `source`.

    Attributes
    ----------
    share
        Fraction of the sphere where it has the greatest weight.
    skill
        Correlation with the truth that the model's Recipe states.
    overlap
        Correlation with an observed disk where both see the same surface.
    """

    kind: str
    instrument: str
    filename: str
    time: datetime
    age_hours: float
    share: float
    quality: tuple[Flag, ...]
    model: str | None
    version: str | None
    trained_on: str | None
    skill: float | None
    overlap: float | None


@dataclass(frozen=True)
class LayerCard:
    """Layer of a map: int16 values, little-endian, rows from the south, −32768 where unknown.

    Attributes
    ----------
    step
        Value of one count in `unit`.
    low, high
        Limits of the usual colour scale, in `unit`.
    """

    name: str
    title: str
    unit: str
    step: float
    low: float
    high: float


@dataclass(frozen=True)
class GridCard:
    """Carrington grid of the layers: columns in longitude from 0°, rows of sine latitude."""

    columns: int
    rows: int
    latitude: str


@dataclass(frozen=True)
class ProductDetails:
    """Product with its inputs and, for a map, its sources, observers and layers."""

    product: ProductCard
    inputs: tuple[InputCard, ...]
    formats: tuple[str, ...]
    sources: tuple[SourceCard, ...] = ()
    observers: tuple[ObserverCard, ...] = ()
    layers: tuple[LayerCard, ...] = ()
    grid: GridCard | None = None


@dataclass(frozen=True)
class FileCard:
    """File of a product in one format; `url` is relative to the root of the service."""

    format: str
    filename: str
    size_bytes: int
    sha256: str
    url: str


@dataclass(frozen=True)
class FileList:
    """Files of a product."""

    files: tuple[FileCard, ...]


@dataclass(frozen=True)
class RegionCard:
    """Active region of a map, see :class:`farside.tracking.regions.ActiveRegion`.

    Attributes
    ----------
    change
        Ratio of its unsigned flux to that of the same outline in an earlier map; null without one.
    change_days
        How much earlier that map is.
    """

    name: str
    longitude_deg: float
    latitude_deg: float
    meridian_deg: float
    far_side: bool
    days_to_east_limb: float
    unsigned_flux_mx: float
    net_flux_mx: float
    sigma_mx: float
    area_msh: float
    polarity_confidence: float
    kind: str
    age_days: float
    change: float | None
    change_days: float | None


@dataclass(frozen=True)
class RegionTable:
    """Active regions of one map; those that return to the east limb first are first."""

    map: str
    time: datetime
    regions: tuple[RegionCard, ...]


@dataclass(frozen=True)
class HistoryPoint:
    """Region in one map: flux inside its outline, moved by differential rotation, and a cut-out.

    Attributes
    ----------
    cutout_gauss
        Radial field, rows from the south, cells of 1°.
    """

    map: str
    time: datetime
    unsigned_flux_mx: float
    net_flux_mx: float
    sigma_mx: float
    age_days: float
    cutout_gauss: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class RegionHistory:
    """Flux curve and cut-outs of one region, in the order of time."""

    region: RegionCard
    points: tuple[HistoryPoint, ...]


@dataclass(frozen=True)
class NeutralLine:
    """Neutral line on the source surface: curves of Carrington longitude and latitude, degrees."""

    curves: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True)
class SeriesCard:
    """Series of synchronic maps.

    Attributes
    ----------
    cadence_minutes
        Most frequent step between its last slots; null for a single map.
    next_expected
        When the next map is expected: last slot, cadence and the usual delay of the last maps.
    late
        Whether that is more than one cadence ago.
    """

    series: str
    maps: int
    first: datetime
    last: datetime
    latest: str
    cadence_minutes: float | None
    next_expected: datetime | None
    late: bool


@dataclass(frozen=True)
class ArchiveState:
    """State of the archive that the page shows.

    Attributes
    ----------
    available
        Whether an archive is set.
    now
        Time of the answer, UTC.
    series
        Series of synchronic maps, that of the latest slot first.
    grafana
        Address of the dashboards; null if none is set.
    generate
        Whether this server answers POST /generate.
    """

    available: bool
    now: datetime
    series: tuple[SeriesCard, ...]
    grafana: str | None
    generate: bool
