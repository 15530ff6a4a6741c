"""Descriptions of products for the API: from index, FITS file and map to the bodies of answers."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from farside.archive.entry import ArchivedProduct, ProductInput
from farside.archive.index import Index
from farside.archive.times import to_datetime
from farside.page.bodies import (
    Flag,
    GridCard,
    InputCard,
    ObserverCard,
    ProductCard,
    RegionCard,
    SeriesCard,
    SourceCard,
)
from farside.quality import MEANINGS, Quality
from farside.sun.observer import ASTRONOMICAL_UNIT_M
from farside.synchronic.map import NO_INSTRUMENT, MapSource, SynchronicMap
from farside.synchronic.observers import observers
from farside.tracking.regions import ActiveRegion

LAST_MAPS = 16
"""Number of maps from which cadence and delay are taken."""

LONGEST_DELAY = timedelta(days=1)
"""Longest usual delay: maps that a backfill made later say nothing about the next."""


def card_of(product: ArchivedProduct) -> ProductCard:
    """Card of a product of the index."""
    name, later = product.name, product.superseded_by
    return ProductCard(
        id=str(name),
        kind=product.kind,
        series=name.series,
        slot=name.slot,
        issue=name.issue,
        time=product.time,
        made=product.made,
        spacecraft=product.spacecraft,
        model=product.model,
        version=product.version,
        identity=product.identity,
        quality=flags_of(product.quality),
        sha256=product.sha256,
        superseded_by=None if later is None else str(later),
    )


def flags_of(quality: Quality) -> tuple[Flag, ...]:
    """Flags that are set, in words."""
    return tuple(Flag(bit.name or str(bit.value), MEANINGS.get(bit, "")) for bit in quality)


def input_of(given: ProductInput, product: ArchivedProduct) -> InputCard:
    """Card of an input file, with its age at the time of the product."""
    return InputCard(
        role=given.role,
        instrument=given.instrument,
        time=given.time,
        age_hours=(product.time - given.time).total_seconds() / 3600,
        quality=flags_of(given.quality),
        filename=given.filename,
        sha256=given.sha256,
    )


def source_of(source: MapSource, index: int, sun_map: SynchronicMap) -> SourceCard:
    """Card of a row of the source table, with its share of the map."""
    made_by = source.generator
    return SourceCard(
        kind=source.kind if source.instrument != NO_INSTRUMENT else "filled",
        instrument=source.instrument,
        filename=source.name,
        time=to_datetime(source.time),
        age_hours=float((sun_map.time - source.time).to_value("hour")),
        share=float(((sun_map.source == index) * sun_map.grid.area).sum()),
        quality=flags_of(source.quality),
        model=made_by.model if made_by else None,
        version=made_by.version if made_by else None,
        trained_on=made_by.trained_on if made_by else None,
        skill=source.skill,
        overlap=source.overlap.correlation if source.overlap else None,
    )


def observers_of(sun_map: SynchronicMap) -> tuple[ObserverCard, ...]:
    """Earth and the spacecraft of a map."""
    return tuple(
        ObserverCard(
            name=name,
            longitude_deg=observer.carrington_longitude_deg(sun_map.time),
            latitude_deg=observer.latitude_deg,
            stonyhurst_deg=observer.longitude_deg,
            distance_au=observer.distance_m / ASTRONOMICAL_UNIT_M,
        )
        for name, observer in observers(sun_map).items()
    )


def grid_of(sun_map: SynchronicMap) -> GridCard:
    """Grid of the layers of a map."""
    return GridCard(sun_map.grid.columns, sun_map.grid.rows, sun_map.grid.latitude)


def region_of(
    region: ActiveRegion, earlier_flux_mx: float | None, earlier_days: float | None
) -> RegionCard:
    """Card of an active region, with its change since an earlier map."""
    change = region.unsigned_flux_mx / earlier_flux_mx if earlier_flux_mx else None
    return RegionCard(
        name=region.name,
        longitude_deg=region.longitude_deg,
        latitude_deg=region.latitude_deg,
        meridian_deg=region.meridian_deg,
        far_side=region.on_far_side,
        days_to_east_limb=region.days_to_east_limb,
        unsigned_flux_mx=region.unsigned_flux_mx,
        net_flux_mx=region.net_flux_mx,
        sigma_mx=region.sigma_mx,
        area_msh=region.area * 2e6,
        polarity_confidence=region.polarity_confidence,
        kind=region.kind,
        age_days=region.age_days,
        change=change,
        change_days=earlier_days,
    )


def series_of(index: Index, series: str, now: datetime) -> SeriesCard:
    """Card of a series of maps, with its cadence and when the next map is expected."""
    first, last, number = index.period(series)
    recent = index.find(series=series, limit=LAST_MAPS)
    cadence = _cadence([each.name.slot for each in recent])
    due = None if cadence is None else last + cadence + _delay(recent)
    return SeriesCard(
        series=series,
        maps=number,
        first=first,
        last=last,
        latest=str(recent[0].name),
        cadence_minutes=None if cadence is None else cadence.total_seconds() / 60,
        next_expected=due,
        late=due is not None and cadence is not None and now > due + cadence,
    )


def utc_now() -> datetime:
    """Time now, UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def _cadence(slots: Sequence[datetime]) -> timedelta | None:
    """Most frequent step between slots; of equally frequent ones the shortest."""
    steps = Counter(later - sooner for later, sooner in itertools.pairwise(slots))
    return min(steps, key=lambda step: (-steps[step], step)) if steps else None


def _delay(recent: Sequence[ArchivedProduct]) -> timedelta:
    """Shortest time from the slot to the production of the last maps, at most a day."""
    delays = [each.made - each.name.slot for each in recent]
    return min(max(min(delays), timedelta()), LONGEST_DELAY)
