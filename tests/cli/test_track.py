"""``farside track`` on the files of ``farside simulate``."""

from pathlib import Path

import pytest
from astropy.table import QTable
from typer.testing import CliRunner, Result

from farside.cli.app import app
from farside.errors import RegionNotSeenError
from farside.magnetogram.magnetogram import Magnetogram
from farside.observation.image import read
from farside.quality import Quality
from farside.simulation import SimulatedSet
from tests.support.bipoles import GRID, MODEL, TIME, image_of, view_of


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def hmi(simulated: SimulatedSet) -> Path:
    (path,) = (each for each in simulated.references if each.name.startswith("hmi"))
    return path


def place_of(hmi: Path) -> tuple[str, str]:
    """Time and Carrington longitude of its disk centre."""
    origin = read(hmi).origin
    return origin.time.isot, str(origin.observer.carrington_longitude_deg(origin.time))


def test_an_observed_region_gives_curve_cut_outs_and_picture(
    hmi: Path, simulated: SimulatedSet, tmp_path: Path
) -> None:
    out = tmp_path / "ar.ecsv"
    time, longitude = place_of(hmi)
    result = run(
        "track", simulated.references[0], hmi, "--longitude", longitude, "--latitude", 10,
        "--out", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert all(out.with_suffix(each).exists() for each in (".ecsv", ".fits", ".png"))
    assert "skipped" in result.stderr
    assert "expected a magnetogram" in result.stderr
    table = QTable.read(out)
    assert list(table["time"]) == [time]
    assert abs(table["meridian_deg"][0].value) < 0.1


def test_a_noaa_position_is_that_seen_from_earth(hmi: Path, tmp_path: Path) -> None:
    time, _ = place_of(hmi)
    out = tmp_path / "ar.ecsv"
    result = run(
        "track", hmi, "--noaa", 11158, "--position", "S20W12", "--time", time, "--out", out
    )
    assert result.exit_code == 0, result.output
    table = QTable.read(out)
    assert table["meridian_deg"][0].value == pytest.approx(12, abs=0.1)
    assert table["latitude_deg"][0].value == -20
    assert table.meta["region"] == "NOAA 11158"


def test_products_are_read_beside_hmi(hmi: Path, tmp_path: Path) -> None:
    view = view_of(0)
    product = Magnetogram(
        image_of(view), GRID, TIME, view.observer, "STEREO_A", Quality.BEACON, MODEL, ()
    )
    product.write(tmp_path / "far.fits")
    result = run(
        "track", tmp_path / "far.fits", "--longitude", 200, "--latitude", 18,
        "--out", tmp_path / "ar.csv",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "generated,STEREO_A,pix2pixcc 1" in (tmp_path / "ar.csv").read_text()


def test_seen_nowhere_is_an_error_and_writes_nothing(hmi: Path, tmp_path: Path) -> None:
    _, longitude = place_of(hmi)
    behind = (float(longitude) + 180) % 360
    out = tmp_path / "ar.csv"
    result = run("track", hmi, "--longitude", behind, "--latitude", 0, "--out", out)
    assert isinstance(result.exception, RegionNotSeenError)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--longitude", "10"], "--position and --time, or --longitude and --latitude"),
        (["--position", "S20W12"], "--position and --time, or --longitude and --latitude"),
        (["--position", "20S", "--time", "2024-06-01"], "S20W12"),
        (["--longitude", "1", "--latitude", "1", "--time", "then"], "2026-11-01T00:00:00"),
        (["--longitude", "1", "--latitude", "1", "--differential"], "--time"),
        (["--longitude", "1", "--latitude", "1", "--out", "a.txt"], ".csv or .ecsv"),
    ],
)
def test_what_is_missing_is_said(options: list[str], wanted: str, tmp_path: Path) -> None:
    result = run("track", tmp_path / "none.fits", *options)
    assert result.exit_code == 2
    words = " ".join(result.output.replace("│", " ").split())
    assert wanted in words
