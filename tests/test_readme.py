"""The examples of README.md and docs/service.md do what they say."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sunpy.map
from astropy.io import fits
from sunpy.map.sources import GONGSynopticMap

from clients.demo import OBSERVATION_TIME
from farside.simulation import SimulatedSet
from farside.simulation.instruments.headers import M_720S, hmi_name
from tests.support.live import ROOT, Server
from tests.support.map_files import MapFiles


def examples(page: str, language: str, word: str) -> Iterator[str]:
    text = (ROOT / page).read_text()
    for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL):
        if word in block:
            yield block


@pytest.fixture
def folder(simulated: SimulatedSet, tmp_path: Path) -> Path:
    """The files as `make demo` leaves them."""
    demo = tmp_path / "demo" / "inputs"
    demo.mkdir(parents=True)
    for path in (*simulated.observations, *simulated.references):
        shutil.copy(path, demo)
    return tmp_path


@pytest.mark.parametrize("page", ["README.md", "docs/service.md"])
def test_the_curl_example_makes_a_map_of_the_far_side(
    page: str, folder: Path, server: Server
) -> None:
    (example,) = examples(page, "bash", "-F reference=@")
    script = example.replace("localhost:3000", server.url)
    subprocess.run(["bash", "-euc", script], cwd=folder, check=True)  # noqa: S603, S607  our page
    made = sunpy.map.Map(folder / "far.fits")
    assert made.meta["inputdat"] == "STEREO_A"
    assert made.observer_coordinate.lon.to_value("deg") == pytest.approx(120, abs=0.01)


@pytest.mark.parametrize(
    ("page", "model"), [("docs/service.md", "pix2pix-demo"), ("docs/adding-a-model.md", "toy")]
)
def test_the_example_of_a_model_of_304_angstrom_takes_that_file(
    page: str, model: str, simulated: SimulatedSet
) -> None:
    (example,) = examples(page, "bash", f"model={model}")
    (name,) = re.findall(r"observation=@demo/inputs/(\S+)", example)
    assert name.startswith(OBSERVATION_TIME.strftime("%Y%m%d_"))
    (path,) = (p for p in simulated.observations if p.name[8:] == name[8:])
    assert fits.getheader(path)["WAVELNTH"] == 304


def test_the_python_example_prints_spacecraft_and_quality(folder: Path, server: Server) -> None:
    (example,) = examples("README.md", "python", "Client")
    script = example.replace("http://localhost:3000", server.url)
    done = subprocess.run(  # noqa: S603  our page
        [sys.executable, "-c", script], cwd=folder, check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("STEREO_A ")


def test_the_command_line_example_runs_without_a_server(folder: Path, repository: Path) -> None:
    (example,) = examples("README.md", "bash", "farside generate")
    script = example.replace("farside ", f"{sys.executable} -m farside.cli ").replace(
        "--model farside-1", f"--model tiny --repository {repository}"
    )
    subprocess.run(["bash", "-euc", script], cwd=folder, check=True)  # noqa: S603, S607  our page
    assert (folder / "far.fits").exists()
    assert (folder / "far.png").exists()


@pytest.fixture
def disks(map_files: MapFiles, tmp_path: Path) -> Path:
    """Inputs of a map as `make demo` leaves them."""
    demo = tmp_path / "demo" / "inputs" / "map"
    demo.mkdir(parents=True)
    shutil.copy(map_files.observed, demo / demo_hmi_name())
    for folder in (tmp_path, tmp_path / "demo"):
        shutil.copy(map_files.generated, folder / "far.fits")
    shutil.copy(map_files.base, demo / "base.fits")
    return tmp_path


def demo_hmi_name() -> str:
    """Name of the demonstration's current HMI magnetogram."""
    return hmi_name(M_720S.slot(OBSERVATION_TIME))


def test_the_curl_example_keeps_the_name_of_the_format(disks: Path, server: Server) -> None:
    (example,) = examples("docs/service.md", "bash", "/synchronic")
    script = example.replace("localhost:3000", server.url)
    subprocess.run(["bash", "-euc", script], cwd=disks, check=True)  # noqa: S603, S607  our page
    (path,) = disks.glob("mrzqs*.fits.gz")
    assert isinstance(sunpy.map.Map(path), GONGSynopticMap)


@pytest.mark.parametrize("page", ["README.md", "docs/solar-wind.md"])
def test_the_command_line_example_makes_a_map_in_the_layout_of_gong(page: str, disks: Path) -> None:
    (example,) = examples(page, "bash", "farside synchronic")
    script = example.replace("farside ", f"{sys.executable} -m farside.cli ")
    subprocess.run(["bash", "-euc", script], cwd=disks, check=True)  # noqa: S603, S607  our page
    assert len(list(disks.glob("**/gong/mrzqs*.fits.gz"))) == 1
    assert len(list(disks.glob("**/sun*.png"))) == 2


def test_every_page_that_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / "README.md").read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
