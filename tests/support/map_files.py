"""Files that a map of the whole Sun is made from: HMI's, a product and a base map of one time."""

from dataclasses import dataclass
from pathlib import Path

import astropy.units as u
from astropy.time import Time

from farside.magnetogram.magnetogram import Magnetogram, ModelProvenance
from farside.observation.image import read
from farside.quality import Quality
from farside.simulation import SimulatedSet
from farside.sun.observer import Observer, View
from farside.synchronic import fits as synchronic_fits
from tests.support.bipoles import GRID, image_of
from tests.support.synchronic_maps import synchronic_map


@dataclass(frozen=True)
class MapFiles:
    """Where they lie, and the time that they are of.

    Attributes
    ----------
    generated
        A product from 120° west of Earth, which shows one bipole.
    saturating
        The same of a model that saturates.
    overlapping
        The same from 60° west: HMI shows some of its surface too.
    base
        An earlier map of ours, a day old.
    """

    time: Time
    observed: Path
    generated: Path
    saturating: Path
    overlapping: Path
    base: Path


def write_map_files(folder: Path, simulated: SimulatedSet) -> MapFiles:
    """Beside HMI's file of a simulated set."""
    observed = simulated.references[-1]
    time = read(observed).origin.time
    for name, saturation, longitude_deg in (
        ("far.fits", None, 120.0),
        ("flat.fits", 100.0, 120.0),
        ("near.fits", None, 60.0),
    ):
        _product(time, saturation, longitude_deg).write(folder / name)
    base = synchronic_fits.write(synchronic_map(time=time - 1 * u.day), folder / "base.fits")
    far, flat, near = (folder / name for name in ("far.fits", "flat.fits", "near.fits"))
    return MapFiles(time, observed, far, flat, near, base)


def _product(time: Time, saturation_gauss: float | None, longitude_deg: float) -> Magnetogram:
    observer = Observer(longitude_deg, -5.0, 1.45e11)
    meridian = observer.carrington_longitude_deg(time)
    return Magnetogram(
        image=image_of(View(observer, time), lon_deg=meridian),
        grid=GRID,
        time=time,
        observer=observer,
        spacecraft="STEREO_A",
        quality=Quality.SIMULATED_TRAINING,
        generator=ModelProvenance(
            "tiny", "1", "ab" * 32, "SIMULATED", "torch", "float32", saturation_gauss, 0.6
        ),
        inputs=(),
    )
