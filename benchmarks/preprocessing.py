"""Time from seven native-size files to network input, compared with the usual SunPy path.

Run as ``python -m benchmarks.preprocessing``. Farside's figures are the mean of three passes over
the files, one file at a time, in turn with astropy's, which only reads; the SunPy path runs once
over the same files. On a machine that does other work, ``--clock processor`` counts the seconds of
the processor. The peak is that of a process that prepares all seven for farside-1.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.time import Time
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import farside
from benchmarks.memory import peak_megabytes
from farside.disk.registration import register
from farside.magnetogram.encoding import scale_disk
from farside.model.recipe import Linear, MedianLog
from farside.observation.image import read
from farside.pipeline import prepare
from farside.sun.grid import Grid

if TYPE_CHECKING:
    import sunpy.map

# SunPy and the simulation are imported where they are used: the peak is of a process without them.

GRID = Grid(1024, 450.0)
EUV_SCALING = MedianLog(low=0.01, high=100.0)
FIELD_SCALING = Linear(scale=1500.0)
PASSES = 3
STEPS = ("read", "register", "encode")

CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}

Times = dict[tuple[str, str], float]
"""Seconds by instrument and step."""

clock = time.perf_counter


@contextmanager
def timed(times: Times, instrument: str, step: str) -> Iterator[None]:
    start = clock()
    yield
    times[instrument, step] = times.get((instrument, step), 0.0) + clock() - start


def native_files(folder: Path) -> list[tuple[str, Path]]:
    """Write three EUVI 2048² uint16, three AIA 4096² Rice, one HMI 4096² Rice file."""
    from farside.simulation import write_set

    files = write_set(folder, Time("2026-11-01T00:00:00"), 70.0, size="native")
    instruments = ("EUVI",) * 3 + ("AIA",) * 3 + ("HMI",)
    return list(zip(instruments, files.observations + files.references, strict=True))


def by_farside(instrument: str, path: Path, times: Times) -> None:
    plane = np.empty((GRID.size_px, GRID.size_px), np.float32)
    with timed(times, instrument, "read"):
        observation = read(path)
    with timed(times, instrument, "register"):
        disk = register(observation, GRID)
    with timed(times, instrument, "encode"):
        scale_disk(disk, FIELD_SCALING if instrument == "HMI" else EUV_SCALING, out=plane)


def by_astropy(instrument: str, path: Path, times: Times) -> None:
    """Read the pixels as float32, unchecked."""
    with timed(times, instrument, "read"), fits.open(path) as hdus:
        np.asarray(hdus[-1].data, np.float32)


def by_sunpy(instrument: str, path: Path, times: Times) -> None:
    """Follow the guides of the packages: register at full size, then reduce to 1024²."""
    import sunpy.map

    warnings.simplefilter("ignore")  # SunPy warns about missing cards that it does not need
    sunpy.log.setLevel("WARNING")
    with timed(times, instrument, "read"):
        image = sunpy.map.Map(path)
        image.data  # noqa: B018  # pixels are decompressed on first use
    with timed(times, instrument, "register"):
        reduced = _SUNPY[instrument](image)
    with timed(times, instrument, "encode"):
        if instrument == "HMI":
            np.nan_to_num(reduced / 1500.0)
        else:
            np.log10(np.clip(reduced / np.nanmedian(reduced), 0.01, 100)) / 2


def _register_euvi(image: sunpy.map.GenericMap) -> NDArray[np.float64]:
    unbiased = image - float(image.meta["biasmean"]) * image.unit
    turned = unbiased.rotate(recenter=True, missing=0)
    return np.asarray(turned.resample((1024, 1024) * u.pix).data)


def _register_aia(image: sunpy.map.GenericMap) -> NDArray[np.float64]:
    import aiapy.calibrate

    return np.asarray(aiapy.calibrate.register(image).superpixel((4, 4) * u.pix, func=np.mean).data)


def _register_hmi(image: sunpy.map.GenericMap) -> NDArray[np.float64]:
    return np.asarray(image.rotate(recenter=True).superpixel((4, 4) * u.pix, func=np.mean).data)


_SUNPY: dict[str, Callable[[sunpy.map.GenericMap], NDArray[np.float64]]] = {
    "EUVI": _register_euvi,
    "AIA": _register_aia,
    "HMI": _register_hmi,
}


def _total(times: Times, instruments: tuple[str, ...], steps: tuple[str, ...]) -> float:
    return sum(times[instrument, step] for instrument in instruments for step in steps)


def table(ours: Times, astropy: Times, sunpy: Times) -> Table:
    """Table of seconds by instrument and step, and of the ratios."""
    shown = Table("files", "step", "Farside, s", "SunPy, s", "ratio", "astropy, s", "ratio")
    groups = {"3 EUVI": ("EUVI",), "3 AIA": ("AIA",), "1 HMI": ("HMI",), "all 7": tuple(_SUNPY)}
    for label, instruments in groups.items():
        for steps in (*((step,) for step in STEPS), STEPS[1:], STEPS):
            mine, other = (_total(times, instruments, steps) for times in (ours, sunpy))
            row = [f"{mine:.3f}", f"{other:.2f}", f"{other / mine:.1f}×"]
            if steps == ("read",):
                third = _total(astropy, instruments, steps)
                row += [f"{third:.3f}", f"{third / mine:.1f}×"]
            shown.add_row(label, " + ".join(steps), *row, end_section=steps == STEPS)
    return shown


def print_peak(paths: Sequence[Path]) -> None:
    """Print the peak memory of this process after it prepared a set for farside-1."""
    recipe = farside.load_models(names="farside-1")["farside-1"].recipe
    prepare(paths[:3], paths[3:], recipe)
    peak = peak_megabytes()
    print(f"peak of a process that prepares all seven: {peak:.0f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clock", choices=tuple(CLOCKS), default="wall")
    global clock
    clock = CLOCKS[parser.parse_args().clock]
    ours: Times = {}
    astropy: Times = {}
    sunpy: Times = {}
    with tempfile.TemporaryDirectory() as folder:
        files = native_files(Path(folder))
        child = get_context("spawn").Process(target=print_peak, args=([path for _, path in files],))
        child.start()
        child.join()
        for step in (by_farside, by_astropy, by_sunpy):
            step(*files[0], {})  # first calls load modules and the coordinate tables
        for _ in range(PASSES):
            for instrument, path in files:
                by_farside(instrument, path, ours)
                by_astropy(instrument, path, astropy)
        for instrument, path in files:
            by_sunpy(instrument, path, sunpy)
    for times in (ours, astropy):
        times |= {key: seconds / PASSES for key, seconds in times.items()}
    Console().print(table(ours, astropy, sunpy))


if __name__ == "__main__":
    main()
