from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from farside.cli.app import app
from farside.errors import OutOfRangeError
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.checkpoint import FILE_NAME
from farside.observation.drawing.read import read_drawing
from tests.support.drawn_suns import Plain, encoded, side_car
from tests.support.small_drawings import RECIPE, write_model


def simulated(time: str, out: Path, hand: str) -> Result:
    arguments = ["--time", time, "--out", str(out), "--hand", hand, "--radius", "200"]
    return CliRunner().invoke(app, ["simulate-drawing", *arguments])


def test_a_drawing_its_side_car_and_its_truth_are_written(tmp_path: Path) -> None:
    result = simulated("1999-06-01T15:00:00", tmp_path, "galileo")
    assert result.exit_code == 0, result.output
    drawing, side_car, truth = (Path(line) for line in result.output.split())
    assert side_car == drawing.with_suffix(".json")
    assert truth.parent == tmp_path / "truth"
    assert str(read_drawing(drawing).origin) == "DRAWING WHITE 1999-06-01T15:00:00"


def test_an_unknown_hand_is_refused_with_those_there_are(tmp_path: Path) -> None:
    result = simulated("2014-04-01T15:00:00", tmp_path, "rembrandt")
    assert result.exit_code == 2
    assert "galileo" in result.output


@pytest.mark.filterwarnings("ignore:.*dubious year")
@pytest.mark.parametrize("year", ["1990", "1612"])
def test_a_time_before_the_sun_begins_is_refused_before_anything_is_written(
    year: str, tmp_path: Path
) -> None:
    result = simulated(f"{year}-06-23T12:00:00", tmp_path / "out", "galileo")
    assert isinstance(result.exception, OutOfRangeError)
    assert f"got {year}" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_a_drawing_is_translated_with_the_side_car_beside_it(tmp_path: Path) -> None:
    write_model(tmp_path / "models" / "drawing" / RECIPE.version / FILE_NAME)
    drawing, out = tmp_path / "sun.png", tmp_path / "sun.fits"
    drawing.write_bytes(encoded(Plain().picture((0.3, 0.2))))
    drawing.with_suffix(".json").write_bytes(side_car(north_up=True))
    arguments = ["--model", "drawing", "--observation", str(drawing), "--out", str(out)]
    result = CliRunner().invoke(
        app, ["generate", *arguments, "--repository", str(tmp_path / "models")]
    )
    assert result.exit_code == 0, result.output
    assert Magnetogram.read(out).brightness[0].band == "AIA 304"
