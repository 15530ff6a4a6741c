"""Manifest of an exported artefact: source weights, versions and parity with torch."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from export.build import Format, Precision, Target

FILE_NAME = "manifest.json"


class Manifest(BaseModel):
    """Content of ``<version>/manifest.json`` of an exported model."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schema_version: Literal[1] = 1
    model: str
    version: str
    identity: str = Field(description="sha256 of the source's tensors in sorted key order.")
    format: Format
    precision: Precision
    target: Target
    max_batch: int
    opset: int | None = Field(description="ONNX opset of the artefact or its source, if any.")
    libraries: dict[str, str] = Field(
        description="Versions of the libraries that wrote and ran the artefact."
    )
    file: str
    sha256: str = Field(description="sha256 of the file.")
    inputs: str = Field(description="Inputs of the parity check.")
    shape: tuple[int, int, int, int] = Field(description="Shape of the inputs, (n, channel, y, x).")
    device: str = Field(
        description="Device on which the artefact ran; torch ran on the CPU in float32."
    )
    gate: float = Field(description="Maximum relative L2 allowed.")
    relative_l2: float = Field(description="‖artefact - torch‖ / ‖torch‖.")
    max_delta_over_span: float = Field(description="max |artefact - torch| / span of torch.")

    def write(self, path: Path) -> None:
        """Write the manifest as indented JSON."""
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest."""
        return cls.model_validate_json(path.read_bytes())


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions(*packages: str) -> dict[str, str]:
    """Versions of those of `packages` that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
