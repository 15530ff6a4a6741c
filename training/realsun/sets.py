"""Sets of the real Sun: AIA images and HMI magnetogram of one time, one folder each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from farside.disk.registration import register
from farside.io.fits import number, open_cards, text, unpack
from farside.model.recipe import Recipe
from farside.observation.image import Origin, read
from farside.sun.observer import View
from training.realsun.measures import GRID, STRONG_GAUSS, Truth

TRUTH_FILE = "hmi.fits"

COARSEST_LEVEL_GAUSS = STRONG_GAUSS / 3
"""Coarsest step (LEVELG) of a truth in the mean: coarser ones show strong fields only."""


@dataclass(frozen=True, eq=False)
class RealSet:
    """Set of real images of one time.

    Attributes
    ----------
    truth
        HMI's magnetogram on the grid of the scores.
    magnetogram
        Its file.
    images
        AIA files, and their origins.
    level_gauss
        Step of the truth's values at zero field; 0 if the header has none.
    source, licence
        Source and licence of the files.
    """

    truth: Truth
    magnetogram: Path
    images: tuple[tuple[Path, Origin], ...]
    level_gauss: float
    source: str
    licence: str

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.truth.name

    @property
    def counts(self) -> bool:
        """Whether the set is included in the mean."""
        return self.level_gauss <= COARSEST_LEVEL_GAUSS

    @property
    def may_be_published(self) -> bool:
        """Whether the licence in its header allows redistribution of pictures."""
        return may_be_published(self.licence)

    def files_for(self, recipe: Recipe) -> list[Path] | None:
        """Images of a model's observation channels; None if it needs one that is missing."""
        return files_for(recipe, self.images)

    def image_of(self, band: str) -> Path | None:
        """AIA image of a band; None if the set lacks it."""
        return next((path for path, origin in self.images if origin.band == band), None)


def files_for(recipe: Recipe, images: Sequence[tuple[Path, Origin]]) -> list[Path] | None:
    """Choose images for a model's observation channels; None if it needs one that is missing."""
    chosen: list[Path] = []
    for channel in recipe.channels_of("observation"):
        fitting = [
            path
            for path, origin in images
            if channel.takes("observation", origin.instrument, origin.band)
        ]
        if not fitting and not channel.optional:
            return None
        chosen += fitting[:1]
    return chosen or None


def read_sets(folder: Path) -> list[RealSet]:
    """Read all sets of a folder, those in the mean first, then by date.

    Raises
    ------
    FileNotFoundError
        The folder does not exist, or has no set.
    InputError
        A file is not an image of AIA or HMI.
    """
    folders = sorted(path.parent for path in folder.glob(f"*/{TRUTH_FILE}"))
    if not folders:
        raise FileNotFoundError(
            f"no sets of the real Sun: got {folder}, expected a folder with aia_*.fits and "
            f"{TRUTH_FILE} in one folder per set"
        )
    found = map(read_set, folders)
    return sorted(found, key=lambda each: (not each.counts, each.truth.view.time.isot))


def read_set(folder: Path) -> RealSet:
    """Read one set: AIA images and the magnetogram."""
    path = folder / TRUTH_FILE
    observed = read(path)
    cards = open_cards(unpack(path.read_bytes()))
    clip = number(cards, "CLIPG")
    truth = Truth(
        name=folder.name,
        image=register(observed, GRID).image,
        grid=GRID,
        view=View(observed.origin.observer, observed.origin.time),
        **({} if clip is None else {"clip_gauss": clip}),
    )
    return RealSet(
        truth=truth,
        magnetogram=path,
        images=tuple((each, read(each).origin) for each in sorted(folder.glob("aia_*.fits"))),
        level_gauss=number(cards, "LEVELG") or 0.0,
        source=text(cards, "PACKSRC"),
        licence=text(cards, "PACKLIC"),
    )


def may_be_published(licence: str) -> bool:
    """Whether a licence (card PACKLIC) allows redistribution of pictures."""
    return licence in ("Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause")
