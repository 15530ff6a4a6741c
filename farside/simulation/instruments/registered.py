"""Simulated observations directly on the registered grid, with optics and noise."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from farside.simulation.emission.corona import corona_of
from farside.simulation.instruments.camera import Camera, Detector, line_of_sight_field
from farside.simulation.instruments.exposure import counts, through_optics
from farside.simulation.sun import Surface
from farside.sun.grid import Grid, Image
from farside.sun.observer import Observer

InstrumentSuite = Literal["EUVI", "SDO"]

BANDS: dict[InstrumentSuite, tuple[str, str, str]] = {
    "EUVI": ("EUVI 304", "EUVI 195", "EUVI 171"),
    "SDO": ("AIA 304", "AIA 193", "AIA 171"),
}

HMI_NOISE_GAUSS, HMI_SCALE_ARCSEC = 6.3, 0.504
"""Noise of a pixel of M_720s, and its size; Liu et al. (2012), Sol. Phys. 279, 295."""


def render_view(
    surface: Surface,
    observer: Observer,
    instrument: InstrumentSuite,
    grid: Grid,
    rng: np.random.Generator,
) -> Image:
    """Simulated three EUV bands and magnetogram of one view, (4, y, x), 0 off the disk.

    The images are rendered at twice the resolution of the grid and averaged.

    Parameters
    ----------
    surface
        Photosphere of a simulated Sun.
    observer
        Position of the observer.
    instrument
        Instruments whose EUV bands are simulated.
    grid
        Registered grid.
    rng
        Random generator of the noise.

    Returns
    -------
    Image
        304, 195 or 193, and 171 Å in units of the quiet Sun when the telescope was new, then the
        line-of-sight field in gauss with HMI's noise, for either instrument.
    """
    fine = Grid(2 * grid.size_px, 2 * grid.disk_radius_px)
    detector = Detector.of_grid(fine, observer)
    camera = Camera(detector, observer, surface.time)
    planes = [
        render_counts(surface, camera, name, rng)
        / surface.sun.telescope(name).quiet_dn_at(surface.time)
        for name in BANDS[instrument]
    ]
    field = np.nan_to_num(line_of_sight_field(surface.radial_field, camera.view()))
    planes.append(field + noise_gauss(detector, rng))
    size = (grid.size_px, grid.size_px)
    small = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes]
    return np.where(grid.on_disk(), np.stack(small), np.float32(0))


def noise_gauss(detector: Detector, rng: np.random.Generator) -> Image:
    """Noise of HMI scaled to the pixels of a detector, (y, x), gauss."""
    sigma = np.float32(HMI_NOISE_GAUSS * HMI_SCALE_ARCSEC / detector.scale_arcsec)
    return sigma * rng.standard_normal((detector.size_px, detector.size_px), dtype=np.float32)


def render_counts(surface: Surface, camera: Camera, name: str, rng: np.random.Generator) -> Image:
    """Counts of a telescope in one band, (y, x): DN per native pixel, bias subtracted.

    Larger pixels have the mean over the native pixels in them.

    Parameters
    ----------
    name
        A key of :data:`~farside.simulation.instruments.exposure.TELESCOPES`, such as ``"EUVI
        195"``.
    """
    telescope, scale = surface.sun.telescope(name), camera.detector.scale_arcsec
    light = through_optics(camera.euv(corona_of(surface), name), telescope, scale)
    return counts(light, telescope, camera.time, scale, rng)
