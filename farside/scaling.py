"""encode / decode: the only two functions that know network units."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.engine import Engine, Model, Tensor
from farside.errors import DamagedImageError, EngineFailedError, InputShapeError
from farside.grid import Grid, Image
from farside.hale import leading_sign
from farside.magnetogram import Generator, Input, Magnetogram
from farside.recipe import Linear, Percentile, Recipe, Scaling
from farside.registration import Disk
from farside.stack import Stack


def encode(stack: Stack, recipe: Recipe, out: Tensor) -> tuple[Input, ...]:
    """Write the disks of `stack` into `out` (1, channel, y, x) in network units.

    Returns
    -------
    tuple of Input
        What the product will say of each channel.

    Raises
    ------
    InputShapeError
        `out` has another shape or type.
    DamagedImageError
        A disk with values that are not finite, or whose median cannot scale it.
    """
    size = recipe.grid.size_px
    wanted = (1, len(recipe.channels), size, size)
    if out.shape != wanted or out.dtype != np.float32:
        raise InputShapeError(f"buffer: got {out.dtype} {out.shape}, wanted float32 {wanted}")
    given = []
    for disk, channel, plane in zip(stack.disks, recipe.channels, out[0], strict=True):
        clipped = scale_disk(disk, channel.scaling, out=plane)
        if disk.origin.is_magnetogram:
            plane *= turn(recipe, stack.time)
        given.append(Input(channel.role, disk.origin, clipped))
    return tuple(given)


def decode(
    tensor: Tensor, stack: Stack, inputs: tuple[Input, ...], model: Model, engine: Engine
) -> Magnetogram:
    """Turn a network's answer (1, output, y, x) into gauss, NaN off the disk.

    `inputs` are what :func:`encode` said of the stack.

    Raises
    ------
    EngineFailedError
        The answer has another shape than the Recipe's grid and outputs.
    """
    recipe = model.recipe
    size = recipe.grid.size_px
    wanted = (1, len(recipe.outputs), size, size)
    if tensor.shape != wanted:
        raise EngineFailedError(f"{recipe.name} answered {tensor.shape}, wanted {wanted}")
    off_disk = ~_on_disk(recipe.grid)
    planes = [
        np.where(off_disk, np.float32(np.nan), unscale(plane, output.scaling))
        for plane, output in zip(tensor[0], recipe.outputs, strict=True)
    ]
    return Magnetogram(
        image=planes[0] * turn(recipe, stack.time),
        grid=recipe.grid,
        time=stack.time,
        observer=stack.observer,
        spacecraft=stack.spacecraft,
        quality=stack.quality,
        generator=_generator(model, engine),
        inputs=inputs,
        sigma=planes[1] if len(planes) > 1 else None,
    )


def turn(recipe: Recipe, time: Time) -> np.float32:
    """1 or -1: what fields are multiplied by between gauss and network units, either way."""
    return np.float32(leading_sign(time) if recipe.polarity == "hale" else 1)


def scale_disk(disk: Disk, scaling: Scaling, out: Image) -> float:
    """Write one disk into `out` (y, x) in network units.

    Returns
    -------
    float
        Fraction of the disk's pixels that were clipped.

    Raises
    ------
    DamagedImageError
        Values that are not finite on the disk, or a median or percentile that is not positive.
    """
    values = _values(disk)
    off_disk = ~_on_disk(disk.grid)
    if isinstance(scaling, Linear):
        np.divide(disk.image, np.float32(scaling.scale), out=out)
        np.copyto(out, np.float32(0), where=off_disk)
        return 0.0
    if isinstance(scaling, Percentile):
        most = _percentile(values, scaling, disk)
        np.divide(disk.image, np.float32(most / 2), out=out)
        np.clip(out, np.float32(0), np.float32(2), out=out)
        out -= np.float32(1)
        np.copyto(out, np.float32(-1), where=off_disk)
        return _outside(values, 0.0, most)
    median = _median(values, disk)
    low, high = np.log([scaling.low, scaling.high])
    np.divide(disk.image, np.float32(median), out=out)
    np.clip(out, np.float32(scaling.low), np.float32(scaling.high), out=out)
    np.log(out, out=out)
    out -= np.float32((low + high) / 2)
    out *= np.float32(2 / (high - low))
    np.copyto(out, np.float32(-1), where=off_disk)
    return _outside(values, scaling.low * median, scaling.high * median)


def unscale(plane: Image, scaling: Scaling) -> Image:
    """Undo :func:`scale_disk` where nothing was clipped.

    Returns
    -------
    Image
        Physical units for a linear scaling; else I in units of the median or percentile.
    """
    if isinstance(scaling, Linear):
        return plane * np.float32(scaling.scale)
    if isinstance(scaling, Percentile):
        return (plane + np.float32(1)) / np.float32(2)
    low, high = np.log([scaling.low, scaling.high])
    medians: Image = np.exp(plane * np.float32((high - low) / 2) + np.float32((low + high) / 2))
    return medians


def _generator(model: Model, engine: Engine) -> Generator:
    return Generator(
        model=model.recipe.name,
        version=model.recipe.version,
        identity=model.identity,
        trained_on=model.recipe.training.data,
        engine=engine.name,
        precision=model.precision or engine.precision,
        saturation_gauss=model.recipe.saturation_gauss,
    )


@lru_cache(maxsize=8)
def _on_disk(grid: Grid) -> NDArray[np.bool_]:
    return grid.on_disk()


def _values(disk: Disk) -> Image:
    values: Image = disk.image[_on_disk(disk.grid)]
    finite = np.isfinite(values)
    if not finite.all():
        raise DamagedImageError(
            f"{disk.origin}: got {values.size - np.count_nonzero(finite)} pixels on the disk "
            "without a finite value, wanted none",
            (str(disk.origin),),
        )
    return values


def _outside(values: Image, low: float, high: float) -> float:
    """Fraction of values that a scaling between these limits clips."""
    clipped = (values < np.float32(low)) | (values > np.float32(high))
    return np.count_nonzero(clipped) / values.size


def _median(values: Image, disk: Disk) -> float:
    # np.median asks for both middle elements of an even count at once, which is ten times slower.
    middle = values.size // 2
    parted = np.partition(values, middle)
    lower = parted[middle] if values.size % 2 else parted[:middle].max()
    return _bright((float(lower) + float(parted[middle])) / 2, "a median", disk)


def _percentile(values: Image, scaling: Percentile, disk: Disk) -> float:
    found = float(np.percentile(values, scaling.percentile))
    return _bright(found, f"a {scaling.percentile:g}th percentile of the", disk)


def _bright(level: float, what: str, disk: Disk) -> float:
    if level <= 0:
        raise DamagedImageError(
            f"{disk.origin}: got {what} brightness of {level:g} on the disk, wanted more than "
            "0: the image is dark, or its bias was subtracted twice",
            (str(disk.origin),),
        )
    return level
