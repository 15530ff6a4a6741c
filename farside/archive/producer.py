"""Who makes the products: this process, or a service."""

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
from farside.synchronic import fits as native


class Maker(Protocol):
    """Files in, the bytes of a product out."""

    def model(self) -> Model:
        """What generates, as it is now.

        Raises
        ------
        FarsideError
            There is no such model, or nobody to ask.
        """
        ...

    def magnetogram(self, observations: Sequence[Path], references: Sequence[Path]) -> bytes:
        """Make a far-side magnetogram."""
        ...

    def chart(
        self, observed: Sequence[Path], generated: Sequence[Path], base: Path | None, time: Time
    ) -> bytes:
        """Make a synchronic map."""
        ...


@dataclass(frozen=True)
class Here:
    """An engine in this process."""

    engine: Engine
    name: str

    def model(self) -> Model:
        """What the engine has loaded."""
        return find_model(self.engine, self.name)

    def magnetogram(self, observations: Sequence[Path], references: Sequence[Path]) -> bytes:
        """Make a far-side magnetogram."""
        return generate(observations, references, self.name, self.engine).to_bytes()

    def chart(
        self, observed: Sequence[Path], generated: Sequence[Path], base: Path | None, time: Time
    ) -> bytes:
        """Make a synchronic map."""
        return native.to_bytes(map_sun(observed, generated, base, time))


@dataclass(frozen=True)
class There:
    """A service; without a name, its only model."""

    client: Client
    name: str | None = None

    def model(self) -> Model:
        """Ask the service: it may have been given another since."""
        models = self.client.models()
        name = self.name or (next(iter(models)) if len(models) == 1 else "")
        if name not in models:
            raise UnknownModelError(
                f"no model {name!r} at {self.client.url}: got {', '.join(sorted(models))}, "
                "--model with one of them is expected"
            )
        return models[name]

    def magnetogram(self, observations: Sequence[Path], references: Sequence[Path]) -> bytes:
        """Make a far-side magnetogram."""
        return self.client.generate_bytes(observations, references, self.name)

    def chart(
        self, observed: Sequence[Path], generated: Sequence[Path], base: Path | None, time: Time
    ) -> bytes:
        """Make a synchronic map."""
        return self.client.synchronic(observed, generated, base, time=time).content
