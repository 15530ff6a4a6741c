from pathlib import Path

import pytest
from typer.testing import CliRunner

from farside.cli.app import app, main

run = CliRunner().invoke


def test_reference_time_is_that_of_eq_5() -> None:
    result = run(
        app, ["reference-time", "--time", "2026-11-01T00:00:00", "--stereo-longitude", "90"]
    )
    assert result.exit_code == 0
    assert result.output.startswith("2026-10-25T04:12:00")  # 6.825 days earlier


def test_a_time_that_is_none_is_refused_with_an_example() -> None:
    result = run(app, ["reference-time", "--time", "yesterday", "--stereo-longitude", "90"])
    assert result.exit_code == 2
    assert "2026-11-01T00:00:00" in result.output


def test_an_error_is_one_sentence_on_standard_error_and_exit_code_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "notes.fits"
    text.write_text("no image")
    monkeypatch.setattr("sys.argv", ["farside", "quicklook", str(text)])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 1
    message = capsys.readouterr().err
    assert message.startswith("NotFitsError: ")
    assert message.count("\n") == 1


def test_a_file_that_is_not_there_is_one_sentence_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["farside", "quicklook", "nowhere.fits"])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 1
    assert "nowhere.fits" in capsys.readouterr().err
