"""``farside synchronic`` on files, here and through the running service."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from farside.cli.app import app
from farside.errors import IncompleteSetError, SaturatingModelError
from farside.quality import Quality
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.base import read_base
from tests.support.live import Server
from tests.support.map_files import MapFiles


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def files_of(given: MapFiles) -> list[object]:
    return [
        "--observed", given.observed, "--generated", given.generated, "--base", given.base
    ]  # fmt: skip


def test_the_map_and_its_pictures_lie_side_by_side(map_files: MapFiles, tmp_path: Path) -> None:
    out = tmp_path / "maps" / "sun.fits"
    result = run("synchronic", *files_of(map_files), "--out", out)
    assert result.exit_code == 0, result.output
    made = synchronic_fits.read(out)
    assert [source.kind for source in made.sources] == ["observed", "generated", "base"]
    assert made.time.isot == map_files.time.isot
    names = {"sun.fits", "sun.png", "sun-planes.png"}
    assert {path.name for path in out.parent.iterdir()} == names
    for picture in out.parent.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG\r\n")
    assert {Path(line).name for line in result.stdout.split()} == names
    assert "SIMULATED_TRAINING" in result.stderr


def test_another_format_lies_in_a_folder_of_its_own(map_files: MapFiles, tmp_path: Path) -> None:
    options = ("--format", "gong", "--flux-scale", 0.65, "--out", tmp_path / "sun.fits")
    result = run("synchronic", *files_of(map_files), *options)
    assert result.exit_code == 0, result.output
    (path,) = (tmp_path / "gong").iterdir()
    assert str(path) in result.stdout
    gong, made = read_base(path), synchronic_fits.read(tmp_path / "sun.fits")
    inside = np.abs(made.field_gauss) > 20
    np.testing.assert_allclose(
        gong.field_gauss[inside], 0.65 * made.field_gauss[inside], rtol=0.01, atol=0.1
    )


def test_a_service_makes_the_same_map(map_files: MapFiles, server: Server, tmp_path: Path) -> None:
    here, there = tmp_path / "here.fits", tmp_path / "there.fits"
    time = ("--time", f"{map_files.time.isot[:10]}T23:00:00")
    for out, options in ((here, ()), (there, ("--server", server.url))):
        result = run("synchronic", *files_of(map_files), *time, "--out", out, *options)
        assert result.exit_code == 0, result.output
    ours, theirs = synchronic_fits.read(here), synchronic_fits.read(there)
    assert np.array_equal(ours.field_gauss, theirs.field_gauss)
    assert (ours.time.isot, ours.quality) == (theirs.time.isot, theirs.quality)


def test_without_far_side_and_base_there_is_still_a_map(
    map_files: MapFiles, tmp_path: Path
) -> None:
    result = run("synchronic", "--observed", map_files.observed, "--out", tmp_path / "sun.fits")
    assert result.exit_code == 0, result.output
    quality = synchronic_fits.read(tmp_path / "sun.fits").quality
    assert Quality.NO_STEREO | Quality.NO_BASE in quality


def test_nothing_at_all_is_an_error_and_writes_nothing(tmp_path: Path) -> None:
    result = run("synchronic", "--out", tmp_path / "sun.fits")
    assert isinstance(result.exception, IncompleteSetError)
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_saturates_is_to_be_asked_for(map_files: MapFiles, tmp_path: Path) -> None:
    files = ("--generated", map_files.saturating, "--out", tmp_path / "sun.fits")
    assert isinstance(run("synchronic", *files).exception, SaturatingModelError)
    assert run("synchronic", *files, "--allow-saturating").exit_code == 0


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--flux-scale", "2"], "needs another --format"),
        (["--format", "gong", "--flux-scale", "0"], "greater than or equal to 0.01"),
        (["--format", "mdi"], "'native', 'gong', 'adapt', 'wsa'"),
        (["--time", "then"], "2026-11-01T00:00:00"),
    ],
)
def test_what_cannot_be_asked_for_is_said(options: list[str], wanted: str, tmp_path: Path) -> None:
    result = run("synchronic", "--out", tmp_path / "sun.fits", *options)
    assert result.exit_code == 2
    assert wanted in " ".join(result.output.replace("│", " ").split())
