import pytest

from farside.cli.options import progress_bar, working


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
