"""Names and paths of archived products."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from farside.model.recipe import Recipe

_NAME = re.compile(r"([a-z0-9_]+)_(\d{8}T\d{6})_i([1-9]\d{0,8})\.fits")
_SLOT = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, order=True)
class Name:
    """Name of one issue of a product.

    Attributes
    ----------
    series
        Model, version and spacecraft, as in ``"aisfm_v3_stereo_a"``.
    slot
        Nominal time, UTC: a multiple of the archive's cadence.
    issue
        Number from 1, raised each time the product is remade from better files.
    """

    series: str
    slot: datetime
    issue: int

    @property
    def path(self) -> Path:
        """Path in the archive: ``2026/02/14/aisfm_v3_stereo_a_20260214T000000_i1.fits``."""
        return Path(f"{self.slot:%Y/%m/%d}") / f"{self}.fits"

    def __str__(self) -> str:
        return f"{self.series}_{self.slot.strftime(_SLOT)}_i{self.issue}"

    @classmethod
    def of_path(cls, path: Path) -> Name | None:
        """Parse a path in the archive; None if it is not the path of a product."""
        match = _NAME.fullmatch(path.name)
        if match is None:
            return None
        try:
            slot = datetime.strptime(match[2], _SLOT).replace(tzinfo=UTC)
        except ValueError:
            return None
        name = cls(match[1], slot, int(match[3]))
        return name if PurePosixPath(name.path) == PurePosixPath(path) else None


def disk_series(recipe: Recipe, spacecraft: str) -> str:
    """Series of a model's magnetograms for one spacecraft."""
    return f"{_versioned(recipe)}_{_plain(spacecraft)}"


def map_series(recipe: Recipe) -> str:
    """Series of the synchronic maps that contain a model's magnetograms."""
    return f"{_versioned(recipe)}_synchronic"


def _versioned(recipe: Recipe) -> str:
    return f"{_plain(recipe.name)}_v{recipe.version}"


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower())
