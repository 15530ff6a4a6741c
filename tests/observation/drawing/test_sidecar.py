"""The JSON beside a drawing."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farside.errors import FileTooLargeError, InputError, SideCarError
from farside.observation.drawing.sidecar import MAX_BYTES, SideCar, read_side_car, side_car_of


def parsed(**keys: object) -> SideCar:
    return read_side_car(json.dumps(keys).encode())


@pytest.mark.parametrize(
    ("given_", "isot", "of_a_day"),
    [
        ("1612-06-23", "1612-06-23T12:00:00.000", True),
        ("1612-06-23T00:00:00", "1612-06-23T00:00:00.000", False),
        ("2014-04-01T15:00", "2014-04-01T15:00:00.000", False),
        ("2014-04-01T15:00:00.5Z", "2014-04-01T15:00:00.500", False),
        ("2014-04-01T15:00:00-08:00", "2014-04-01T23:00:00.000", False),
    ],
)
def test_times_are_utc_and_a_day_is_its_noon(given_: str, isot: str, of_a_day: bool) -> None:
    side_car = parsed(time_utc=given_)
    assert (side_car.isot, side_car.is_date_only) == (isot, of_a_day)


def test_north_up_is_a_position_angle_of_zero() -> None:
    assert parsed(north_up=True).orientation_deg == 0
    assert parsed(position_angle_deg=-26.3).orientation_deg == -26.3
    assert parsed().orientation_deg is None


def test_a_side_car_survives_writing_and_reading() -> None:
    side_car = parsed(
        time_utc="2014-04-01T15:00:00", position_angle_deg=-26.0, mirrored=True,
        centre_px=[500.5, 510.25], radius_px=400.0, observer="A. N.", hand="pencil",
    )  # fmt: skip
    assert read_side_car(side_car.to_json()) == side_car


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"position_angle": 3.0}, "position_angle: Extra"),
        ({"time_utc": "yesterday"}, "time_utc"),
        ({"time_utc": 1396364400}, "time_utc"),
        ({"position_angle_deg": "3"}, "position_angle_deg"),
        ({"position_angle_deg": 400.0}, "position_angle_deg"),
        ({"position_angle_deg": 3.0, "north_up": True}, "expected only one of them"),
        ({"radius_px": 400.0}, "both or none"),
        ({"radius_px": -1.0, "centre_px": [1.0, 1.0]}, "radius_px"),
        ({"centre_px": [1.0], "radius_px": 1.0}, "centre_px"),
        ({"mirrored": "yes"}, "mirrored"),
        ({"observer": "x" * 101}, "observer"),
    ],
)
def test_the_invalid_field_is_named(keys: dict[str, object], found: str) -> None:
    with pytest.raises(SideCarError, match=found):
        parsed(**keys)


def test_a_large_side_car_is_refused() -> None:
    with pytest.raises(FileTooLargeError, match="side-car"):
        read_side_car(b" " * (MAX_BYTES + 1))


def test_infinity_is_refused() -> None:
    with pytest.raises(SideCarError):
        read_side_car(b'{"position_angle_deg": Infinity}')


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)))
def test_any_bytes_give_a_side_car_or_an_input_error(data: bytes) -> None:
    with contextlib.suppress(InputError):
        read_side_car(data)


def test_a_side_car_is_found_beside_its_drawing(tmp_path: Path) -> None:
    drawing = tmp_path / "a.b.png"
    assert side_car_of(drawing) is None
    (tmp_path / "a.b.json").write_bytes(b"{}")
    assert side_car_of(drawing) == b"{}"
