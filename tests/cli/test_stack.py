"""``farside simulate-frames``, ``stack`` and ``noise``."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from farside.cli.app import app
from farside.errors import DamagedImageError, FrameSeriesError
from farside.observation.image import read
from tests.support.frame_files import frames


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return frames(tmp_path_factory.mktemp("three"), 3, noise_gauss=30.0)


def test_a_series_becomes_one_magnetogram(three: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "mean.fits"
    result = run("stack", *three, "--count", 3, "--out", out)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(out)
    assert "noise at disk centre" in result.stderr
    assert read(out).origin.is_magnetogram


def test_a_series_with_a_gap_is_an_error_and_writes_nothing(
    three: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "mean.fits"
    result = run("stack", *three[:2], "--count", 3, "--out", out)
    assert isinstance(result.exception, FrameSeriesError)
    assert not list(tmp_path.iterdir())


def test_the_noise_of_a_disk_too_small_to_tell_is_an_error(three: list[Path]) -> None:
    result = run("noise", three[0])
    assert isinstance(result.exception, DamagedImageError)
    assert "expected 1000" in str(result.exception)


def test_simulated_frames_are_stacked_and_measured(tmp_path: Path) -> None:
    made = run(
        "simulate-frames", "--time", "2013-11-01T00:00:00", "--seed", 3, "--count", 3,
        "--small", "--out", tmp_path,
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    *paths, truth = made.stdout.split()
    assert len(paths) == 3
    assert Path(truth).parent == tmp_path / "truth"
    assert run("stack", *paths, "--count", 3, "--out", tmp_path / "mean.fits").exit_code == 0
    printed = run("noise", paths[1], tmp_path / "mean.fits", truth).stdout
    one, mean, none = (float(value) for value in re.findall(r"centre (\S+) G", printed))
    assert none < mean < one


@pytest.mark.parametrize(
    ("options", "wanted"),
    [(["--count", "4"], "odd number"), (["--time", "then"], "2026-11-01T00:00:00")],
)
def test_what_is_wrong_with_an_option_is_said(
    options: list[str], wanted: str, tmp_path: Path
) -> None:
    given = {"--time": "2013-11-01T00:00:00", "--out": str(tmp_path)}
    given |= dict(zip(options[::2], options[1::2], strict=True))
    result = run("simulate-frames", *(part for pair in given.items() for part in pair))
    assert result.exit_code == 2
    assert wanted in " ".join(result.output.replace("│", " ").split())
