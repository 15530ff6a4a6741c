"""Write a scene as instrument files: the seven inputs of one AISFM, and the truth."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.time import Time
from numpy.typing import NDArray

from farside.io.wcs import helioprojective_cards
from farside.simulation.instruments.camera import Camera, Detector, line_of_sight_field, trace_shell
from farside.simulation.instruments.headers import (
    EUVI_BIAS,
    M_720S,
    aia_header,
    aia_name,
    euvi_header,
    euvi_name,
    hmi_header,
    hmi_name,
    time_after,
    with_bare_nan,
)
from farside.simulation.instruments.registered import noise_gauss, render_counts
from farside.simulation.scene import AIA_BANDS, EUVI_BANDS, Scene
from farside.simulation.sun import Surface
from farside.sun.grid import Grid, Image
from farside.sun.observer import SOLAR_RADIUS_M, Observer, earth

TRUTH_GRID = Grid(1024, 450.0)
"""Grid of the published AISFM data."""

EUVI_PIXEL_ARCSEC, AIA_PIXEL_ARCSEC, HMI_PIXEL_ARCSEC = 1.5877740, 0.5994890, 0.5040420


@dataclass(frozen=True)
class ImageSizes:
    """Image sizes of simulated files.

    Attributes
    ----------
    euvi_halvings, sdo_halvings
        Number of times the full 2048² and 4096² arrays are halved.
    """

    euvi_halvings: int
    sdo_halvings: int


SIZES = {"native": ImageSizes(0, 0), "small": ImageSizes(2, 2)}
"""Sizes by name. ``native``: full resolution; ``small``: EUVI beacon 512², SDO synoptic 1024²."""


@dataclass(frozen=True)
class SimulatedSet:
    """Paths of the files of one scene: three of EUVI, four of SDO, and the truth."""

    observations: tuple[Path, ...]
    references: tuple[Path, ...]
    truth: Path


def write_set(
    directory: Path,
    time: Time,
    stereo_longitude_deg: float,
    seed: int = 0,
    size: str = "native",
    side: str = "A",
) -> SimulatedSet:
    """Write one scene in the file formats of the instruments.

    Parameters
    ----------
    directory
        Output folder, created if missing; the truth goes to ``truth/`` in it.
    time
        Time of the EUVI images, UTC; SDO's are at the epoch of Eq. 5.
    stereo_longitude_deg
        Stonyhurst longitude of the spacecraft.
    seed
        Seed of the Sun.
    size
        A key of :data:`SIZES`.
    side
        Spacecraft, ``"A"`` or ``"B"``.

    Raises
    ------
    OutOfRangeError
        The longitude is not one, or the Sun begins later; nothing is written.
    """
    scene = Scene.of(seed, time, stereo_longitude_deg)
    rng = np.random.default_rng([seed, 8])
    directory.mkdir(parents=True, exist_ok=True)
    observations = write_euvi(directory, scene.far, scene.spacecraft, rng, side, SIZES[size])
    references = _write_sdo(directory, scene, SIZES[size], rng)
    truth = _write_truth(directory / "truth", scene, side, rng)
    return SimulatedSet(observations, references, truth)


def write_euvi(
    directory: Path,
    surface: Surface,
    spacecraft: Observer,
    rng: np.random.Generator,
    side: str = "A",
    size: ImageSizes = SIZES["native"],
) -> tuple[Path, ...]:
    """Write EUVI's images of a surface, in the bands 304, 195 and 171."""
    pixels = 2048 >> size.euvi_halvings
    shrink = 2**size.euvi_halvings
    offset = rng.uniform(-20, 20, 2) / shrink
    centre = ((pixels - 1) / 2 + float(offset[0]), (pixels - 1) / 2 + float(offset[1]))
    roll = float(rng.uniform(-8, 8))
    detector = Detector(pixels, EUVI_PIXEL_ARCSEC * shrink, centre, roll)
    camera = Camera(detector, spacecraft, surface.time)
    # EUVI sums pixels and their bias on board: 4 pixels for each halving.
    bias = EUVI_BIAS[side] * shrink**2
    paths = []
    for band, seconds in zip(EUVI_BANDS, (15.0, 30.0, 0.0), strict=True):
        start = time_after(surface.time, seconds)
        summed = render_counts(surface, camera, f"EUVI {band}", rng) * shrink**2 + bias
        header = euvi_header(band, start, spacecraft, detector, side, size.euvi_halvings)
        image = np.rint(np.maximum(summed, 0)).astype(np.uint16 if shrink == 1 else np.int32)
        path = directory / euvi_name(start, side, size.euvi_halvings)
        fits.PrimaryHDU(image, header).writeto(path, overwrite=True)
        paths.append(path)
    return tuple(paths)


def _write_sdo(
    directory: Path, scene: Scene, size: ImageSizes, rng: np.random.Generator
) -> tuple[Path, ...]:
    pixels, shrink = 4096 >> size.sdo_halvings, 2**size.sdo_halvings
    time = scene.reference_time
    observer = earth(time)
    offset = rng.uniform(-8, 8, 2) / shrink
    centre = ((pixels - 1) / 2 + float(offset[0]), (pixels - 1) / 2 + float(offset[1]))
    detector = Detector(pixels, AIA_PIXEL_ARCSEC * shrink, centre, 0.019413)
    camera = Camera(detector, observer, time)
    paths = []
    for band, seconds in zip(AIA_BANDS, (7.1, 4.8, 0.3), strict=True):
        start = time_after(time, seconds)
        signal = render_counts(scene.front, camera, f"AIA {band}", rng)
        image = np.rint(np.maximum(signal, -10)).astype(np.int16)
        path = directory / aia_name(band, start)
        _write_rice(path, image, aia_header(band, start, observer, detector), 1.0)
        paths.append(path)
    paths.append(write_hmi(directory, scene.front, rng, size))
    return tuple(paths)


def write_hmi(
    directory: Path, surface: Surface, rng: np.random.Generator, size: ImageSizes = SIZES["native"]
) -> Path:
    """Write HMI's magnetogram of a surface at the nearest 720 s slot."""
    time = M_720S.slot(surface.time)
    observer = earth(surface.time)
    detector = hmi_detector(size)
    field = line_of_sight_field(surface.radial_field, trace_shell(detector, observer, time))
    field += noise_gauss(detector, rng)
    path = directory / hmi_name(time)
    write_field(path, field, hmi_header(time, observer, detector, int(np.isfinite(field).sum())))
    return path


def hmi_detector(size: ImageSizes = SIZES["native"]) -> Detector:
    """Detector of HMI: turned by 180°, and slightly off-centre."""
    shrink = 2**size.sdo_halvings
    centre = (2035.9 / shrink, 2053.1 / shrink)
    return Detector(4096 // shrink, HMI_PIXEL_ARCSEC * shrink, centre, 179.93)


def write_field(path: Path, field_gauss: Image, header: fits.Header) -> None:
    """Write a magnetogram as the JSOC does: in tenths of a gauss, BLANK where missing."""
    blank = -(2**31)
    seen = np.isfinite(field_gauss)
    image = np.where(seen, np.rint(np.nan_to_num(field_gauss) * 10), blank).astype(np.int32)
    header["BLANK"] = blank
    _write_rice(path, image, header, 0.1)


def _write_truth(directory: Path, scene: Scene, side: str, rng: np.random.Generator) -> Path:
    """Write the magnetogram that an HMI at the spacecraft would have measured."""
    detector = Detector.of_grid(TRUTH_GRID, scene.spacecraft)
    view = trace_shell(detector, scene.spacecraft, scene.time)
    field = line_of_sight_field(scene.far.radial_field, view)
    field += noise_gauss(detector, rng)
    field[~TRUTH_GRID.on_disk()] = np.nan
    header = fits.Header(
        [
            ("DATE-OBS", scene.time.isot),
            ("OBSRVTRY", f"STEREO_{side}"),
            ("CONTENT", "SIMULATED MAGNETOGRAM", "the truth of an observing system simulation"),
            ("BUNIT", "Gauss"),
            *helioprojective_cards(detector.centre_px, detector.scale_arcsec),
            ("HGLN_OBS", scene.spacecraft.longitude_deg),
            ("HGLT_OBS", scene.spacecraft.latitude_deg),
            ("DSUN_OBS", scene.spacecraft.distance_m),
            ("RSUN_REF", SOLAR_RADIUS_M),
        ]
    )
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "magnetogram.fits"
    fits.PrimaryHDU(field, header).writeto(path, overwrite=True)
    return path


def read_truth(path: Path, grid: Grid) -> Image:
    """Read the truth on `grid`, (y, x), gauss, NaN off the disk; blocks of pixels are averaged.

    Raises
    ------
    ValueError
        `grid` is not :data:`TRUTH_GRID` reduced by an integer factor.
    """
    image = np.asarray(fits.getdata(path), dtype=np.float32)
    factor = TRUTH_GRID.size_px // grid.size_px
    if TRUTH_GRID.disk_radius_px != grid.disk_radius_px * factor:
        raise ValueError(f"expected a whole fraction of {TRUTH_GRID}, got {grid}")
    blocks = np.nan_to_num(image).reshape(grid.size_px, factor, grid.size_px, factor)
    return np.where(grid.on_disk(), blocks.mean(axis=(1, 3)), np.float32(np.nan))


def _write_rice(
    path: Path, image: NDArray[np.int16] | NDArray[np.int32], header: fits.Header, scale: float
) -> None:
    """Write as the JSOC does: Rice-compressed in HDU 1, a tile per row, bare ``nan`` cards."""
    nans = tuple(name for name, value in header.items() if value == "nan")
    hdu = fits.CompImageHDU(image, header, compression_type="RICE_1")
    hdu.header["BSCALE"], hdu.header["BZERO"] = scale, 0.0
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(file)
    path.write_bytes(with_bare_nan(file.getvalue(), nans))
