"""``farside wind`` on maps as ``farside synchronic`` writes them."""

import csv
from pathlib import Path

import pytest
from astropy.io import fits
from typer.testing import CliRunner, Result

from farside.cli.app import app
from farside.sun.carrington_grid import CarringtonGrid
from farside.synchronic import fits as synchronic_fits
from tests.support.synchronic_maps import synchronic_map

FEW = "--realisations", 1


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["wind", *map(str, arguments)])


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = synchronic_map(CarringtonGrid(128, 64))
    return synchronic_fits.write(made, tmp_path_factory.mktemp("map") / "map.fits")


def test_a_map_gives_the_wind_its_streams_a_plot_and_a_velocity_file(
    chart: Path, tmp_path: Path
) -> None:
    omni, out = tmp_path / "omni.csv", tmp_path / "wind"
    omni.write_text("year,DOY,hour,Vsw\n2018,311,0,400\n2018,311,1,450\n2018,311,2,9999\n")
    result = run(chart, "--out", out, "--to", "2018-11-08T00:00:00", "--omni", omni, *FEW)
    assert result.exit_code == 0, result.output
    names = ["farside_vel_21.5rs_201811060004.fits", "streams.csv", "wind.csv", "wind.png"]
    assert sorted(path.name for path in out.iterdir()) == names
    with (out / "wind.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["time_utc", "speed_km_s", "polarity", "spread"]
    assert rows[0]["time_utc"] == "2018-11-06T00:04:30"
    assert len(rows) == 48
    assert all(250 < float(row["speed_km_s"]) < 900 for row in rows)
    assert fits.getdata(out / names[0]).shape == (2, 90, 180)
    assert "beside OMNI, 2 hours" in result.stderr


def test_realisations_of_the_map_add_to_the_spread_alone(chart: Path, tmp_path: Path) -> None:
    # By the law that does not smooth its map of the speed: regions of either polarity show at once.
    def column(name: str, folder: Path) -> list[float]:
        with (folder / "wind.csv").open() as file:
            return [float(row[name]) for row in csv.DictReader(file)]

    for count in (0, 2):
        law = "--law", "wsa", "--realisations", count
        result = run(chart, "--out", tmp_path / str(count), "--to", "2018-11-12", *law)
        assert result.exit_code == 0, result.output
    assert column("speed_km_s", tmp_path / "0") == column("speed_km_s", tmp_path / "2")
    plain, realised = (column("spread", tmp_path / count) for count in ("0", "2"))
    assert all(more > less for less, more in zip(plain, realised, strict=True))
    assert sum(realised) > 2 * sum(plain)


def test_an_end_before_the_begin_is_refused(chart: Path, tmp_path: Path) -> None:
    result = run(chart, "--out", tmp_path, "--to", "2018-11-05T00:00:00", *FEW)
    assert result.exit_code == 2
    assert "expected some hours after" in " ".join(result.output.split())
