from pathlib import Path
from threading import Event, Thread

import pytest

from export import wholefolder
from export.wholefolder import atomic_version


@pytest.fixture(params=["in one step", "in two"])
def repository(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    if request.param == "in two":
        monkeypatch.setattr(wholefolder, "_exchange", lambda *_: False)
    (tmp_path / "demo").mkdir()
    return tmp_path


def put(repository: Path, version: str, text: str) -> Path:
    folder = repository / "demo-onnx"
    with atomic_version(folder, version, repository / "demo") as temporary:
        (temporary / version / "model.onnx").write_text(text)
        (temporary / "config.pbtxt").write_text(text)
    return folder


def files(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_a_version_replaces_itself_and_leaves_the_others_and_nothing_else(repository: Path) -> None:
    put(repository, "1", "one")
    put(repository, "2", "two")
    folder = put(repository, "2", "two again")
    assert files(folder) == {
        "1/model.onnx": "one",
        "2/model.onnx": "two again",
        "config.pbtxt": "two again",
    }
    assert sorted(path.name for path in repository.iterdir()) == ["demo", "demo-onnx"]
    assert not list((repository / "demo").iterdir())


def test_after_an_error_the_old_directory_stays_and_nothing_is_left(repository: Path) -> None:
    folder = put(repository, "1", "one")
    with (
        pytest.raises(RuntimeError, match="half-way"),
        atomic_version(folder, "1", repository / "demo") as temporary,
    ):
        (temporary / "1" / "model.onnx").write_text("half")
        raise RuntimeError("half-way")
    assert files(folder) == {"1/model.onnx": "one", "config.pbtxt": "one"}
    assert not list((repository / "demo").iterdir())


def test_nothing_unfinished_lies_in_the_repository_where_triton_looks_for_models(
    repository: Path,
) -> None:
    folder = repository / "demo-onnx"
    with atomic_version(folder, "1", repository / "demo"):
        assert [path.name for path in repository.iterdir()] == ["demo"]


def test_a_reader_never_meets_a_missing_or_mixed_directory(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    folder = put(tmp_path, "1", "0")
    stop, seen = Event(), set[str]()

    def read() -> None:
        while not stop.is_set():
            try:
                held = folder.resolve().joinpath("config.pbtxt").read_text()
            except OSError as error:
                held = str(error)
            seen.add(held)

    reader = Thread(target=read)
    reader.start()
    for text in map(str, range(100)):
        put(tmp_path, "1", text)
    stop.set()
    reader.join()
    assert seen <= set(map(str, range(100)))
