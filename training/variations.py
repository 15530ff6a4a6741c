"""Samples varied as inputs vary in service: images missing, EUV of another contrast or optics."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from farside.magnetogram.encoding import scale, unscale
from farside.model.recipe import MedianLog, Recipe, Role
from farside.sun.grid import Grid, Image

Range = tuple[float, float]

Change = Callable[[Image], None]
"""Changes the images of a sample, (channel, y, x) in network units, in place."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class LeftOut(_Part):
    """Probabilities with which optional channels of a sample are left out."""

    reference: float = Field(default=0.0, ge=0, le=1, description="All of the reference.")
    reference_euv: float = Field(
        default=0.0, ge=0, le=1, description="The EUV of the reference: its magnetogram is alone."
    )
    band: float = Field(
        default=0.0, ge=0, le=1, description="One EUV band of the observation, where it has more."
    )


class Randomised(_Part):
    """Ranges from which what is uncertain in EUV is drawn, for each band of each sample."""

    contrast: Range = Field(default=(1.0, 1.0), description="Exponent of I / median.")
    blur_px: Range = Field(default=(0.0, 0.0), description="Deviation of a Gaussian PSF.")
    stray_light: Range = Field(default=(0.0, 0.0), description="Share of light spread evenly.")
    limb: Range = Field(default=(0.0, 0.0), description="Gain at the limb, less 1, as 1 - μ.")
    shift_px: float = Field(default=0.0, ge=0, description="Greatest error of the pointing.")
    noise: Range = Field(
        default=(0.0, 0.0), description="Deviation at the median; it goes as the square root."
    )
    blocks: float = Field(default=0.0, ge=0, le=1, description="Chance of a missing block.")


NOTHING_LEFT_OUT, NOTHING_RANDOM = LeftOut(), Randomised()

BLOCK_SHARE = (0.03, 0.15)
"""Side of a missing block, of the grid. A choice."""


def vary(
    images: Image,
    recipe: Recipe,
    left_out: LeftOut,
    randomised: Randomised,
    rng: np.random.Generator,
) -> None:
    """Vary the images of one sample in place.

    Parameters
    ----------
    images
        (channel, y, x) in network units, as :func:`farside.magnetogram.encoding.scale_images`
        leaves them: an image that is left out becomes NaN.
    """
    if randomised != NOTHING_RANDOM:
        for plane, channel in zip(images, recipe.channels, strict=False):
            if isinstance(channel.scaling, MedianLog) and np.isfinite(plane).any():
                _randomise_plane(plane, channel.scaling, recipe.disk, randomised, rng)
    if left_out != NOTHING_LEFT_OUT:
        images[sorted(_chosen(recipe, left_out, rng))] = np.nan


def without_reference(images: Image, recipe: Recipe) -> None:
    """Leave out the reference of a sample, in place."""
    images[_optional(recipe, "reference")] = np.nan


def _chosen(recipe: Recipe, left_out: LeftOut, rng: np.random.Generator) -> set[int]:
    """Channels that one sample goes without."""
    whole, euv, band = rng.random(3) < (left_out.reference, left_out.reference_euv, left_out.band)
    referred, observed = _optional(recipe, "reference"), _optional(recipe, "observation")
    chosen: set[int] = set()
    if whole or euv:
        chosen |= {index for index in referred if whole or not recipe.channels[index].is_field}
    if band and observed and len(recipe.channels_of("observation")) > 1:
        chosen.add(int(rng.choice(observed)))
    return chosen


def _optional(recipe: Recipe, role: Role) -> list[int]:
    return [index for index in recipe.optional if recipe.channels[index].role == role]


def _randomise_plane(
    plane: Image, scaling: MedianLog, grid: Grid, ranges: Randomised, rng: np.random.Generator
) -> None:
    inside = np.isfinite(plane) & grid.on_disk()
    medians = np.where(inside, unscale(np.nan_to_num(plane), scaling), np.float32(0))
    changed = randomise(medians, inside, grid, ranges, rng)
    off_disk = plane[~inside].copy()
    scale(changed, inside, scaling, plane)
    plane[~inside] = off_disk


def randomise(
    medians: Image,
    inside: NDArray[np.bool_],
    grid: Grid,
    ranges: Randomised,
    rng: np.random.Generator,
) -> Image:
    """Draw another telescope and another corona for one EUV image.

    Parameters
    ----------
    medians
        Brightness in medians of the disk, (y, x), 0 outside of `inside`.

    Returns
    -------
    Image
        Brightness, (y, x); its median is not 1 any more.
    """
    radius = np.minimum(grid.radius_px() / np.float32(grid.disk_radius_px), 1)
    mu = np.sqrt(1 - radius**2)
    image = np.where(inside, np.maximum(medians, 1e-3) ** rng.uniform(*ranges.contrast), 0)
    image = image * (1 + rng.uniform(*ranges.limb) * (1 - mu))
    image = _blurred(image, inside, rng.uniform(*ranges.blur_px))
    image = _shifted(image, inside, rng.uniform(-ranges.shift_px, ranges.shift_px, 2))
    stray = rng.uniform(*ranges.stray_light)
    image = (1 - stray) * image + stray * image[inside].mean()
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    image = image + rng.uniform(*ranges.noise) * np.sqrt(np.maximum(image, 0)) * noise
    if rng.random() < ranges.blocks:
        side = int(rng.uniform(*BLOCK_SHARE) * grid.size_px)
        y, x = rng.integers(0, grid.size_px - side, 2)
        image[y : y + side, x : x + side] = np.median(image[inside])
    changed: Image = np.where(inside, image, 0).astype(np.float32)
    return changed


def _blurred(image: Image, inside: NDArray[np.bool_], sigma_px: float) -> Image:
    """Blur what is inside; nothing comes from outside."""
    if sigma_px <= 0:
        return image
    weight = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), sigma_px)
    light = cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigma_px)
    return np.where(inside, light / np.maximum(weight, 1e-3), np.float32(0))


def _shifted(image: Image, inside: NDArray[np.bool_], shift_px: NDArray[np.float64]) -> Image:
    """Move an image; what comes from outside keeps its old value."""
    if not shift_px.any():
        return image
    move = np.array([[1, 0, shift_px[0]], [0, 1, shift_px[1]]], np.float32)
    size = image.shape[1], image.shape[0]
    both = np.dstack([image, inside]).astype(np.float32)
    moved = cv2.warpAffine(both, move, size, flags=cv2.INTER_LINEAR)
    return np.where(moved[..., 1] > 0.999, moved[..., 0], image).astype(np.float32)
