from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from farside.disk.registration import register
from farside.errors import OutOfRangeError
from farside.observation.image import read
from farside.quality import Quality
from farside.simulation.instruments.files import SimulatedSet, read_truth, write_set
from farside.sun.grid import Grid
from farside.sun.reference_epoch import reference_time
from tests.support.simulated_sets import TIME

GRID = Grid(256, 112.5)


def test_the_seven_files_are_read_as_their_instruments(small: SimulatedSet) -> None:
    observed = [read(path).origin for path in small.observations]
    referenced = [read(path).origin for path in small.references]
    assert [(o.instrument, o.band) for o in observed] == [
        ("EUVI-A", "304"),
        ("EUVI-A", "195"),
        ("EUVI-A", "171"),
    ]
    assert [(o.instrument, o.band) for o in referenced] == [
        ("AIA", "304"),
        ("AIA", "193"),
        ("AIA", "171"),
        ("HMI", "LOS"),
    ]
    assert all(o.quality == Quality.BEACON for o in observed)


@pytest.mark.parametrize(
    ("time", "longitude_deg", "expected"),
    [
        ("1990-11-01T00:00:00", 70.0, "got 1990-11-01"),
        ("1997-12-05T00:00:00", 70.0, r"got 1997-11-29.* \(epoch of the reference images\)"),
        ("2026-11-01T00:00:00", 700.0, "got 700°"),
        ("2026-11-01T00:00:00", float("nan"), "got nan°"),
    ],
)
def test_a_scene_that_cannot_be_is_refused_before_anything_is_written(
    time: str, longitude_deg: float, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(OutOfRangeError, match=expected):
        write_set(tmp_path / "out", Time(time), longitude_deg, size="small")
    assert not (tmp_path / "out").exists()


@pytest.mark.soak
def test_native_files_have_the_archives_sizes_and_types(tmp_path: Path) -> None:
    files = write_set(tmp_path, TIME, 200.0, seed=2, size="native")
    for path in files.observations:
        with fits.open(path) as hdus:
            assert hdus[0].data.shape == (2048, 2048)
            assert hdus[0].data.dtype == np.uint16
        assert read(path).origin.quality == Quality.GOOD
    for path, bits in zip(files.references, (16, 16, 16, 32), strict=True):
        with fits.open(path, disable_image_compression=True) as hdus:
            assert hdus[1].header["ZCMPTYPE"] == "RICE_1"
            assert hdus[1].header["ZBITPIX"] == bits
            assert (hdus[1].header["ZNAXIS1"], hdus[1].header["ZNAXIS2"]) == (4096, 4096)
    assert b"HGLN_OBS=                  nan" in files.references[3].read_bytes()


def test_sdo_looks_at_the_epoch_of_eq_5_at_the_same_carrington_longitude(
    small: SimulatedSet,
) -> None:
    far, front = read(small.observations[0]).origin, read(small.references[3]).origin
    lag_s = (front.time - reference_time(far.time, 70.0)).to_value(u.s)
    assert abs(lag_s) < 400
    longitudes = [o.observer.carrington_longitude_deg(o.time) for o in (far, front)]
    assert longitudes[0] == pytest.approx(longitudes[1], abs=0.5)


def test_at_earth_the_registered_magnetogram_is_the_truth(from_earth: SimulatedSet) -> None:
    seen = register(read(from_earth.references[3]), GRID).image
    truth = read_truth(from_earth.truth, GRID)
    inside = GRID.radius_px() < 0.9 * GRID.disk_radius_px
    assert np.corrcoef(seen[inside], truth[inside])[0, 1] > 0.98


def test_registered_euv_is_what_the_other_instrument_saw_at_the_same_place(
    from_earth: SimulatedSet,
) -> None:
    for ours, theirs in zip(from_earth.observations, from_earth.references[:3], strict=True):
        far, front = (np.log(register(read(p), GRID).image) for p in (ours, theirs))
        inside = GRID.radius_px() < 0.9 * GRID.disk_radius_px
        assert np.corrcoef(far[inside], front[inside])[0, 1] > 0.9


def test_truth_is_not_read_on_a_grid_of_another_scale(small: SimulatedSet) -> None:
    with pytest.raises(ValueError, match="whole fraction"):
        read_truth(small.truth, Grid(256, 100.0))
