"""Evaluation of a product against the file of a true magnetogram of the same view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from farside.disk.registration import Disk, register
from farside.disk.reproject import reproject_disk
from farside.errors import OtherViewError, UnexpectedImageError
from farside.evaluation.compare import Measures, measure
from farside.io.fits import MAX_BYTES, open_image, primary_cards, text, unpack
from farside.io.product_reader import observer_of, time_of
from farside.io.source import bytes_of, naming_errors
from farside.io.wcs import pointing_of
from farside.magnetogram.magnetogram import Magnetogram
from farside.observation.image import Observation, Origin, read
from farside.sun.angles import wrap_deg
from farside.sun.grid import Image
from farside.sun.observer import View

SAME_VIEW_DEG, SAME_VIEW_HOURS = 2.0, 2.0
"""Greatest offset in view and time between truth and product; the truth is then reprojected to the
product's view. A choice: within it the reprojection moves nothing by more than some pixels."""

SIMULATED_TRUTH = "SIMULATED MAGNETOGRAM"

GENERATED, PERSISTENCE, ZERO = "generated", "persistence", "zero field"


@dataclass(frozen=True)
class Evaluation:
    """Measures of a product and of its baselines.

    Attributes
    ----------
    product, truth
        Names of the files.
    model, identity
        Model that made the product.
    measures
        Measures of the product (generated), persistence (if a reference was given) and zero field.
    """

    product: str
    truth: str
    model: str
    identity: str
    measures: Mapping[str, Measures]


def evaluate(
    product: Path, truth: Path, reference: Path | None = None, threshold_gauss: float = 0.0
) -> Evaluation:
    """Read product and truth, and compute the measures.

    Parameters
    ----------
    product
        Product of ``farside generate``.
    truth
        Truth of ``farside simulate``, or an HMI magnetogram while the spacecraft was near Earth.
    reference
        HMI magnetogram of the reference epoch, from which persistence is computed.
    threshold_gauss
        Weakest field that counts as flux, gauss.

    Raises
    ------
    OtherViewError
        If the truth has another view or time.
    UnexpectedImageError
        If the truth or the reference is not a magnetogram.
    InputError
        If a file cannot be read.
    """
    made = Magnetogram.read(product)
    view = View(made.observer, made.time)
    true = _true_field(truth, made, view)
    fields = {GENERATED: made.image}
    if reference:
        fields[PERSISTENCE] = reproject_disk(_disk(reference, made), view.observer, view.time).image
    fields[ZERO] = np.where(np.isfinite(made.image), np.float32(0), np.float32(np.nan))
    return Evaluation(
        product=product.name,
        truth=truth.name,
        model=f"{made.generator.model} {made.generator.version}",
        identity=made.generator.identity,
        measures={
            name: measure(image, true, made.disk, view, threshold_gauss)
            for name, image in fields.items()
        },
    )


def _true_field(path: Path, made: Magnetogram, view: View) -> Image:
    simulated = _simulated(path)
    disk = _disk(path, made) if simulated is None else register(simulated, made.disk)
    _refuse_other_view(path, disk.view, view)
    return disk.image if simulated else reproject_disk(disk, view.observer, view.time).image


def _simulated(path: Path) -> Observation | None:
    """Read a truth of ``farside simulate``; None if the file is something else."""
    data, name = bytes_of(path, "", MAX_BYTES)
    with naming_errors(name):
        data = unpack(data)
        if text(primary_cards(data), "CONTENT") != SIMULATED_TRUTH:
            return None
        image = open_image(data)
        time, observer = time_of(image.cards, "DATE-OBS"), observer_of(image.cards)
    # Solar north is up in it.
    origin = Origin("SIMULATION", "LOS", time, observer, name, "")
    pointing = pointing_of({**image.cards, "CROTA2": 0.0})
    return Observation(origin, image.pixels, pointing, "Gauss")


def _disk(path: Path, made: Magnetogram) -> Disk:
    observation = read(path)
    if not observation.origin.is_magnetogram:
        raise UnexpectedImageError(
            f"{path.name}: got {observation.origin}, expected a magnetogram", (path.name,)
        )
    return register(observation, made.disk)


def _refuse_other_view(path: Path, found: View, expected: View) -> None:
    here, there = found.observer, expected.observer
    apart_deg = max(
        abs(wrap_deg(here.longitude_deg - there.longitude_deg)),
        abs(here.latitude_deg - there.latitude_deg),
    )
    hours = abs(float((found.time - expected.time).to_value("hour")))
    if apart_deg > SAME_VIEW_DEG or hours > SAME_VIEW_HOURS:
        raise OtherViewError(
            f"{path.name} shows another view: got {_described(found)}, expected the product's, "
            f"{_described(expected)}, to {SAME_VIEW_DEG:g}° and {SAME_VIEW_HOURS:g} h",
            (path.name,),
        )


def _described(view: View) -> str:
    place = view.observer
    return (
        f"Stonyhurst longitude {place.longitude_deg:.2f}°, latitude {place.latitude_deg:.2f}° at "
        f"{view.time.utc.isot[:19]}"
    )
