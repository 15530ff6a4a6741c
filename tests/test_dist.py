"""The release: one version, a whole wheel, and what an empty environment makes of it."""

import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

import farside
from export.card import cards
from farside.model.checkpoint import newest_versions
from tests.support.live import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]


def test_the_version_is_the_same_wherever_it_is_said() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == farside.__version__
    assert "version" in PROJECT["project"]["dynamic"]
    assert f"## {farside.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_shipped_model_is_in_the_wheel() -> None:
    packed = PROJECT["tool"]["setuptools"]["data-files"]
    shipped = {path.parent.relative_to(ROOT) for path in newest_versions(ROOT / "model_repository")}
    assert {Path(folder).relative_to("share/farside") for folder in packed} == shipped


def test_an_upper_bound_of_a_dependency_has_a_reason_beside_it() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    bounded = [line for line in lines if re.search(r'"[\w\[\]-]+[^"]*<\s*\d', line)]
    assert [line for line in bounded if "#" not in line] == []


def test_the_card_of_each_model_is_that_of_its_recipe() -> None:
    made = dict(cards(ROOT / "model_repository"))
    assert made
    for path, text in made.items():
        assert path.read_text() == text, "make cards"
        front = yaml.safe_load(text.split("---\n")[1])
        assert front["license"] == "bsd-3-clause"


def test_the_workflows_are_what_the_schema_of_workflows_says() -> None:
    files = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    subprocess.run([*command, "vendor.github-workflows", *files], check=True)  # noqa: S603  ours


def test_a_linter_finds_nothing_in_the_workflows() -> None:
    folder = ROOT / ".github"
    program = Path(sys.executable).parent / "zizmor"
    options = ("--offline", "--quiet", "--no-progress", "--config", folder / "zizmor.yml")
    subprocess.run([program, *options, folder / "workflows"], check=True)  # noqa: S603  ours


def test_each_target_that_a_workflow_makes_exists() -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        used = set(re.findall(r"run: make ([a-z-]+)", path.read_text()))
        assert used <= known, path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheel built from the sdist, as an index builds it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  our own command
    (made,) = folder.glob("farside-*.whl")
    return made


GENERATED = (
    "import farside, glob\n"
    "print(farside.read(glob.glob('in/*hmi*')[0]))\n"
    "print(farside.generate(glob.glob('in/*euA*'), [], 'farside-1'))\n"
)
SIMULATED = ("--time", "2026-11-01T00:00:00", "--stereo-longitude", "70", "--small", "--out", "in")


@pytest.mark.soak
def test_an_empty_environment_simulates_merges_and_with_openvino_generates(
    wheel: Path, tmp_path: Path
) -> None:
    packed = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in packed if name.startswith(("tests/", "service/", "training/"))]
    python = environment(tmp_path / "base")
    installed(python, str(wheel))
    print(f"base install: {told(python, tmp_path)}")  # noqa: T201
    command = python.parent / "farside"
    assert farside.__version__ in run(command, "--version", folder=tmp_path)
    assert "generate" in run(command, "--help", folder=tmp_path)
    made = run(command, "simulate", *SIMULATED, folder=tmp_path).splitlines()
    hmi = next(line for line in made if "hmi" in line)
    run(command, "synchronic", "--observed", hmi, "--out", "sun.fits", folder=tmp_path)
    assert (tmp_path / "sun.fits").is_file()
    with pytest.raises(AssertionError, match="pip install openvino"):
        run(python, "-c", GENERATED, folder=tmp_path)
    installed(python, f"{wheel}[openvino]")
    assert "<Magnetogram STEREO_A" in run(python, "-c", GENERATED, folder=tmp_path)
    print(f"with openvino: {told(python, tmp_path)}")  # noqa: T201


@pytest.mark.soak
def test_with_torch_the_wheel_generates_with_the_models_that_it_ships(
    wheel: Path, tmp_path: Path
) -> None:
    python = environment(tmp_path / "torch")
    installed(python, f"{wheel}[torch]")
    run(python.parent / "farside", "simulate", *SIMULATED, folder=tmp_path)
    assert "<Magnetogram STEREO_A" in run(python, "-c", GENERATED, folder=tmp_path)


@pytest.mark.soak
def test_all_extras_together_can_be_installed(wheel: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "all")
    options = ("--dry-run", "--quiet", "--only-binary=:all:")
    run(python, "-m", "pip", "install", *options, f"{wheel}[{','.join(EXTRAS)}]", folder=tmp_path)


def environment(folder: Path) -> Path:
    """Python of a new environment without any package but the newest pip.

    That of Python 3.11.7, of 2023, finds no versions for the extras service and tracing together.
    """
    venv.create(folder, with_pip=True, upgrade_deps=True)
    return folder / "bin" / "python"


def installed(python: Path, what: str) -> None:
    """Install with pip as users do."""
    run(python, "-m", "pip", "install", "--quiet", what, folder=python.parent)


def told(python: Path, folder: Path) -> str:
    """How many packages an environment has, and how large it is."""
    listed = run(python, "-m", "pip", "list", "--format=freeze", folder=folder).splitlines()
    files = (file for file in python.parents[1].rglob("*") if file.is_file())
    return f"{len(listed)} packages, {sum(file.stat().st_size for file in files) / 1e6:.0f} MB"


def run(program: Path, *arguments: str, folder: Path) -> str:
    """Output of a program outside of the clone."""
    done = subprocess.run(  # noqa: S603  our own command
        [program, *arguments],
        cwd=folder,
        env={"PATH": str(program.parent), "HOME": str(folder), **_pip()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _pip() -> dict[str, str]:
    """Settings of pip in this environment: where its index is."""
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
