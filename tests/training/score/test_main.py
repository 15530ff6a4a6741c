import json
import sys
from pathlib import Path

import pytest
import torch

from farside.errors import CheckpointError, UnknownModelError
from farside.model import checkpoint
from farside.model.networks.pix2pixcc import Generator
from tests.support.tiny_recipe import recipe
from tests.training.score.fakes import GRID
from tests.training.small_renderer import SMALL_RENDERER
from training.data import Campaign, open_store, simulate
from training.score.__main__ import main
from training.score.summary import LeakCheck
from training.scoring.models import load


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    network = Generator(7, 1, n_gf=4, n_downsample=2, n_residual=1)
    named = recipe().model_copy(update={"grid": GRID})
    path = tmp_path_factory.mktemp("repository") / "tiny" / "1" / checkpoint.FILE_NAME
    path.parent.mkdir(parents=True)
    checkpoint.write(path, network.state_dict(), named)
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["score", *map(str, arguments)])
    main()


def test_a_model_is_found_by_its_name_and_by_its_file(model: Path) -> None:
    by_file, _ = load(str(model), Path("nowhere"))
    by_name, _ = load("tiny", model.parents[2])
    assert by_file == by_name
    with pytest.raises(UnknownModelError, match="got tiny"):
        load("huge", model.parents[2])
    with pytest.raises(CheckpointError, match=r"no model file .*gone\.safetensors"):
        load("gone.safetensors", model.parents[2])


def test_a_store_is_scored_from_the_command_line(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "suns"
    simulate(store, Campaign(GRID, 5, 2, epochs=1, times=2, test=True), renderer=SMALL_RENDERER)
    run(monkeypatch, model, store, "--out", tmp_path / "report", "--no-series")
    found = json.loads((tmp_path / "report" / "report.json").read_text())
    assert found["identity"] == checkpoint.read(model).identity
    assert found["units"] == ["seed 5", "seed 6"]
    assert len(found["disks"]) == len(open_store(store))
    assert found["options"]["command"] == "python -m training.score model.safetensors suns"
    assert (tmp_path / "report" / "ages.png").exists()


def test_what_is_no_store_is_one_sentence(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit, match=r"StoreError: .*expected a store"):
        run(monkeypatch, model, tmp_path / "nothing", "--out", tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_a_leak_ends_with_a_sentence_after_the_report_is_written(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "suns"
    simulate(store, Campaign(GRID, 5, 2, epochs=1, times=2, test=True), renderer=SMALL_RENDERER)
    found = LeakCheck(regions=300, right=299, hale_share=0.94, chance=1e-7, leak=True)
    monkeypatch.setattr("training.score.report.leak_check", lambda _: found)
    with pytest.raises(SystemExit, match=r"a leak: the polarity of 299 of 300 newly emerged"):
        run(monkeypatch, model, store, "--out", tmp_path / "report", "--no-series")
    assert "**Warning: a leak" in (tmp_path / "report" / "report.md").read_text()
