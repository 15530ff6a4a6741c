"""``python -m training.domain MODEL STORE…``: measure what a model's training images look like.

The model file is written anew with the mean and the covariance of each band in its Recipe; its
identity does not change. Give the stores that it was trained on, and the model its service grid.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from safetensors import safe_open

from farside.io.atomic import atomic_path
from farside.magnetogram.domain import features
from farside.model import checkpoint
from farside.model.recipe import FEATURES, Domain, Recipe
from training.command import exit_on_error
from training.data import Pairs, open_store

SLACK = 1.1
"""Limit over the greatest distance of a training image. A choice."""

RIDGE = 0.02
"""Share of the variance of a feature that is added to it: no feature may count without bound."""

ENOUGH = 10 * len(FEATURES)
"""Least number of training images of a band."""

DIGITS = 6


def domain_of(bands: tuple[str, ...], found: NDArray[np.float64]) -> Domain:
    """Fit a domain to the features of training images, (image, feature).

    Raises
    ------
    ValueError
        There are too few images.
    """
    if len(found) < ENOUGH:
        raise ValueError(
            f"{' or '.join(bands)}: got {len(found)} images, expected {ENOUGH} or more"
        )
    mean, spread = found.mean(0), np.cov(found.T)
    precision = np.linalg.inv(spread + np.diag(RIDGE * np.diag(spread) + 1e-6))
    apart = found - mean
    squared = np.einsum("ij,jk,ik->i", apart, precision, apart) / len(FEATURES)
    return Domain(
        bands=bands,
        mean=tuple(_rounded(mean)),
        precision=tuple(tuple(_rounded(row)) for row in precision),
        limit=float(_rounded(SLACK * np.sqrt(squared.max(keepdims=True)))[0]),
    )


def domains_of(stores: Iterable[Pairs], recipe: Recipe) -> tuple[Domain, ...]:
    """Fit a domain to the training images of each observed EUV channel."""
    channels = [each for each in recipe.channels_of("observation") if not each.is_field]
    found: dict[tuple[str, ...], list[NDArray[np.float64]]] = defaultdict(list)
    for name, image in _observed(stores, recipe):
        for channel in channels:
            if channel.takes("observation", *name.split(" ")):
                found[channel.accepts].append(features(image, recipe.disk))
    return tuple(domain_of(bands, np.array(each)) for bands, each in found.items())


def _observed(stores: Iterable[Pairs], recipe: Recipe) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield channel and pixels of each observed image once."""
    for store in (each.on(recipe.disk) for each in stores):
        targets = {store.pairs[index].target: index for index in store.select("train")}
        for index in track(targets.values(), f"{store.path.name}"):
            for disk in store[index].observed:
                yield f"{disk.origin.instrument} {disk.origin.band}", disk.image


def rewrite(path: Path, recipe: Recipe) -> str:
    """Give a model file another Recipe for the same weights; the identity, which stays."""
    state = checkpoint.read(path).state
    with atomic_path(path) as candidate:
        return checkpoint.write(candidate, state, recipe, half=_is_half(path))


def _is_half(path: Path) -> bool:
    """Whether a model file holds its weights in half precision."""
    with safe_open(path, framework="numpy") as file:
        return any(file.get_slice(key).get_dtype() == "F16" for key in file.keys())  # noqa: SIM118


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]


def main() -> None:
    """Run the command line; an error ends it with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("model", type=Path, metavar="MODEL.safetensors")
    parser.add_argument("store", type=Path, nargs="+", help="that it was trained on")
    arguments = parser.parse_args()
    with exit_on_error():
        model = checkpoint.read(arguments.model)
        domains = domains_of(map(open_store, arguments.store), model.recipe)
        described = model.recipe.model_copy(update={"domains": domains})
        print(rewrite(arguments.model, described))
        for each in domains:
            print(" or ".join(each.bands), f"limit {each.limit}")


if __name__ == "__main__":
    main()
