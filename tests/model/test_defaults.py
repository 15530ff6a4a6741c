"""Where models are found, in a clone and as installed."""

import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from farside.model import defaults
from farside.model.defaults import default_folder
from service.settings import Settings
from tests.support.live import ROOT
from tests.support.shipped import SHIPPED


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder without models."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FARSIDE_MODEL_REPOSITORY", raising=False)
    return tmp_path


def test_the_wheel_carries_every_shipped_model() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    files = project["tool"]["setuptools"]["data-files"]
    assert files == {
        f"share/farside/{path.parent.relative_to(ROOT)}": [
            f"{path.parent.relative_to(ROOT)}/*.safetensors",
            f"{path.parent.relative_to(ROOT)}/*.npz",
        ]
        for path in SHIPPED
    }


def test_models_are_looked_for_here_then_in_the_clone_then_as_installed(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert default_folder() == Settings().model_repository == ROOT / "model_repository"
    installed = elsewhere / "share" / "farside" / "model_repository"
    installed.mkdir(parents=True)
    monkeypatch.setattr(defaults, "__file__", str(elsewhere / "lib" / "farside" / "model" / "x.py"))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(elsewhere))
    assert default_folder() == installed
    (elsewhere / "model_repository").mkdir()
    assert default_folder() == Path("model_repository")
    monkeypatch.setenv("FARSIDE_MODEL_REPOSITORY", "/models")
    assert default_folder() == Settings().model_repository == Path("/models")


def test_the_command_line_lists_them_outside_the_clone(elsewhere: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "farside.cli", "models"],
        cwd=elsewhere,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "pix2pixcc-demo 3: " in done.stdout
