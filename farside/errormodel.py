"""The error of a generated field, pixel by pixel, from what its model's Recipe says."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from farside.binning import pixels_per_degree
from farside.errors import RecipeError
from farside.grid import Grid, Image
from farside.heliographic import sight_lines, trace
from farside.magnetogram import Magnetogram
from farside.observer import View
from farside.recipe import ErrorModel, Recipe
from farside.registration import Disk
from farside.rotation import rotate, seen

Mask = NDArray[np.bool_]

NEIGHBOURHOOD_DEG = 2.0
"""Standard deviation of the mean of |B| that is compared: how far a region moves or spreads by
itself within a rotation. A choice."""

KNOWN_SHARE = 0.25
"""Of the generated field, that the reference must have shown there. A choice."""


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
            f"{recipe.name} {recipe.version} has no error model: wanted one that training.score "
            "measured and export.publish wrote"
        )
    view = View(made.observer, made.time)
    points = trace(*sight_lines(made.grid, view.observer), view.observer, view.time)
    known = None if reference is None else known_field(made.image, reference, view)
    return look_up(recipe.errors, made.image, points.mu, known)


def look_up(
    errors: ErrorModel, field_gauss: Image, mu: NDArray[np.float64], known: Mask | None = None
) -> Image:
    """σ of each pixel by its generated field, μ and, where it is known, what the reference saw."""
    place = bins(errors, field_gauss, mu)
    if known is None:
        sigma = _table(errors.either_gauss)[place]
    else:
        sigma = np.where(known, _table(errors.known_gauss)[place], _table(errors.new_gauss)[place])
    return np.where(np.isfinite(field_gauss), sigma, np.nan).astype(np.float32)


def bins(
    errors: ErrorModel, field_gauss: Image, mu: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of the tables for each pixel."""
    column = np.digitize(np.abs(np.nan_to_num(field_gauss)), errors.field_edges_gauss) - 1
    return np.digitize(mu, errors.mu_edges) - 1, column


def known_field(field_gauss: Image, reference: Disk, view: View) -> Mask:
    """Where a generated field stands on one that the reference showed there before.

    The reference is rotated into view. A pixel is known if the reference saw it and the mean of
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
    before = rotate(reference, view.observer, view.time)
    origin = View(reference.origin.observer, reference.origin.time)
    then, now = (_mean_strength(image, reference.grid) for image in (before.image, field_gauss))
    known: Mask = seen(reference.grid, origin, view) & (then >= KNOWN_SHARE * now)
    return known


def _mean_strength(field_gauss: Image, grid: Grid) -> Image:
    sigma_px = NEIGHBOURHOOD_DEG * pixels_per_degree(grid)
    strength = np.abs(np.nan_to_num(field_gauss))
    return np.asarray(cv2.GaussianBlur(strength, (0, 0), sigma_px), dtype=np.float32)


def _table(table: tuple[tuple[float, ...], ...]) -> NDArray[np.float64]:
    return np.array(table)
