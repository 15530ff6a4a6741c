"""The boundary file: line by line, there and back, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.time import Time

import farside
from farside.errors import FormatError
from farside.solarwind.euhforia import Boundary, read, write

COLATITUDE, LONGITUDE = np.radians([45.0, 135.0]), np.radians([-120.0, 0.0, 120.0])
STEPS = np.arange(6.0).reshape(2, 3)
BOUNDARY = Boundary(
    time=Time("2022-03-02T06:14:00", scale="utc"),
    colatitude_rad=COLATITUDE,
    longitude_rad=LONGITUDE,
    speed_m_s=3e5 + 1e4 * STEPS,
    number_density_m3=1e9 / (1 + STEPS),
    temperature_k=5e5 + STEPS / 3,
    radial_field_t=1e-7 * (STEPS - 2.5),
)


def test_the_file_has_the_lines_of_euhforia_with_colatitude_running_fastest(tmp_path: Path) -> None:
    path = write(BOUNDARY, tmp_path)
    assert path.name == "solar_wind_boundary_20220302T061400.dat"
    lines = path.read_text().splitlines()
    assert lines[:6] == [
        "Time:",
        "2022-03-02T06:14:00",
        "Radius of sphere:",
        "14959787070.0",
        "Number of colatitude grid points:",
        "2",
    ]
    assert lines[6] == "Colatitude grid points:"
    assert [float(line) for line in lines[7:9]] == pytest.approx(COLATITUDE)
    assert lines[9:12] == ["Number of longitude grid points:", "3", "Longitude grid points:"]
    assert [float(line) for line in lines[12:15]] == pytest.approx(LONGITUDE)
    assert [lines[i] for i in (15, 22, 29, 36)] == ["vr", "number_density", "temperature", "Br"]
    first = [float(line) for line in lines[16:22]]
    assert first == pytest.approx([3.0e5, 3.3e5, 3.1e5, 3.4e5, 3.2e5, 3.5e5])
    assert len(lines) == 43


def test_the_public_reader_knows_the_boundary(tmp_path: Path) -> None:
    found = farside.read_product(write(BOUNDARY, tmp_path))
    assert isinstance(found, Boundary)
    np.testing.assert_array_equal(found.radial_field_t, BOUNDARY.radial_field_t)


def test_the_file_gives_back_every_number(tmp_path: Path) -> None:
    found = read(write(BOUNDARY, tmp_path))
    assert abs((found.time - BOUNDARY.time).to_value("s")) < 1e-6
    for name, value in vars(BOUNDARY).items():
        if name != "time":
            assert np.array_equal(getattr(found, name), value), name


def test_nothing_is_left_of_a_boundary_that_is_refused(tmp_path: Path) -> None:
    holed = BOUNDARY.speed_m_s.copy()
    holed[1, 1] = np.nan
    with pytest.raises(FormatError, match="vr of the boundary has 1 values that are not finite"):
        write(replace(BOUNDARY, speed_m_s=holed), tmp_path)
    with pytest.raises(
        FormatError, match=r"Br of the boundary has shape \(3, 2\), expected \(2, 3\)"
    ):
        write(replace(BOUNDARY, radial_field_t=BOUNDARY.radial_field_t.T), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("14959787070.0", "1.0", "a sphere of 1.0 m, expected"),
        ("temperature", "pressure", "got 'pressure', expected 'temperature'"),
        ("2022-03-02T06:14:00", "yesterday", "not a boundary file"),
        ("points:\n3", "points:\n4", "not a boundary file"),
    ],
)
def test_another_file_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = write(BOUNDARY, tmp_path)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(FormatError, match=message):
        read(path)


def test_more_than_a_boundary_is_refused(tmp_path: Path) -> None:
    path = write(BOUNDARY, tmp_path)
    path.write_text(path.read_text() + "1.0\n")
    with pytest.raises(FormatError, match=r"got '1.0' after the last block"):
        read(path)


@pytest.mark.parametrize("longitude", [[0.0, 0.0, 1.0], [0.0, np.nan, 1.0]])
def test_coordinates_that_do_not_rise_are_refused(longitude: list[float], tmp_path: Path) -> None:
    bad = replace(BOUNDARY, longitude_rad=np.array(longitude))
    with pytest.raises(FormatError, match="longitude of the boundary does not rise"):
        write(bad, tmp_path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = write(BOUNDARY, tmp_path)
    path.write_text("\n".join(path.read_text().splitlines()[:-2]))
    with pytest.raises(FormatError, match="truncated"):
        read(path)
