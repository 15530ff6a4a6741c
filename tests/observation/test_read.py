"""Images and drawings in one set, each drawing with its side-car."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from astropy.time import Time

from farside.errors import MissingMetadataError, SideCarError
from farside.observation.drawing.sidecar import with_side_car
from farside.observation.read import read_each
from farside.simulation.drawings.files import DrawnFiles, write_drawing
from tests.support.native_model import hmi_file
from tests.support.once import once


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> DrawnFiles:
    return once(tmp_path_factory, "drawn", write_drawing, Time("2014-06-10T12:00:00"), 3)


def upload(path: Path) -> io.BytesIO:
    file = io.BytesIO(path.read_bytes())
    file.name = path.name
    return file


def test_a_path_brings_the_side_car_beside_it(drawn: DrawnFiles) -> None:
    (seen,) = read_each([drawn.drawing])
    assert (seen.origin.instrument, seen.origin.time.isot[:10]) == ("DRAWING", "2014-06-10")


def test_uploads_are_paired_by_name_in_any_order(drawn: DrawnFiles) -> None:
    hmi, seen = read_each([upload(drawn.side_car), io.BytesIO(hmi_file()), upload(drawn.drawing)])
    assert (hmi.origin.instrument, seen.origin.instrument) == ("HMI", "DRAWING")
    assert seen.origin.name == drawn.drawing.name


def test_a_picture_without_a_side_car_has_no_date(drawn: DrawnFiles) -> None:
    with pytest.raises(MissingMetadataError, match=r"a picture.*expected a FITS.*side-car"):
        list(read_each([upload(drawn.drawing)]))


def test_a_side_car_without_its_drawing_is_refused(drawn: DrawnFiles) -> None:
    with pytest.raises(SideCarError, match=f"{drawn.side_car.name}: no drawing of this name"):
        list(read_each([upload(drawn.side_car), io.BytesIO(hmi_file())]))


def test_an_instrument_s_file_is_not_a_drawing_for_the_json_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "hmi.fits"
    path.write_bytes(hmi_file())
    path.with_suffix(".json").write_text('{"not": "of a drawing"}')
    (seen,) = read_each([path])
    assert seen.origin.instrument == "HMI"
    assert with_side_car(path) == [path]


def test_a_client_sends_the_side_car_along(drawn: DrawnFiles) -> None:
    assert with_side_car(drawn.drawing) == [drawn.drawing, drawn.side_car]
    assert with_side_car(drawn.side_car) == [drawn.side_car]
