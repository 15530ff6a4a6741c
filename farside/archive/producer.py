"""Product backends: an engine in this process, or a remote service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from astropy.time import Time

from farside.client import Client
from farside.errors import UnknownModelError
from farside.model.engine import Engine, Model, find_model
from farside.pipeline import generate, map_sun
from farside.synchronic import fits as synchronic_fits


class Producer(Protocol):
    """Backend that makes products: input files in, FITS bytes out."""

    def model(self) -> Model:
        """Model that the backend runs at present.

        Raises
        ------
        FarsideError
            If there is no such model, or the backend does not answer.
        """
        ...

    def magnetogram(self, observations: Sequence[Path], references: Sequence[Path]) -> bytes:
        """Generate a far-side magnetogram as a FITS file."""
        ...

    def synchronic_map(
        self, observed: Sequence[Path], generated: Sequence[Path], base: Path | None, time: Time
    ) -> bytes:
        """Merge disks and a base map into a synchronic map as a FITS file."""
        ...


@dataclass(frozen=True)
class LocalProducer:
    """Backend with the engine in this process."""

    engine: Engine
    name: str

    def model(self) -> Model:
        """Model that the engine has loaded."""
        return find_model(self.engine, self.name)

    def magnetogram(self, observations: Sequence[Path], references: Sequence[Path]) -> bytes:
        """Generate a far-side magnetogram as a FITS file."""
        return generate(observations, references, self.name, self.engine).to_bytes()

    def synchronic_map(
        self, observed: Sequence[Path], generated: Sequence[Path], base: Path | None, time: Time
    ) -> bytes:
        """Merge disks and a base map into a synchronic map as a FITS file."""
        return synchronic_fits.to_bytes(map_sun(observed, generated, base, time))


@dataclass(frozen=True)
class ServiceProducer:
    """Backend that calls a Farside service; without a name, its only model is used."""

    client: Client
    name: str | None = None

    def model(self) -> Model:
        """Model that the service has loaded now; it may change while `watch` runs."""
        models = self.client.models()
        name = self.name or (next(iter(models)) if len(models) == 1 else "")
        if name not in models:
            raise UnknownModelError(
                f"no model {name!r} at {self.client.url}: got {', '.join(sorted(models))}, "
                "--model with one of them is expected"
            )
        return models[name]

    def magnetogram(self, observations: Sequence[Path], references: Sequence[Path]) -> bytes:
        """Generate a far-side magnetogram as a FITS file."""
        return self.client.generate_bytes(observations, references, self.name)

    def synchronic_map(
        self, observed: Sequence[Path], generated: Sequence[Path], base: Path | None, time: Time
    ) -> bytes:
        """Merge disks and a base map into a synchronic map as a FITS file."""
        return self.client.synchronic(observed, generated, base, time=time).content
