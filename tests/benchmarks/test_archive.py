import logging
import sys

import pytest

from benchmarks.archive import main


def test_files_are_scanned_their_sets_are_known_and_the_index_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["archive", "--files", "12", "--slots", "3"])
    main()
    logging.disable(logging.NOTSET)
    lines = capsys.readouterr().out.splitlines()
    # Images of three hours, each with the magnetogram of HMI of its own time: a set each or none.
    assert [line for line in lines if line.startswith("round of 3 sets, nothing due")]
    asked = lines[lines.index(next(line for line in lines if line.startswith("3 slots"))) + 1 :]
    assert len(asked) == 12
    assert all(float(line.split()[-1]) >= 0 for line in asked)
