"""Conversion between physical and network units: `encode` before, `decode` after the network."""

from __future__ import annotations

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.disk.native_pixels import NativeImage
from farside.disk.registration import Disk
from farside.errors import DamagedImageError, EngineFailedError, InputShapeError
from farside.magnetogram.magnetogram import Brightness, Generator, Input, Magnetogram
from farside.magnetogram.stack import Stack
from farside.model.engine import Engine, Model, Tensor
from farside.model.recipe import FieldPlane, Ink, Linear, Percentile, Recipe, Scaling
from farside.sun.grid import Image
from farside.sun.solar_cycle import leading_sign


def encode(stack: Stack, recipe: Recipe, out: Tensor) -> tuple[Input, ...]:
    """Write the disks of `stack` into `out` (1, channel, y, x) in network units.

    Returns
    -------
    tuple of Input
        Provenance of each channel, for the product.

    Raises
    ------
    InputShapeError
        `out` has another shape or type than float32 :func:`input_shape`.
    DamagedImageError
        A disk has values that are not finite, or a median or percentile that is not positive.
    """
    wanted = input_shape(stack, recipe)
    if out.shape != wanted or out.dtype != np.float32:
        raise InputShapeError(f"buffer: got {out.dtype} {out.shape}, expected float32 {wanted}")
    given = []
    for disk, channel, plane in zip(stack.images, recipe.channels, out[0], strict=True):
        clipped = scale_disk(disk, channel.scaling, out=plane)
        if disk.origin.is_magnetogram:
            plane *= turn(recipe, stack.time)
        given.append(Input(channel.role, disk.origin, clipped))
    return tuple(given)


def input_shape(stack: Stack, recipe: Recipe) -> tuple[int, int, int, int]:
    """Shape (1, channel, y, x) of the network input for one stack."""
    size = stack.grid.size_px
    return 1, len(recipe.channels), size, size


def decode(
    tensor: Tensor, stack: Stack, inputs: tuple[Input, ...], model: Model, engine: Engine
) -> Magnetogram:
    """Convert a network's output (1, output, y, x) to a magnetogram in gauss, NaN off the disk.

    Parameters
    ----------
    tensor
        Output of the network, in network units.
    stack
        Input of the network in physical units.
    inputs
        Provenance returned by :func:`encode`.
    model, engine
        Model and engine that made the output, recorded in the product.

    Raises
    ------
    EngineFailedError
        The output has another shape than the Recipe's grid and outputs.
    """
    recipe = model.recipe
    size = stack.grid.size_px
    wanted = (1, len(recipe.outputs), size, size)
    if tensor.shape != wanted:
        raise EngineFailedError(f"{recipe.name} answered {tensor.shape}, expected {wanted}")
    off_disk = ~stack.grid.on_disk()
    fields: list[Image] = []
    views: list[Brightness] = []
    for plane, output in zip(tensor[0], recipe.outputs, strict=True):
        image = np.where(off_disk, np.float32(np.nan), unscale(plane, output.scaling))
        if isinstance(output, FieldPlane):
            fields.append(image)
        else:
            views.append(Brightness(output.band, image))
    return Magnetogram(
        image=fields[0] * turn(recipe, stack.time),
        grid=stack.grid,
        time=stack.time,
        observer=stack.observer,
        spacecraft=stack.spacecraft,
        quality=stack.quality,
        generator=_generator(model, engine),
        inputs=inputs,
        sigma=fields[1] if len(fields) > 1 else None,
        brightness=tuple(views),
        kept=stack.native.kept if stack.native else (),
    )


def turn(recipe: Recipe, time: Time) -> np.float32:
    """Sign by Hale's law, 1 or -1: factor of fields between gauss and network units, both ways.

    It is 1 for a Recipe with polarity ``"measured"``.
    """
    return np.float32(leading_sign(time) if recipe.polarity == "hale" else 1)


def scale_disk(disk: Disk | NativeImage, scaling: Scaling, out: Image) -> float:
    """Write one disk into `out` (y, x) in network units; returns and errors as :func:`scale`."""
    return scale(disk.image, disk.grid.on_disk(), scaling, out, str(disk.origin))


def scale(
    image: Image, on_disk: NDArray[np.bool_], scaling: Scaling, out: Image, name: str = "image"
) -> float:
    """Write an image into `out` (y, x) in network units.

    Parameters
    ----------
    on_disk
        Mask of the disk, (y, x).
    name
        Name of the image in errors.

    Returns
    -------
    float
        Fraction of the disk's pixels that were clipped.

    Raises
    ------
    DamagedImageError
        A value on the disk is not finite, or the median or percentile is not positive.
    """
    values = _values(image, on_disk, name)
    off_disk = ~on_disk
    if isinstance(scaling, Linear):
        np.divide(image, np.float32(scaling.scale), out=out)
        np.copyto(out, np.float32(0), where=off_disk)
        return 0.0
    if isinstance(scaling, Ink):
        np.subtract(np.float32(1), image, out=out)
        np.copyto(out, np.float32(0), where=off_disk)
        return 0.0
    if isinstance(scaling, Percentile):
        most = _percentile(values, scaling, name)
        np.divide(image, np.float32(most / 2), out=out)
        np.clip(out, np.float32(0), np.float32(2), out=out)
        out -= np.float32(1)
        np.copyto(out, np.float32(-1), where=off_disk)
        return _outside(values, 0.0, most)
    median = _median(values, name)
    low, high = np.log([scaling.low, scaling.high])
    np.divide(image, np.float32(median), out=out)
    np.clip(out, np.float32(scaling.low), np.float32(scaling.high), out=out)
    np.log(out, out=out)
    out -= np.float32((low + high) / 2)
    out *= np.float32(2 / (high - low))
    np.copyto(out, np.float32(-1), where=off_disk)
    return _outside(values, scaling.low * median, scaling.high * median)


def unscale(plane: Image, scaling: Scaling) -> Image:
    """Inverse of :func:`scale_disk` for pixels that were not clipped.

    Returns
    -------
    Image
        Physical units for a linear scaling, else brightness in units of the median or percentile.
    """
    if isinstance(scaling, Linear):
        return plane * np.float32(scaling.scale)
    if isinstance(scaling, Ink):
        return np.float32(1) - plane
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


def _values(image: Image, on_disk: NDArray[np.bool_], name: str) -> Image:
    values: Image = image[on_disk]
    finite = np.isfinite(values)
    if not finite.all():
        raise DamagedImageError(
            f"{name}: got {values.size - np.count_nonzero(finite)} pixels on the disk "
            "without a finite value, expected none",
            (name,),
        )
    return values


def _outside(values: Image, low: float, high: float) -> float:
    """Fraction of values outside these limits."""
    clipped = (values < np.float32(low)) | (values > np.float32(high))
    return np.count_nonzero(clipped) / values.size


def _median(values: Image, name: str) -> float:
    # np.median partitions at both middle elements of an even count, which is ten times slower.
    middle = values.size // 2
    parted = np.partition(values, middle)
    lower = parted[middle] if values.size % 2 else parted[:middle].max()
    return _bright((float(lower) + float(parted[middle])) / 2, "a median", name)


def _percentile(values: Image, scaling: Percentile, name: str) -> float:
    found = float(np.percentile(values, scaling.percentile))
    return _bright(found, f"a {scaling.percentile:g}th percentile of the", name)


def _bright(level: float, what: str, name: str) -> float:
    if level <= 0:
        raise DamagedImageError(
            f"{name}: got {what} brightness of {level:g} on the disk, expected more than "
            "0: the image is dark, or its bias was subtracted twice",
            (name,),
        )
    return level
