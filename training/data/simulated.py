"""Simulated suns → a store of registered disks and pairs, resumable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import accumulate, combinations, groupby
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from astropy.time import Time
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.progress import Progress

import farside.simulation
from farside.disk.registration import Disk
from farside.io.atomic import atomic_path
from farside.simulation.grid import COARSE, FINE, Lattice
from farside.simulation.instruments.registered import render_view
from farside.simulation.scene import stereo
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.angles import wrap_deg
from farside.sun.grid import Grid, Image
from farside.sun.observer import Observer, earth
from farside.sun.reference_epoch import SYNODIC_PERIOD_DAYS
from training.data.campaign import STREAM, Campaign, Epoch, SurfaceView
from training.data.journal import StoreError
from training.data.pairing import CHANNELS, FAR_CHANNELS, Pair
from training.data.store import (
    SUMMARY,
    Float16Array,
    SetRecord,
    Source,
    Writer,
    to_float16,
    write_disks,
)
from training.data.workers import process_map

EPOCHS = "epochs"
"""Subfolder of a store with one file for each finished epoch."""

COARSE_PIXEL_DEG = 0.3
"""Pixel size at disk centre from which on the coarse lattice suffices."""

RenderFunction = Callable[
    [Surface, Observer, Literal["EUVI", "SDO"], Grid, np.random.Generator],
    Image,
]


class SurfaceSource(Protocol):
    """Protocol of a simulated Sun."""

    def at(self, time: Time, lattice: Lattice) -> Surface:
        """Surface at `time`."""


class SunFactory(Protocol):
    """Protocol of a factory of simulated suns."""

    def __call__(self, seed: int, /, *, variety: float) -> SurfaceSource:
        """Make the Sun of a seed; `variety` is the spread of its EUV responses."""


@dataclass(frozen=True)
class Renderer:
    """Source of suns and of their images, passed to the rendering processes.

    Attributes
    ----------
    sun
        Factory: seed and variety → Sun.
    see
        Renderer, as :func:`farside.simulation.instruments.registered.render_view`.
    version
        Version of both; one store never mixes versions.
    """

    sun: SunFactory
    render_view: RenderFunction
    version: int


SIMULATED = Renderer(SimulatedSun, render_view, getattr(farside.simulation, "VERSION", 0))


class Rendered(BaseModel):
    """Metadata of a rendered epoch; its pairs count its sets from 0."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sets: tuple[SetRecord, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class SimulationSummary:
    """Contents of a store of simulated suns.

    Attributes
    ----------
    suns, epochs, sets
        Numbers of suns, epochs and sets.
    pairs
        Pairs of both splits.
    """

    suns: int
    epochs: int
    sets: int
    pairs: tuple[Pair, ...]

    def __str__(self) -> str:
        test = sum(pair.test for pair in self.pairs)
        return (
            f"suns: {self.suns}; epochs: {self.epochs}; sets: {self.sets};"
            f" pairs: {len(self.pairs) - test} for training, {test} for testing"
        )


def simulate(
    store: Path, campaign: Campaign, processes: int = 0, renderer: Renderer = SIMULATED
) -> SimulationSummary:
    """Render the suns of `campaign` into a store.

    Epochs in the store are not rendered again: an interrupted run resumes, and the result does not
    depend on interruptions or on the number of processes. One run at a time may write a store.

    Parameters
    ----------
    store
        New or unfinished store.
    campaign
        Viewing schedule.
    processes
        Number of rendering processes. With 0 the calling process renders; its several threads of
        linear algebra may round differently from the one thread of a rendering process.
    renderer
        Source of suns and of their images.

    Raises
    ------
    StoreError
        `store` is something else, damaged, or a store of another campaign, grid or version of the
        simulated Sun.
    DamagedImageError
        An image has values that float16 cannot hold.
    """
    if processes < 0:
        raise ValueError(f"processes: got {processes}, expected 0 or more")
    works = _works(campaign.schedule())
    writer = Writer(store, campaign.grid, _source(campaign, renderer))
    (store / EPOCHS).mkdir(exist_ok=True)
    writer.ensure_rows(len(CHANNELS) * sum(len(work.epoch.views) for work in works))
    todo = _by_sun(work for work in works if _rendered(store, work.epoch) is None)
    render = partial(_render_sun, store=store, campaign=campaign, renderer=renderer)
    with Progress() as bar, process_map(render, todo, processes) as counts:
        task = bar.add_task("simulating", total=sum(map(len, todo)))
        for count in counts:
            bar.advance(task, count)
    return _finish(store, writer, works, campaign)


@dataclass(frozen=True)
class _Work:
    """Epoch to render, and the index of its first set in the store."""

    epoch: Epoch
    first_set: int


def _works(epochs: Sequence[Epoch]) -> tuple[_Work, ...]:
    firsts = accumulate((len(epoch.views) for epoch in epochs), initial=0)
    return tuple(_Work(epoch, first) for epoch, first in zip(epochs, firsts, strict=False))


def _by_sun(works: Iterable[_Work]) -> list[tuple[_Work, ...]]:
    """Group epochs by Sun: making a Sun takes seconds, so one process renders all its epochs."""
    return [tuple(each) for _, each in groupby(works, key=lambda work: work.epoch.seed)]


def _source(campaign: Campaign, renderer: Renderer) -> Source:
    plan = {key: value for key, value in asdict(campaign).items() if key != "grid"}
    return {"command": "simulate", "simulation": renderer.version, **plan}


def _rendered(store: Path, epoch: Epoch) -> Rendered | None:
    """Metadata of an epoch in the store; None if it is not rendered yet."""
    path = store / EPOCHS / f"{epoch.name}.json"
    if not path.exists():
        return None
    try:
        return Rendered.model_validate_json(path.read_bytes())
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        raise StoreError(f"{path}: expected the metadata of an epoch: {message}") from error


def _render_sun(works: Sequence[_Work], store: Path, campaign: Campaign, renderer: Renderer) -> int:
    sun = renderer.sun(works[0].epoch.seed, variety=campaign.variety)
    for work in works:
        _render_epoch(work, store, campaign, sun, renderer.render_view)
    return len(works)


def _render_epoch(
    work: _Work, store: Path, campaign: Campaign, sun: SurfaceSource, render_view: RenderFunction
) -> None:
    """Write the disks, then the epoch's file; an epoch without a file is written again."""
    epoch, sets = work.epoch, list[SetRecord]()
    for view, surface in _surfaces(epoch, sun, lattice_for(campaign.grid)):
        rng = np.random.default_rng([epoch.seed, STREAM, epoch.number, len(sets)])
        record, disks = _seen(surface, epoch, view, campaign.grid, render_view, rng)
        write_disks(store, len(CHANNELS) * (work.first_set + len(sets)), disks)
        sets.append(record)
    rendered = Rendered(sets=tuple(sets), pairs=_pairs(epoch, sets, campaign))
    with atomic_path(store / EPOCHS / f"{epoch.name}.json") as path:
        path.write_text(rendered.model_dump_json(), encoding="utf-8")


def _surfaces(
    epoch: Epoch, sun: SurfaceSource, lattice: Lattice
) -> Iterator[tuple[SurfaceView, Surface]]:
    """Yield each view with its surface; a surface is made once."""
    for number, views in groupby(epoch.views, key=lambda view: view.surface):
        surface = sun.at(epoch.time(number), lattice)
        yield from ((view, surface) for view in views)


def lattice_for(grid: Grid) -> Lattice:
    """Coarsest lattice that resolves the pixels of `grid`."""
    return COARSE if np.degrees(1 / grid.disk_radius_px) >= COARSE_PIXEL_DEG else FINE


def _seen(
    surface: Surface,
    epoch: Epoch,
    view: SurfaceView,
    grid: Grid,
    render_view: RenderFunction,
    rng: np.random.Generator,
) -> tuple[SetRecord, list[Float16Array]]:
    time = epoch.time(view.surface)
    if view.reference is None:
        observer, channels = earth(time), CHANNELS
        planes = render_view(surface, observer, "SDO", grid, rng)
    else:
        # Eq. 5, solved for the longitude.
        longitude_deg = 360 * epoch.age_days(view.surface, view.reference) / SYNODIC_PERIOD_DAYS
        observer, channels = stereo(time, longitude_deg + view.offset_deg), FAR_CHANNELS
        planes = render_view(surface, observer, "EUVI", grid, rng)
    record = SetRecord(
        channels=channels,
        time=time.isot,
        longitude_deg=observer.longitude_deg,
        latitude_deg=observer.latitude_deg,
        distance_m=observer.distance_m,
        files=("",) * len(channels),
        sha256=("",) * len(channels),
        times=(time.isot,) * len(channels),
        quality=(0,) * len(channels),
        seed=epoch.seed,
    )
    disks = zip(planes, record.origins(), strict=True)
    return record, [to_float16(Disk(plane, grid, origin)) for plane, origin in disks]


def _pairs(epoch: Epoch, sets: Sequence[SetRecord], campaign: Campaign) -> tuple[Pair, ...]:
    centre_deg = [_carrington_deg(record) for record in sets]
    seen_by_sdo = {k.surface: n for n, k in enumerate(epoch.views) if k.reference is None}
    wanted = [
        (target, seen_by_sdo[view.reference], epoch.age_days(view.surface, view.reference))
        for target, view in enumerate(epoch.views)
        if view.reference is not None
    ]
    if campaign.sdo_too:
        wanted += [
            (seen_by_sdo[late], seen_by_sdo[early], epoch.age_days(late, early))
            for early, late in combinations(sorted(seen_by_sdo), 2)
        ]
    return tuple(
        Pair(
            target=target,
            reference=reference,
            age_days=age_days,
            shift_deg=wrap_deg(centre_deg[reference] - centre_deg[target]),
            test=campaign.test,
        )
        for target, reference, age_days in wanted
    )


def _carrington_deg(record: SetRecord) -> float:
    field = record.origins()[-1]
    return field.observer.carrington_longitude_deg(field.time)


def _finish(
    store: Path, writer: Writer, works: Sequence[_Work], campaign: Campaign
) -> SimulationSummary:
    sets: list[SetRecord] = []
    pairs: list[Pair] = []
    for work in works:
        rendered = _rendered(store, work.epoch)
        if rendered is None or len(rendered.sets) != len(work.epoch.views):
            raise StoreError(f"{store}: epoch {work.epoch.name} is missing or of another campaign")
        sets += rendered.sets
        pairs += (_counted_from(pair, work.first_set) for pair in rendered.pairs)
    census = SimulationSummary(campaign.seeds, len(works), len(sets), tuple(pairs))
    (store / SUMMARY).write_text(f"{census}\n", encoding="utf-8")
    images = np.arange(len(CHANNELS) * len(sets)).reshape(-1, len(CHANNELS))
    writer.finish(images.tolist(), sets, pairs, (), asdict(campaign))
    return census


def _counted_from(pair: Pair, first_set: int) -> Pair:
    return replace(pair, target=pair.target + first_set, reference=pair.reference + first_set)
