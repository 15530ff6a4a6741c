"""Files as archives deliver them, made of the few of one simulated scene, and a maker in a line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from threading import Event

import numpy as np
from astropy.io import fits
from astropy.time import Time

from farside.archive.entry import ArchivedProduct
from farside.archive.inbox import scan
from farside.archive.index import reading
from farside.archive.producer import LocalProducer, Producer
from farside.archive.schedule import Plan, Round
from farside.archive.store import open_archive
from farside.magnetogram.magnetogram import Magnetogram, ModelProvenance
from farside.model.engine import Model, Tensor
from farside.observation.image import read
from farside.quality import Quality
from farside.simulation import SimulatedSet
from farside.sun.grid import Grid
from farside.sun.observer import Observer
from tests.support.moved_files import moved, with_cards
from tests.support.tiny_recipe import recipe

SUMMED = 16
"""Pixels of the camera in one of a small EUVI file."""


class LastPlane:
    """An engine that answers with the reference magnetogram; its identity is its weights' name."""

    name = "fake"
    precision = "float32"
    batch = 1

    def __init__(self, version: str = "1", identity: str = "ab") -> None:
        self._model = Model(recipe(version=version), identity * 32)

    def models(self) -> dict[str, Model]:
        return {"tiny": self._model}

    def ready(self) -> bool:
        return True

    def buffer(self, model: str, batch: int = 1) -> Tensor:
        size = self.models()[model].recipe.side_px
        return np.empty((batch, 7, size, size), np.float32)

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        assert model == "tiny"
        return tensor[:, -1:]

    def close(self) -> None:
        pass


PRODUCER: Producer = LocalProducer(LastPlane(), "tiny")


@dataclass(frozen=True)
class Inbox:
    """A drop folder, and the archive that it becomes."""

    folder: Path
    archive: Path

    def put(self, path: Path, name: str | None = None, content: bytes | None = None) -> Path:
        """Let a file arrive."""
        target = self.folder / (name or path.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes() if content is None else content)
        return target

    def put_all(self, scene: SimulatedSet) -> None:
        for path in (*scene.observations, *scene.references):
            self.put(path)

    def put_science(self, path: Path) -> Path:
        """Let the science file of a beacon file arrive."""
        return self.put(path, path.name.replace("n7eu", "n4eu"), science(path))

    def look(
        self,
        producer: Producer = PRODUCER,
        plan: Plan | None = None,
        settle_s: float = 0.0,
        stop: Event | None = None,
    ) -> int:
        """One round of a watch."""
        return look(self.folder, self.archive, producer, plan or Plan(), settle_s, stop or Event())

    def read(self) -> None:
        """Read what has arrived, and make nothing."""
        with open_archive(self.archive) as writable:
            scan([self.folder], writable.index, 0.0, self.archive, Event())

    def products(self, *, superseded: bool = False) -> list[ArchivedProduct]:
        with reading(self.archive) as index:
            return index.products(superseded=superseded)

    def names(self, *, superseded: bool = False) -> list[str]:
        return [str(product.name) for product in self.products(superseded=superseded)]

    def files(self) -> set[str]:
        """Every product, finished or not, that lies in the archive."""
        return {path.name for path in self.archive.glob("*/*/*/*")}


def look(
    folder: Path, archive: Path, producer: Producer, plan: Plan, settle_s: float, stop: Event
) -> int:
    with open_archive(archive) as writable:
        arrivals = scan([folder], writable.index, settle_s, archive, stop)
        return Round(writable, producer, producer.model(), plan, stop).run(arrivals)


def science(path: Path) -> bytes:
    """A beacon file of EUVI as the science file of the same exposure, averaged and not summed."""
    with fits.open(path) as hdus:
        header, image = hdus[0].header, np.rint(hdus[0].data / SUMMED).astype(np.int32)
    header.update(FILENAME=path.name.replace("n7eu", "n4eu"), SPWX=False, IPSUM=1.0)
    file = BytesIO()
    fits.PrimaryHDU(image, header).writeto(file)
    return file.getvalue()


def near_real_time(path: Path) -> bytes:
    """A definitive file of AIA or HMI as the one that was there within minutes."""
    bit = 0x400 if "hmi" in path.name else 0x40000000
    return with_cards(path.read_bytes(), QUALITY=f"{bit:>20}")


def of_the_day(scene: SimulatedSet) -> bytes:
    """A magnetogram of HMI from the time of the observations."""
    reference = scene.references[-1]
    lag = read(scene.observations[0]).origin.time - read(reference).origin.time
    return moved(reference, timedelta(days=float(lag.to_value("day"))))


def magnetogram(
    time: str = "2026-02-14T00:00:00.000",
    spacecraft: str = "STEREO_A",
    quality: Quality = Quality.GOOD,
    content: float = 1.0,
) -> bytes:
    """A product without a network: zero but for a pixel that tells it from others."""
    grid = Grid(64, 28.0)
    image = np.where(grid.on_disk(), np.float32(0), np.float32(np.nan))
    image[32, 32] = content
    return Magnetogram(
        image=image,
        grid=grid,
        time=Time(time, scale="utc"),
        observer=Observer(120.0, -5.0, 1.45e11),
        spacecraft=spacecraft,
        quality=quality,
        generator=ModelProvenance("tiny", "1", "ab" * 32, "NONE", "torch", "float32"),
        inputs=(),
    ).to_bytes()
