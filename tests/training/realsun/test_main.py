"""The benchmark from files to its page: a simulated set of AIA and HMI, and the real ones."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from farside.model.engine import Engine
from farside.model.engines.torch import TorchEngine
from farside.pipeline import generate, prepare
from farside.simulation.instruments.files import SimulatedSet
from tests.support.live import ROOT
from training.realsun.__main__ import main, parser, real_sun
from training.realsun.measures import CORRELATIONS, UNSIGNED, score_set
from training.realsun.page import Results
from training.realsun.run import (
    MIRRORED,
    PERSISTENCE,
    far_side_models,
    mirrored,
    on_scoring_grid,
    over_mirrored,
)
from training.realsun.sets import RealSet, read_set, read_sets

REPOSITORY = ROOT / "model_repository"


@pytest.fixture(scope="module")
def sets(simulated: SimulatedSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One set of the view from Earth, and EUVI beside it."""
    folder = tmp_path_factory.mktemp("pack")
    names = ("aia_304.fits", "aia_193.fits", "aia_171.fits", "hmi.fits")
    (folder / "sets" / "a-day").mkdir(parents=True)
    for path, name in zip(simulated.references, names, strict=True):
        shutil.copy(path, folder / "sets" / "a-day" / name)
    (folder / "euvi" / "A").mkdir(parents=True)
    for path in simulated.observations:
        shutil.copy(path, (folder / "euvi" / "A" / path.name).with_suffix(".fits"))
    return folder / "sets"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model without a reference pair, one with it, and one that is not of the far side."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("pix2pix-demo", "pix2pixcc-demo", "drawing-demo"):
        (folder / name).symlink_to(REPOSITORY / name)
    return folder


@pytest.fixture(scope="module")
def engine(repository: Path) -> Engine:
    return TorchEngine.from_repository(repository)


@pytest.fixture(scope="module")
def results(sets: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    out = tmp_path_factory.mktemp("out")
    asked = ["--sets", str(sets), "--out", str(out / "page.md"), "--local", str(out / "local")]
    return real_sun(parser().parse_args([*asked, "--repository", str(repository)]))


@pytest.fixture(scope="module")
def out(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return next(tmp_path_factory.getbasetemp().glob("out*"))


def test_every_far_side_model_is_scored_or_listed_with_the_reason(results: Results) -> None:
    assert [recipe.name for recipe in results.recipes] == ["pix2pix-demo", "pix2pixcc-demo"]
    predictions = {row.prediction for row in results.rows}
    assert {"pix2pix-demo", f"pix2pix-demo, {MIRRORED}", "zero field"} <= predictions
    assert not any(prediction.startswith("pix2pixcc") for prediction in predictions)
    assert PERSISTENCE not in predictions  # no map is given
    (skipped,) = results.skipped
    assert skipped.model == "pix2pixcc-demo"
    assert "HMI LOS as reference" in skipped.reason


def test_a_model_of_the_simulated_sun_knows_something_of_it(results: Results) -> None:
    values = {(row.prediction, row.measure, row.area): row.value for row in results.rows}
    assert values["pix2pix-demo", "CC of abs B 4°", "0.95 R"] > 0.3


def test_the_page_and_its_numbers_agree(results: Results, out: Path) -> None:
    page = (out / "page.md").read_text()
    assert "`pix2pixcc-demo` was not run" in page
    with (out / "page.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(results.rows)
    (value,) = (
        float(row["value"])
        for row in rows
        if (row["prediction"], row["measure"], row["area"]) == ("pix2pix-demo", "CC 4°", "0.95 R")
    )
    (line,) = (each for each in page.splitlines() if each.startswith("| pix2pix-demo (AIA 304) "))
    assert f" {value:.2f} " in line


def test_images_without_a_licence_stay_out_of_the_page(results: Results, out: Path) -> None:
    assert results.pictures == [Path("page/euvi-A.png")]
    assert {path.name for path in (out / "local").iterdir()} == {"a-day.png", "euvi-A.png"}
    pictures = (Image.open(out / each / "euvi-A.png").convert("RGB") for each in ("page", "local"))
    fields, with_images = (np.ptp(np.asarray(each), axis=-1).max() for each in pictures)
    assert fields == 0  # all grey
    assert with_images > 50


def test_every_region_of_the_far_view_is_on_the_page(results: Results, out: Path) -> None:
    (view,) = results.views
    assert [image.origin.instrument for image in view.images] == ["EUVI-A"]
    ((made, places),) = view.products
    assert made.spacecraft == "STEREO_A"
    assert (out / "page.md").read_text().count("| STEREO-A, ") == len(places)


def test_the_answer_over_mirrored_inputs_is_that_of_the_mirrored_sun_reversed(
    sets: Path, engine: Engine
) -> None:
    model = far_side_models(engine)[0]
    files = read_set(sets / "a-day").files_for(model.recipe)
    assert files is not None
    stack = prepare(files, [], model.recipe)
    one, other = (over_mirrored(each, model, engine) for each in (stack, mirrored(stack)))
    np.testing.assert_allclose(one, -other[::-1], atol=1e-3)


def test_missing_data_are_one_sentence_and_exit_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    monkeypatch.setattr(sys, "argv", ["", "--sets", str(tmp_path / "none"), "--out", str(page)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith("no sets of the real Sun: got ")
    assert not page.exists()


@pytest.fixture(scope="module")
def real_sets(real_folder: Path) -> list[RealSet]:
    return [each for each in read_sets(real_folder) if each.counts]


@pytest.mark.parametrize("name", ["farside-1", "pix2pixhd-demo", "pix2pix-demo", "multilayer-demo"])
def test_the_scores_on_the_real_sun_are_those_of_another_scorer(
    real_sets: list[RealSet], shared_data: Path, tmp_path: Path, name: str
) -> None:
    """That of the sets, on the products as they are written, with its own registration."""
    engine = TorchEngine.from_repository(REPOSITORY)
    recipe = engine.models()[name].recipe
    found, expected, right = [], [], np.zeros((2, 2))
    for real in real_sets:
        product = generate(real.files_for(recipe) or [], [], name, engine)
        image = on_scoring_grid(product.image, product.disk)
        rows = [row for row in score_set(image, real.truth, name, "") if row.area == "0.95 R"]
        values = {row.measure: row.value for row in rows}
        found.append([values[measure] for measure in (*CORRELATIONS, *UNSIGNED)])
        path = tmp_path / f"{real.name}.fits"
        path.write_bytes(product.to_bytes())
        other = scored_elsewhere(shared_data, real.name, path)
        expected.append([other[key] for key in ("cc2", "cc4", "cc8", "ccu2", "ccu4", "ccu8")])
        counts = [values[way] for way in ("right way round", "one sign only", "wrong way round")]
        right += [[counts[0], sum(counts)], [other["orient"], other["regions"]]]
    assert len(real_sets) == 5
    # One resamples with cubic, one with linear interpolation, which favours small blocks.
    np.testing.assert_allclose(np.mean(found, 0), np.mean(expected, 0), atol=0.03)
    ours, theirs = right[:, 0] / right[:, 1]
    assert ours == pytest.approx(theirs, abs=0.1)


def scored_elsewhere(shared_data: Path, name: str, product: Path) -> dict[str, float]:
    folder = shared_data / "realsun"
    command = [sys.executable, str(folder / "score_realsun.py"), str(folder / "sets" / name)]
    run = subprocess.run(  # noqa: S603  the scorer of the sets
        [*command, str(product), "--json"], check=True, capture_output=True, text=True
    )
    return dict(json.loads(run.stdout)[product.name]["r95"])
