import subprocess
import sys
from pathlib import Path

import pytest

from export.__main__ import main
from tests.export.test_convert import store
from tests.support.live import ROOT


def call(monkeypatch: pytest.MonkeyPatch, repository: Path, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["export", "--repository", str(repository), *arguments])
    main()


def test_all_models_are_exported_and_their_figures_printed(tmp_path: Path) -> None:
    # One that is given noise: test_inputs.py simulates the Sun.
    store(tmp_path, instrument="MDI LOS")
    command = [sys.executable, "-m", "export", "--repository", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert "demo-torchscript/1/model.pt: fp32, relative L2" in lines[0]
    assert "demo-onnx/1/model.onnx" in lines[1]
    assert "on noise of seed 1" in lines[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["other"], "UnknownModelError: no model 'other'"),
        (["--formats", "onnx", "--precision", "bf16"], "ExportError: onnx in bf16"),
    ],
)
def test_an_error_is_one_sentence_and_exit_code_1(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store(tmp_path)
    with pytest.raises(SystemExit) as ended:
        call(monkeypatch, tmp_path, *arguments)
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith(sentence)


def test_an_unknown_format_is_refused_with_the_known_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        call(monkeypatch, tmp_path, "--formats", "onnx,openvino")
    assert (
        "got 'openvino', expected one or more of torchscript,onnx,tensorrt"
        in capsys.readouterr().err
    )
