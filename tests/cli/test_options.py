from pathlib import Path

import pytest
import typer

from farside.cli.options import check_output, progress_bar, working


def test_a_bar_is_on_standard_error_once_something_was_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("denoise-demo") as tell:
        tell(30, 121)
    told = capsys.readouterr()
    assert "denoise-demo" in told.err
    assert "25%" in told.err
    assert told.out == ""


def test_nothing_is_drawn_of_what_tells_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("denoise-demo"):
        pass
    assert "denoise-demo" not in capsys.readouterr().err


def test_a_step_of_unknown_length_shows_that_it_runs_and_nothing_where_nobody_looks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with working("simulating"):
        pass
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with working("simulating"):
        pass
    told = capsys.readouterr()
    assert "simulating" in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("far.png", r"--out is far.png, expected a name in .fits or"),
        ("far", "expected a name in"),
        (".", r". is a folder, expected --out with the name of a file"),
        ("./link.fits", "is one of the inputs"),
        ("s3://bucket/far", "is one of the inputs"),
    ],
)
def test_a_file_is_not_written_over_an_input_nor_under_another_suffix(
    out: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.fits").symlink_to(tmp_path / "far.fits")
    with pytest.raises(typer.BadParameter, match=reason):
        check_output(out, ["far.fits", "s3://bucket/far"])


def test_a_file_of_its_own_is_written() -> None:
    check_output("new.FITS", ["far.fits"])
    check_output("s3://bucket/new", ["far.fits"])
