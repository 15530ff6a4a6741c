"""Metrics on a full disk: an error that says so, and no process that ends by SIGBUS."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict

from farside.errors import FarsideError
from service.metric_files import FIRST_BYTES, ReservedFile
from tests.support.full_disk import largest_file


def test_a_new_file_has_its_room_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "counter_1.db"
    with closing(ReservedFile(str(path))):
        pass
    assert path.stat().st_blocks * 512 >= FIRST_BYTES


def test_without_room_for_a_new_file_the_error_says_what_and_where(tmp_path: Path) -> None:
    with (
        largest_file(1000),
        pytest.raises(FarsideError, match=rf"in {tmp_path}, expected {FIRST_BYTES} bytes"),
    ):
        ReservedFile(str(tmp_path / "counter_1.db"))


def test_a_series_without_room_is_in_the_file_once_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "counter_1.db"
    names = [f"series {n:05d}" + 80 * "x" for n in range(2000)]
    with closing(ReservedFile(str(path))) as file:
        with largest_file(FIRST_BYTES):
            for number, name in enumerate(names):
                assert file.read_value(name) == (0.0, 0.0)
                file.write_value(name, float(number), 0.0)
        (line,) = caplog.messages
        assert str(path) in line
        for number, name in enumerate(names):
            file.write_value(name, float(number), 0.0)
    read = MmapedDict.read_all_values_from_file(str(path))  # type: ignore[no-untyped-call]
    written = {key: value for key, value, _, _ in read}
    assert written == {name: float(number) for number, name in enumerate(names)}
    assert path.stat().st_blocks * 512 >= path.stat().st_size
