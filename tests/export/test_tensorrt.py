"""TensorRT export with a stand-in for trtexec, as there is no GPU."""

import json
import sys
from pathlib import Path

import pytest

from export import tensorrt, triton
from export.build import Build
from export.convert import export
from export.errors import ExportError, GateError, ToolMissingError
from export.inputs import noise_inputs
from export.manifest import Manifest
from farside.model import checkpoint
from tests.export.test_convert import store
from tests.support.small_model import RECIPE

VERSIONS = {10: "101303", 11: "110000"}


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the stand-in on PATH; it records its command lines in this file."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "trtexec"
    stand_in = Path(__file__).with_name("trtexec.py")
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {stand_in} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    monkeypatch.setenv("FAKE_TRTEXEC_RECORD", str(tmp_path / "record"))
    monkeypatch.setenv("FAKE_TRTEXEC_VERSION", VERSIONS[10])
    return tmp_path / "record"


def make(repository: Path, max_batch: int = 4) -> tuple[Path, Manifest]:
    source = store(repository)
    recipe = checkpoint.read(source).recipe
    builds = [Build.of(recipe, "tensorrt", max_batch=max_batch)]
    cache = repository / "cache" / "timings"
    ((folder, manifest),) = export(source, builds, noise_inputs(recipe), cache)
    return folder, manifest


@pytest.mark.parametrize("major", VERSIONS)
def test_both_versions_build_a_plan_that_is_compared_and_published(
    major: int, record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_TRTEXEC_VERSION", VERSIONS[major])
    folder, manifest = make(tmp_path / "repository")
    asked, built, answered = map(json.loads, record.read_text().splitlines())
    assert asked == ["--help"]
    assert ("--stronglyTyped" in built) == (major == 10)
    assert {
        "--minShapes=INPUT__0:1x2x64x64",
        "--optShapes=INPUT__0:4x2x64x64",
        "--maxShapes=INPUT__0:4x2x64x64",
        f"--timingCacheFile={tmp_path}/repository/cache/timings",
    } <= set(built)
    assert "--shapes=INPUT__0:2x2x64x64" in answered
    assert manifest.libraries["tensorrt"].split(".")[0] == str(major)
    assert 1e-4 < manifest.relative_l2 <= manifest.gate == 3e-3
    config = triton.read(folder / "config.pbtxt")
    assert (config.platform, config.max_batch_size) == ("tensorrt_plan", 4)
    assert (folder / "1" / "model.plan").is_file()


def test_a_profile_of_one_image_is_given_one(record: Path, tmp_path: Path) -> None:
    assert make(tmp_path / "repository", max_batch=1)[1].shape[0] == 1


def test_float32_keeps_all_its_bits(record: Path) -> None:
    command = tensorrt.find().build_command(
        RECIPE, Build.of(RECIPE, "tensorrt", "fp32"), Path("a"), Path("b"), Path("c")
    )
    assert "--noTF32" in command


def test_a_plan_that_answers_something_else_is_not_published(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_TRTEXEC_FACTOR", "1.01")
    with pytest.raises(GateError, match=r"demo-tensorrt in fp16 differs .* expected at most 3e-03"):
        make(tmp_path / "repository")
    assert not (tmp_path / "repository" / "demo-tensorrt").exists()


def test_without_a_gpu_the_error_is_what_trtexec_says(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_TRTEXEC_NO_GPU", "1")
    with pytest.raises(ExportError, match="no CUDA-capable device is detected"):
        make(tmp_path / "repository")
    assert not (tmp_path / "repository" / "demo-tensorrt").exists()


def test_without_tensorrt_the_error_names_it_and_the_two_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tensorrt, "IN_NVIDIA_IMAGES", tmp_path / "trtexec")
    with pytest.raises(ToolMissingError, match=r"no trtexec .*Dockerfile\.tensorrt.*--target gpu"):
        make(tmp_path / "repository")


@pytest.mark.parametrize("number", ["8502", "120000"])
def test_a_tensorrt_whose_command_line_is_not_known_is_refused(
    number: str, record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_TRTEXEC_VERSION", number)
    with pytest.raises(
        ToolMissingError, match=f"TensorRT v{number}, expected major version 10 or 11"
    ):
        tensorrt.find()


def test_output_that_cannot_be_read_is_outside_every_gate(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorrt, "_call", lambda _: "")
    program = tensorrt.Trtexec(tmp_path, (10, 0, 0))
    (tmp_path / "output.json").write_text('[{"name": "OUTPUT__0", "values": [nan]}]')
    with pytest.raises(GateError, match="no readable OUTPUT__0"):
        tensorrt.run(program, RECIPE, tmp_path / "plan", noise_inputs(RECIPE).tensor, tmp_path)
