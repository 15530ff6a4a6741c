"""``farside coronal`` on a map as ``farside synchronic`` writes it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from farside.cli.app import app
from farside.solarwind import euhforia
from farside.sun.carrington_grid import CarringtonGrid
from farside.synchronic import fits as synchronic_fits
from tests.clients import programs
from tests.support.synchronic_maps import NOW, synchronic_map


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["coronal", *map(str, arguments)])


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = synchronic_map(CarringtonGrid(128, 64))
    return synchronic_fits.write(made, tmp_path_factory.mktemp("map") / "map.fits")


@pytest.mark.parametrize(("law", "fastest_km_s"), [("euhforia", 625), ("wsa", 910)])
def test_a_map_gives_pictures_and_the_boundary_of_the_heliosphere(
    law: str, fastest_km_s: float, chart: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "corona"
    result = run(chart, "--out", out, "--law", law)
    assert result.exit_code == 0, result.output
    names = ["corona.png", "solar_wind_boundary_20181106T000430.dat", "wind.png"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert all(str(out / name) in result.stdout for name in names)
    found = euhforia.read(out / names[1])
    assert found.time.isot[:19] == NOW.isot[:19]
    assert 250e3 < found.speed_m_s.min() < found.speed_m_s.max() <= fastest_km_s * 1e3
    assert "open" in result.stderr


def test_a_current_sheet_above_the_source_surface_is_refused(chart: Path, tmp_path: Path) -> None:
    result = run(chart, "--out", tmp_path, "--source-surface", 2.0, "--current-sheet", 2.2)
    assert result.exit_code == 2
    assert "expected more than 1 and at most 2" in " ".join(result.output.split())


def test_without_its_packages_it_says_what_to_install(
    chart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    result = run(chart, "--out", tmp_path / "none")
    assert result.exit_code == 1
    assert "pip install numba" in result.output
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "name",
    ["gong_mrbqs220302t0614c2254_009.fits", "adapt40411_02e012_201708132000_i00020000n0.fts"],
)
def test_real_maps_are_taken(name: str, shared_data: Path, tmp_path: Path) -> None:
    # In a process of its own: 0.6 GB.
    done = programs.run("farside", "coronal", shared_data / "real" / name, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    (found,) = tmp_path.glob("*.dat")
    assert euhforia.read(found).speed_m_s.shape == (90, 180)
