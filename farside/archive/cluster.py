"""Product backend that generates magnetograms on a Dask cluster; maps are made here, in order.

Workers need Farside, and the same paths of input files and models. A task only reads files and
returns bytes, so it may run twice or be lost; the archive is written by the calling process alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
from astropy.time import Time

from farside.archive.schedule import Files
from farside.model.engine import Engine, Model
from farside.model.models import Models
from farside.pipeline import generate, map_sun
from farside.synchronic import fits as synchronic_fits

if TYPE_CHECKING:
    from distributed import Client, Future


@dataclass(frozen=True)
class ClusterProducer:
    """Backend with the engines in the workers of a cluster.

    Attributes
    ----------
    client
        Connection to the scheduler.
    repository, name
        Folder of models, as this process and the workers see it, and the model.
    """

    client: Client
    repository: Path
    name: str
    _begun: dict[Files, Future[bytes]] = field(default_factory=dict)

    def model(self) -> Model:
        """Model in the folder."""
        return Models(self.repository, (self.name,))[self.name]

    def announce(self, sets: Sequence[Files]) -> None:
        """Begin magnetograms that will be asked for, in this order."""
        for files in sets:
            # Impure: the files of a path may change from one call to the next.
            self._begun[files] = self.client.submit(
                generate_bytes, *files, self.name, self.repository, pure=False
            )

    def magnetogram(self, observations: Sequence[Path], references: Sequence[Path]) -> bytes:
        """Result of an announced magnetogram; one that was not announced is made now."""
        files = tuple(observations), tuple(references)
        if files not in self._begun:
            self.announce([files])
        return self._begun.pop(files).result()

    def synchronic_map(
        self, observed: Sequence[Path], generated: Sequence[Path], base: Path | None, time: Time
    ) -> bytes:
        """Merge disks and a base map into a synchronic map as a FITS file."""
        return synchronic_fits.to_bytes(map_sun(observed, generated, base, time))


def generate_bytes(
    observations: Sequence[Path], references: Sequence[Path], name: str, repository: Path
) -> bytes:
    """Generate a magnetogram as a FITS file: the task of a worker."""
    from distributed import get_worker

    engine = _engine(repository, name, get_worker().state.nthreads)
    return generate(observations, references, name, engine).to_bytes()


@lru_cache(maxsize=2)
def _engine(repository: Path, name: str, threads: int) -> Engine:
    """Engine of a worker, which stays loaded: of no more threads than the worker was given."""
    cv2.setNumThreads(threads)
    return Models(repository, (name,), threads).engine(name)
