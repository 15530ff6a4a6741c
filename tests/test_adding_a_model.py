"""docs/adding-a-model.md adds a generator by one network file, its Recipe and its configuration."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

import farside.model.networks
from export.build import Build
from export.convert import export
from export.inputs import noise_inputs
from export.publish import publish
from farside.magnetogram.magnetogram import Magnetogram
from farside.model import checkpoint
from farside.model.engines.torch import TorchEngine
from farside.simulation.instruments.files import SimulatedSet
from farside.sun.grid import Grid
from tests.service.fakes import service
from tests.support.live import ROOT
from tests.training.small_renderer import SMALL_RENDERER
from training.config import read_config
from training.data import Campaign, simulate
from training.train import MODEL, train

GRID = Grid(96, 42.1875)
PAGE = (ROOT / "docs" / "adding-a-model.md").read_text()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the three files of the page and two small stores, and we are in it."""
    (network,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    recipe, config = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    for path, text in (
        ("networks/toy.py", network),
        ("training/recipes/toy.toml", recipe),
        ("training/configs/toy.toml", config),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    for name, seed, test in (("suns.zarr", 1, False), ("other-suns.zarr", 2, True)):
        campaign = Campaign(GRID, seed, seeds=1, epochs=1, times=2, test=test)
        simulate(tmp_path / name, campaign, processes=0, renderer=SMALL_RENDERER)
    monkeypatch.setattr(
        farside.model.networks,
        "__path__",
        [*farside.model.networks.__path__, str(tmp_path / "networks")],
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_generator_goes_from_its_files_to_the_service(
    checkout: Path, simulated: SimulatedSet
) -> None:
    train(read_config(Path("training/configs/toy.toml")), Path("run"))
    source = publish(Path("run") / MODEL, Path("models"))
    recipe = checkpoint.read(source).recipe
    builds = [Build.of(recipe, "torchscript"), Build.of(recipe, "onnx")]
    made = [manifest for _, manifest in export(source, builds, noise_inputs(recipe))]
    assert all(manifest.relative_l2 <= manifest.gate for manifest in made)
    engine = TorchEngine.from_repository(Path("models"), threads=1)

    async def story() -> tuple[httpx.Response, httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(service(engine))
        async with httpx.AsyncClient(transport=transport, base_url="http://sun.test") as client:
            one, other = ((p.name, p.read_bytes()) for p in simulated.observations[:2])
            toy = {"model": "toy"}
            return (
                await client.get("/models"),
                await client.post("/generate", files=[("observation", one)], data=toy),
                await client.post("/generate", files=[("observation", other)], data=toy),
            )

    models, answer, refusal = asyncio.run(story())
    engine.close()
    (card,) = models.json()["models"]
    assert (card["name"], card["identity"]) == ("toy", made[0].identity)
    assert answer.status_code == 200, answer.text
    product = Magnetogram.read(answer.content)
    assert (product.generator.model, product.grid.size_px) == ("toy", 96)
    assert (refusal.status_code, refusal.json()["type"]) == (422, "UnexpectedImageError")
    assert "toy wants EUVI 304 or AIA 304 as observation" in refusal.json()["error"]


def test_nothing_outside_its_files_names_a_generator() -> None:
    networks = ROOT / "farside" / "model" / "networks"
    names = [path.stem for path in networks.glob("[a-z]*.py")]
    assert names
    known = re.compile(rf"\b({'|'.join(names)}):[A-Z]|model\.networks\.({'|'.join(names)})\b")
    for folder in ("farside", "service", "training", "export", "clients"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.parent != networks:
                assert not known.search(path.read_text()), path
