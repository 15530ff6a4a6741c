"""Each file of the table gives what is right: a value, a flag, or a clear refusal."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from farside import errors
from farside.disk.registration import register
from farside.errors import InputError
from farside.magnetogram.magnetogram import Magnetogram
from farside.observation.drawing.read import read_drawing
from farside.observation.image import Observation, read
from farside.quality import Quality
from farside.sun.grid import Grid
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.base import read_base
from farside.synchronic.disk import read_generated
from farside.synchronic.map import BaseMap, SynchronicMap
from tests.cases.files import FILES

TABLE = Path(__file__).with_name("cases.csv")
SHARED = Path(__file__).with_name("shared.csv")
"""What is right of files that lie beside the checkout, in shared/data/cases."""

GRID = Grid(128, 50.0)

Facts = dict[str, str | float]


@dataclass(frozen=True)
class Case:
    """A row of the table."""

    file: str
    reader: str
    outcome: str
    value: str

    def __str__(self) -> str:
        return f"{self.file}-{self.reader}"


def table(path: Path = TABLE) -> list[Case]:
    with path.open(newline="") as file:
        return [Case(**row) for row in csv.DictReader(file, delimiter=";")]


@cache
def data_of(name: str) -> bytes:
    return FILES[name]()


def observed(data: bytes) -> Facts:
    return _of_image(read(data))


def drawn(data: bytes) -> Facts:
    picture, _, side_car = data.partition(b"\0--side-car--")
    return _of_image(read_drawing(picture, side_car or None))


def _of_image(seen: Observation) -> Facts:
    inside = register(seen, GRID).image
    values = inside[GRID.on_disk() & np.isfinite(inside)]
    return {
        "time": str(seen.origin.time.utc.isot),
        "median": float(np.median(values)),
        "strongest": float(np.abs(values).max()),
        "quality": _names(seen.origin.quality),
    }


def based(data: bytes) -> Facts:
    base: BaseMap = read_base(data)
    values = np.nan_to_num(base.field_gauss)
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    return {
        "time": str(base.time.utc.isot),
        "longitude": float(base.grid.longitude_deg[column]),
        "sine": float(np.sin(np.radians(base.grid.latitude_deg[row]))),
        "strongest": float(np.abs(values).max()),
        "quality": _names(base.quality),
    }


def generated(data: bytes) -> Facts:
    read_generated(data)
    made = Magnetogram.read(data)
    return _of_product(made, made.image)


def mapped(data: bytes) -> Facts:
    made = synchronic_fits.read(data)
    return _of_product(made, made.field_gauss)


def _of_product(made: Magnetogram | SynchronicMap, field: np.ndarray) -> Facts:
    return {
        "time": str(made.time.utc.isot),
        "strongest": float(np.nanmax(np.abs(field))),
        "quality": _names(made.quality),
    }


def _names(quality: Quality) -> str:
    return ",".join(quality.names())


READERS: dict[str, Callable[[bytes], Facts]] = {
    "observation": observed,
    "base": based,
    "product": generated,
    "map": mapped,
    "drawing": drawn,
}
TOLERANCES = {"median": 10.0, "strongest": 6.0, "longitude": 0.6, "sine": 0.01}


def found(read_facts: Callable[[bytes], Facts], data: bytes) -> Facts | InputError:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*dubious year")
            return read_facts(data)
    except InputError as error:
        return error


def check(case: Case, result: Facts | InputError) -> None:
    """Compare what was found with a row."""
    if isinstance(result, InputError):
        allowed = "refused" in case.outcome or isinstance(
            result, getattr(errors, case.outcome.split()[0], ())
        )
        assert allowed, f"{type(result).__name__}: {result}; expected {case.outcome}"
        return
    assert {"read", "flagged"} & set(case.outcome.split()), f"{result}; expected {case.outcome}"
    if "flagged" in case.outcome:
        assert result["quality"], "no bit of QUALITY is set"
    for word in case.value.split():
        key, _, expected = word.partition("=")
        if key in TOLERANCES:
            near = pytest.approx(float(expected), rel=0.005, abs=TOLERANCES[key])
            assert result[key] == near, key
        elif key == "time":
            assert str(result["time"]).startswith(expected)
        else:
            assert set(expected.split(",")) <= set(str(result[key]).split(",")), result[key]


@pytest.mark.parametrize("case", table(), ids=str)
def test_each_file_gives_what_is_right(case: Case) -> None:
    check(case, found(READERS[case.reader], data_of(case.file)))


def test_the_table_names_every_file() -> None:
    assert {case.file for case in table()} == set(FILES)


@pytest.mark.parametrize("case", table(SHARED), ids=str)
def test_each_shared_file_gives_what_is_right(case: Case, shared_data: Path) -> None:
    path = shared_data / "cases" / case.file
    check(case, found(READERS[case.reader], path.read_bytes()))
