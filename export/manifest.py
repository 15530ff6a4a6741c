"""What stands beside an artefact: of which weights it is, what made it, how near to torch it is."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from export.build import Format, Precision, Target

FILE_NAME = "manifest.json"


class Manifest(BaseModel):
    """``<version>/manifest.json`` of an exported model."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schema_version: Literal[1] = 1
    model: str
    version: str
    identity: str = Field(description="sha256 of the source's tensors in sorted key order.")
    format: Format
    precision: Precision
    target: Target
    max_batch: int
    opset: int | None = Field(description="Of the ONNX that was written, or built from.")
    libraries: dict[str, str] = Field(description="Versions of what wrote and ran the artefact.")
    file: str
    sha256: str = Field(description="Of the file.")
    inputs: str = Field(description="What the artefact and torch were given.")
    shape: tuple[int, int, int, int] = Field(description="Of that, (n, channel, y, x).")
    device: str = Field(description="Where the artefact ran; torch ran on the CPU in float32.")
    gate: float = Field(description="Greatest relative L2 allowed.")
    relative_l2: float = Field(description="‖artefact - torch‖ / ‖torch‖.")
    max_delta_over_span: float = Field(description="max |artefact - torch| / span of torch.")

    def write(self, path: Path) -> None:
        """Write the manifest as JSON for people."""
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest."""
        return cls.model_validate_json(path.read_bytes())


def sha256_of(path: Path) -> str:
    """Hash a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions(*packages: str) -> dict[str, str]:
    """Versions of the installed ones among `packages`."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
