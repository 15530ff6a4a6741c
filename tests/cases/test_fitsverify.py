"""Files that we write keep the FITS standard: fitsverify finds neither an error nor a warning."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from astropy.time import Time

from farside.denoising import fits as meanfile
from farside.denoising.average import average_frames
from farside.observation.drawing.limb_fit import DrawnDisk
from farside.observation.drawing.sidecar import SideCar
from farside.quality import Quality
from farside.simulation.drawings.drawing import Drawing
from farside.simulation.drawings.files import encoded
from farside.solarwind import adapt, gong, wsa
from farside.synchronic import fits as synchronic_fits
from farside.tracking.files import write_cutouts
from farside.tracking.track import TrackedRegion, track_region
from tests.cases.seeds import PLAIN, magnetogram, restored
from tests.support.bipoles import LATITUDE, LONGITUDE, MODEL, TIME, disk
from tests.support.frame_files import frames
from tests.support.synchronic_maps import synchronic_map

Write = Callable[[Path], Path]


def _far_side(folder: Path) -> Path:
    magnetogram().write(folder / "far.fits")
    return folder / "far.fits"


def _without_inputs(folder: Path) -> Path:
    made = replace(magnetogram(), inputs=(), sigma=None, brightness=())
    made.write(folder / "bare.fits")
    return folder / "bare.fits"


def _of_a_long_name(folder: Path) -> Path:
    given = magnetogram().inputs[0]
    named = replace(given, origin=replace(given.origin, name="Ω'" * 50))
    replace(magnetogram(), inputs=(named,)).write(folder / "named.fits")
    return folder / "named.fits"


def _restored(folder: Path) -> Path:
    restored().write(folder / "restored.fits")
    return folder / "restored.fits"


def _of_a_drawing(folder: Path) -> Path:
    made = replace(magnetogram(), spacecraft="EARTH", time=Time("1912-06-23T12:00:00.000"))
    made.write(folder / "drawn.fits")
    return folder / "drawn.fits"


def _map(format_: ModuleType) -> Write:
    def write(folder: Path) -> Path:
        path: Path = format_.pack(synchronic_map()).write_to(folder)
        return path

    return write


def _track(folder: Path) -> Path:
    seen = [disk(-20, name="hmi.fits"), disk(30, TIME, "far.fits", "STEREO_A", MODEL, Quality.GOOD)]
    write_cutouts(
        track_region(TrackedRegion("NOAA 1", LONGITUDE, LATITUDE, TIME), seen), folder / "ar.fits"
    )
    return folder / "ar.fits"


def _mean(folder: Path) -> Path:
    return meanfile.write(average_frames(frames(folder, 3), 3), folder / "mean.fits")


def _drawing(folder: Path) -> Path:
    time, disk = Time("2014-06-10T12:00:00"), DrawnDisk(*PLAIN.centre, PLAIN.radius)
    sheet = np.repeat(PLAIN.picture((0.2, 0.3))[..., None], 3, axis=2)
    side_car = SideCar(time_utc=time.to_datetime(), position_angle_deg=3.5, hand="one")
    path = folder / "drawing.fits"
    path.write_bytes(encoded(Drawing(sheet, disk, side_car, ()), time, "fits"))
    return path


KINDS: dict[str, Write] = {
    "far_side": _far_side,
    "far_side_without_inputs": _without_inputs,
    "far_side_of_a_long_file_name": _of_a_long_name,
    "restored": _restored,
    "of_a_drawing": _of_a_drawing,
    "map": _map(synchronic_fits),
    "gong": _map(gong),
    "adapt": _map(adapt),
    "wsa": _map(wsa),
    "track": _track,
    "mean": _mean,
    "drawing": _drawing,
}


@pytest.mark.filterwarnings("ignore:.*dubious year")
@pytest.mark.parametrize("write", KINDS.values(), ids=KINDS.keys())
def test_fitsverify_finds_no_error_and_no_warning(write: Write, tmp_path: Path) -> None:
    program = shutil.which("fitsverify")
    if program is None:
        pytest.skip("no fitsverify (Debian package fitsverify)")
    path = write(tmp_path)
    report = subprocess.run(  # noqa: S603
        [program, str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert "Verification found 0 warning(s) and 0 error(s)" in report.stdout, report.stdout
    assert report.returncode == 0


def test_fitsverify_sees_a_fault(tmp_path: Path) -> None:
    program = shutil.which("fitsverify")
    if program is None:
        pytest.skip("no fitsverify (Debian package fitsverify)")
    data = bytearray(_far_side(tmp_path).read_bytes())
    data[data.index(b"HGLN_OBS") + 10] = 0
    (tmp_path / "bad.fits").write_bytes(data)
    report = subprocess.run(  # noqa: S603
        [program, "-q", str(tmp_path / "bad.fits")], capture_output=True, text=True, check=False
    )
    assert "OK" not in report.stdout
    assert report.returncode != 0
