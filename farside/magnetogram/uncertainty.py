"""The error of a generated field, pixel by pixel, from what its model's Recipe says."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from farside.disk.registration import Disk
from farside.disk.reproject import rotate, seen
from farside.errors import RecipeError
from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import Stack
from farside.model.recipe import ErrorModel, Recipe
from farside.sun.grid import Grid, Image
from farside.sun.heliographic import foreshortening
from farside.sun.observer import View

Mask = NDArray[np.bool_]

NEIGHBOURHOOD_DEG = 2.0
"""Standard deviation of the mean of |B| that is compared: how far a region moves or spreads by
itself within a rotation. A choice."""

KNOWN_SHARE = 0.25
"""Of the generated field, that the reference must have shown there. A choice."""


SKILL_MEASURE, DIFFERENCE = "correlation 8×8, full disk", "less persistence"
"""How training.score names the correlation of whole disks, and what is no correlation itself."""


def with_errors(made: Magnetogram, stack: Stack, recipe: Recipe) -> Magnetogram:
    """Tell a product what its Recipe knows of its errors: σ, their correlation length, the skill.

    A model that gives a σ of its own keeps it.
    """
    errors = recipe.errors
    generator = replace(
        made.generator,
        skill=skill(recipe),
        correlation_length_deg=errors.correlation_length_deg if errors else None,
    )
    sigma = made.sigma
    if errors and sigma is None:
        sigma = sigma_gauss(made, recipe, _reference_field(stack, recipe))
    return replace(made, generator=generator, sigma=sigma)


def skill(recipe: Recipe) -> float | None:
    """Correlation of whole disks with the truth, by the first such score of the Recipe."""
    found = (
        score.value
        for score in recipe.scores
        if score.measure.startswith(SKILL_MEASURE) and DIFFERENCE not in score.measure
    )
    return next(found, None)


def sigma_gauss(made: Magnetogram, recipe: Recipe, reference: Disk | None = None) -> Image:
    """One standard deviation of a product's error, by the error model of its Recipe.

    Parameters
    ----------
    reference
        The reference magnetogram, registered on the product's grid; without it the σ of known and
        of new fields together is given.

    Returns
    -------
    Image
        Gauss, (y, x), NaN where the product has no field.

    Raises
    ------
    RecipeError
        The Recipe has no error model.
    """
    if recipe.errors is None:
        raise RecipeError(
            f"{recipe.name} {recipe.version} has no error model: expected one that training.score "
            "measured and export.publish wrote"
        )
    view = View(made.observer, made.time)
    known = None if reference is None else known_field(made.image, reference, view)
    return look_up(recipe.errors, made.image, foreshortening(made.disk, made.observer), known)


def look_up(errors: ErrorModel, field_gauss: Image, mu: Image, known: Mask | None = None) -> Image:
    """σ of each pixel by its generated field, μ and, where it is known, what the reference saw."""
    place = _bins(mu, errors.mu_edges) * np.uint16(len(errors.field_edges_gauss))
    place += _bins(np.abs(field_gauss), errors.field_edges_gauss)
    tables = errors.either_gauss if known is None else errors.new_gauss + errors.known_gauss
    if known is not None:
        place += known * np.uint16(len(errors.mu_edges) * len(errors.field_edges_gauss))
    sigma = np.array(tables, np.float32).ravel()[place]
    return np.where(np.isfinite(field_gauss), sigma, np.float32(np.nan))


def known_field(field_gauss: Image, reference: Disk, view: View) -> Mask:
    """Where a generated field stands on one that the reference showed there before.

    The reference is rotated into view. A place is known if the reference saw it and the mean of
    its |B| over some two degrees was at least a quarter of the generated one; all else is new:
    flux that emerged since, whose polarity the model had to guess, and what the reference did not
    see. The sign is left out, or the line between two polarities would count as new.

    Parameters
    ----------
    field_gauss
        Generated, (y, x), on the reference's grid.
    reference
        Magnetogram, in its own view or rotated already.
    view
        Of the generated field.
    """
    grid = reference.grid
    degrees = _of_degrees(grid)
    origin = View(reference.origin.observer, reference.origin.time)
    strength = Disk(
        _block_strength(reference.image, degrees), degrees, reference.origin, reference.rotated_to
    )
    then = _neighbourhood(rotate(strength, view.observer, view.time).image)
    now = _neighbourhood(_block_strength(field_gauss, degrees))
    known = seen(degrees, origin, view) & (then >= KNOWN_SHARE * now)
    size = (grid.size_px, grid.size_px)
    enlarged = cv2.resize(known.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(enlarged, dtype=np.bool_)


def _reference_field(stack: Stack, recipe: Recipe) -> Disk | None:
    """The reference magnetogram that the network saw, if it saw one."""
    pairs = zip(stack.disks, recipe.channels, strict=True)
    given = (disk for disk, channel in pairs if disk and channel.role == "reference")
    return next((disk for disk in given if disk.origin.is_magnetogram), None)


def _of_degrees(grid: Grid) -> Grid:
    """The same view in blocks of about one degree: what is asked of two degrees needs no more."""
    size_px = max(1, round(grid.size_px / grid.pixels_per_degree))
    return Grid(size_px, grid.disk_radius_px * size_px / grid.size_px, grid.mask_radius)


def _block_strength(field_gauss: Image, blocks: Grid) -> Image:
    strength = np.abs(np.nan_to_num(field_gauss))
    size = (blocks.size_px, blocks.size_px)
    return np.asarray(cv2.resize(strength, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _neighbourhood(strength: Image) -> Image:
    blurred = cv2.GaussianBlur(np.nan_to_num(strength), (0, 0), NEIGHBOURHOOD_DEG)
    return np.asarray(blurred, dtype=np.float32)


def _bins(values: Image, edges: tuple[float, ...]) -> NDArray[np.uint16]:
    """Index of the last edge that is not above a value; the first is 0 and not asked."""
    # np.digitize takes five times as long.
    place = np.zeros(values.shape, np.uint16)
    for edge in edges[1:]:
        place += values >= np.float32(edge)
    return place
