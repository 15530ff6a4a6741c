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


def test_each_target_that_a_workflow_makes_exists() -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        used = set(re.findall(r"run: make ([a-z-]+)", path.read_text()))
        assert used <= known, path


@pytest.mark.soak
def test_an_empty_environment_reads_merges_and_says_what_it_lacks(tmp_path: Path) -> None:
    wheel = built(tmp_path)
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.startswith(("tests/", "service/", "training/"))]
    python = environment(tmp_path / "base")
    installed(python, str(wheel))
    script = (
        "import farside, sys\n"
        "print(farside.reference_time('2026-11-01T00:00:00', 70).isot)\n"
        "try:\n"
        "    farside.load_models()\n"
        "except farside.FarsideError as error:\n"
        "    print(error)\n"
    )
    said = run(python, "-c", script, folder=tmp_path)
    assert "2026-10-26T16:36:00" in said
    assert "no package 'torch', expected one" in said
    command = python.parent / "farside"
    assert farside.__version__ in run(command, "--version", folder=tmp_path)
    made = run(
        command,
        *(
            [
                "simulate",
                "--time",
                "2026-11-01T00:00:00",
                "--stereo-longitude",
                "70",
                "--small",
                "--out",
                "in",
            ]
        ),
        folder=tmp_path,
    )
    hmi = next(line for line in made.splitlines() if "hmi" in line)
    run(command, "synchronic", "--observed", hmi, "--out", "sun.fits", folder=tmp_path)
    size = sum(file.stat().st_size for file in python.parents[1].rglob("*") if file.is_file())
    packages = run(python, "-m", "pip", "list", "--format=freeze", folder=tmp_path)
    print(f"base install: {len(packages.splitlines())} packages, {size / 1e6:.0f} MB")  # noqa: T201


@pytest.mark.soak
def test_with_torch_the_wheel_generates_with_the_models_that_it_ships(tmp_path: Path) -> None:
    python = environment(tmp_path / "torch")
    installed(python, f"{built(tmp_path)}[torch]")
    script = (
        "import sys, farside, pathlib\n"
        "from astropy.time import Time\n"
        "from farside.simulation import write_set\n"
        "made = write_set(pathlib.Path('in'), Time('2026-11-01'), 120.0, 7, 'small')\n"
        "far = farside.generate(made.observations, made.references, 'farside-1')\n"
        "print(far)\n"
    )
    assert "<Magnetogram STEREO_A" in run(python, "-c", script, folder=tmp_path)


def built(folder: Path) -> Path:
    """Wheel built from the sdist, as an index builds it."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  our own command
    (wheel,) = folder.glob("farside-*.whl")
    return wheel


def environment(folder: Path) -> Path:
    """Python of a new environment without any package but pip."""
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


def installed(python: Path, what: str) -> None:
    """Install with pip as users do."""
    run(python, "-m", "pip", "install", "--quiet", what, folder=python.parent)


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
