"""Conversion between physical and network units: `encode` before, `decode` after the network."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.disk.native_pixels import NativeImage
from farside.disk.registration import Disk
from farside.errors import DamagedImageError, EngineFailedError, InputShapeError
from farside.magnetogram.domain import distance, features
from farside.magnetogram.geometry_planes import geometry_plane
from farside.magnetogram.magnetogram import (
    Brightness,
    Input,
    Magnetogram,
    ModelProvenance,
    reference_age_days,
)
from farside.magnetogram.stack import Stack
from farside.model.engine import Engine, Model, Tensor
from farside.model.recipe import (
    BrightnessPlane,
    Channel,
    Ink,
    Linear,
    Percentile,
    Recipe,
    Scaling,
)
from farside.quality import Quality
from farside.sun.grid import Image
from farside.sun.observer import Observer
from farside.sun.solar_cycle import leading_sign


def encode(stack: Stack, recipe: Recipe, out: Tensor) -> tuple[Input, ...]:
    """Write the network's input for a stack into `out` (1, input plane, y, x).

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
    images = out[0, : len(recipe.channels)]
    given = scale_images(stack, recipe, images)
    complete(out[0], recipe, stack.observer, reference_age_days(stack.time, given))
    return given


def scale_images(stack: Stack, recipe: Recipe, out: Image) -> tuple[Input, ...]:
    """Write the disks of `stack` into `out` (channel, y, x) in network units.

    An optional channel is NaN where it has no value: off the disk, where a rotated reference did
    not see the surface, or everywhere.
    """
    given = []
    for disk, channel, plane in zip(stack.images, recipe.channels, out, strict=True):
        if disk is None:
            plane[:] = np.nan
            continue
        clipped = scale_disk(disk, channel.scaling, out=plane)
        if disk.origin.is_magnetogram:
            plane *= hale_sign(recipe, stack.time)
        if channel.optional:
            plane[~_shown(disk)] = np.nan
        given.append(Input(channel.role, disk.origin, clipped, _distance(disk, channel, recipe)))
    return tuple(given)


def _distance(disk: Disk | NativeImage, channel: Channel, recipe: Recipe) -> float | None:
    """Distance of an image from the training images of its band, where the Recipe knows them."""
    # References are rotated into view, and partly unseen: they are no such images any more.
    origin = disk.origin
    fitting = (each for each in recipe.domains if each.holds(origin.instrument, origin.band))
    domain = next(fitting, None)
    if domain is None or channel.role != "observation" or isinstance(disk, NativeImage):
        return None
    return distance(features(disk.image, disk.grid), domain)


def complete(
    planes: Image, recipe: Recipe, observer: Observer, age_days: float | None = None
) -> None:
    """Fill in the availability and geometry planes, in place, from the images and the view.

    Parameters
    ----------
    planes
        (input plane, y, x). The images come first, as :func:`scale_images` leaves them; what is NaN
        in an optional one becomes 0, and its availability plane is 1 where it has a value.
    observer
        Of the view to be generated.
    age_days
        Mean age of the references; it counts as 0 where no reference has a value.
    """
    first = len(recipe.channels)
    available = planes[first : first + len(recipe.optional)]
    referred = any(not channel.optional for channel in recipe.channels_of("reference"))
    for plane, index in zip(available, recipe.optional, strict=True):
        plane[:] = np.isfinite(planes[index])
        np.nan_to_num(planes[index], copy=False)
        referred |= recipe.channels[index].role == "reference" and bool(plane.any())
    age_seen = age_days if referred else None
    for plane, quantity in zip(planes[first + len(available) :], recipe.geometry, strict=True):
        plane[:] = geometry_plane(quantity, recipe.disk, observer, age_seen)


def _shown(disk: Disk | NativeImage) -> NDArray[np.bool_]:
    """Mask of the pixels of an image that have values, (y, x)."""
    seen = disk.seen if isinstance(disk, Disk) else None
    return disk.grid.on_disk() if seen is None else seen


def input_shape(stack: Stack, recipe: Recipe) -> tuple[int, int, int, int]:
    """Shape (1, channel, y, x) of the network input for one stack."""
    size = stack.grid.size_px
    return 1, recipe.input_planes, size, size


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
    sign = hale_sign(recipe, stack.time)
    made: dict[str, Image] = {}
    views: list[Brightness] = []
    for plane, output in zip(tensor[0], recipe.outputs, strict=True):
        image = np.where(off_disk, np.float32(np.nan), unscale(plane, output.scaling))
        if isinstance(output, BrightnessPlane):
            views.append(Brightness(output.band, image))
        else:
            made[output.quantity] = image
    positive = made.get("probability of positive polarity")
    return Magnetogram(
        image=made["line-of-sight magnetic field"] * sign,
        grid=stack.grid,
        time=stack.time,
        observer=stack.observer,
        spacecraft=stack.spacecraft,
        quality=stack.quality | _outside_training(inputs),
        generator=_model_provenance(model, engine),
        inputs=inputs,
        sigma=made.get("sigma"),
        unsigned=made.get("unsigned magnetic field"),
        positive=positive if positive is None or sign > 0 else 1 - positive,
        missing=tuple(
            str(channel)
            for image, channel in zip(stack.images, recipe.channels, strict=True)
            if image is None
        ),
        brightness=tuple(views),
        kept=stack.native.kept if stack.native else (),
    )


def _outside_training(inputs: Iterable[Input]) -> Quality:
    far = any(each.distance is not None and each.distance > 1 for each in inputs)
    return Quality.OUTSIDE_TRAINING if far else Quality.GOOD


def hale_sign(recipe: Recipe, time: Time) -> np.float32:
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


def _model_provenance(model: Model, engine: Engine) -> ModelProvenance:
    return ModelProvenance(
        model=model.recipe.name,
        version=model.recipe.version,
        identity=model.identity,
        trained_on=model.recipe.training.data,
        engine=engine.name,
        precision=model.precision or engine.precision,
        saturation_gauss=model.recipe.saturation_gauss,
        degrees_of_freedom=model.recipe.degrees_of_freedom,
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
