import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from farside.model.engine import find_model
from farside.model.recipe import ErrorModel, Score
from tests.support.small_model import Echo
from tests.training.score.fakes import SMALL, HandMade, case, noise, spot
from tests.training.score.test_regions import CENTRE_DEG, EMERGED, VIEW, OneRegion, bipole
from training.score.cases import Case
from training.score.figures import draw
from training.score.measures import CC, FULL
from training.score.predictions import PERSISTENCE
from training.score.report import JSON, MARKDOWN, Options, Report, make_report, write_report
from training.score.run import MODEL as THE_MODEL
from training.score.run import Outcome, run
from training.score.summary import LeakCheck, predictions_of
from training.scoring.table import Key

ENGINE = Echo(SMALL, slice(1, 2))
"""Its model repeats the reference."""

MODEL = find_model(ENGINE, "demo")
OPTIONS = Options("python -m training.score demo suns")

AGES = (1.0, 9.1, 27.3)


def sun(seed: int) -> HandMade:
    """Three disks of one Sun with a strong region and a weak one."""
    strong = 20 * bipole(CENTRE_DEG, 10.0) + spot(CENTRE_DEG - 30, -20, VIEW, 50)
    truths = [strong + noise(10 * seed + k) for k in range(len(AGES))]
    given = zip(AGES, truths, strict=True)
    return HandMade(tuple(case(seed, age, truth, truth + noise(seed)) for age, truth in given), 3)


CASES = HandMade(tuple(each for seed in (4, 5) for each in sun(seed).cases), simulation=3)


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run(CASES, MODEL, ENGINE, sun_of=lambda _: OneRegion(EMERGED))


@pytest.fixture(scope="module")
def report(outcome: Outcome) -> Report:
    return make_report(outcome, CASES, MODEL, OPTIONS)


def parsed(folder: Path) -> Mapping[str, object]:
    found: Mapping[str, object] = json.loads((folder / JSON).read_text())
    return found


def test_every_case_is_answered_by_the_model_the_baselines_and_the_controls(
    outcome: Outcome,
) -> None:
    assert len(outcome.records) == 6
    for record in outcome.records:
        assert predictions_of([record]) == (
            "model",
            "persistence",
            "zero field",
            "reference of another Sun",
            "EUV of another Sun",
        )
        (region,) = record.regions
        assert region.polarity_right


def test_the_report_says_what_was_scored_on_what(report: Report, tmp_path: Path) -> None:
    write_report(report, (), tmp_path)
    found = parsed(tmp_path)
    wanted = {
        "model": "demo",
        "version": "1",
        "identity": "ab" * 32,
        "data": "hand-made",
        "simulation": 3,
        "units": ["seed 4", "seed 5"],
    }
    assert {key: found[key] for key in wanted} == wanted
    assert found["options"] == {
        "command": OPTIONS.command,
        "split": "test",
        "threshold_gauss": 0.0,
        "controls": True,
    }


def test_what_is_not_defined_is_null_and_the_rest_is_strict_json(
    report: Report, tmp_path: Path
) -> None:
    write_report(report, (), tmp_path)
    text = (tmp_path / JSON).read_text()
    assert "NaN" not in text
    assert "Infinity" not in text


def test_scores_and_error_model_fit_into_a_recipe(report: Report, tmp_path: Path) -> None:
    write_report(report, (), tmp_path)
    found = json.loads((tmp_path / JSON).read_text())
    scores = [Score.model_validate(each) for each in found["scores"]]
    assert {score.command for score in scores} == {OPTIONS.command}
    mean = report.estimate(Key(CC, FULL, "from 5 d", THE_MODEL))
    assert mean is not None
    name = "correlation 8×8, full disk, 2 suns not trained on, references from 5 d"
    assert {score.measure: score.value for score in scores}[name] == pytest.approx(
        mean.mean, abs=1e-4
    )
    assert ErrorModel.model_validate_json(json.dumps(found["errors"])) == report.errors


def test_few_suns_bring_a_warning_and_a_leak_another(report: Report, tmp_path: Path) -> None:
    assert report.warnings[0].startswith("2 independent suns or months: got fewer than 40")
    write_report(report, (), tmp_path)
    assert "**Warning: 2 independent suns" in (tmp_path / MARKDOWN).read_text()


def test_tables_show_the_numbers_of_the_report(report: Report, tmp_path: Path) -> None:
    write_report(report, ("ages.png",), tmp_path)
    text = (tmp_path / MARKDOWN).read_text()
    mean = report.estimate(Key(CC, FULL, "5–10 d", THE_MODEL))
    assert mean is not None
    less = report.estimate(Key(CC, FULL, "5–10 d", THE_MODEL, PERSISTENCE))
    assert less is not None
    assert f"| 5–10 d | {mean.mean:.3f} [" in text
    assert f"| {less.mean:+.3f} [{less.low:+.3f}, {less.high:+.3f}] | 2 / 2 |" in text
    assert "simulated suns, version 3, not the real Sun" in text
    assert "| newly emerged | 1.000 [1.000, 1.000] |" in text
    assert "| anti-Hale, newly emerged | – | – | – | – | –° | 0 / 0 |" in text
    assert "![ages.png](ages.png)" in text
    widths = [line.count("|") for line in text.splitlines() if line.startswith("| CC")]
    assert len(set(widths)) == 1


def test_the_same_input_gives_the_same_bytes(
    report: Report, outcome: Outcome, tmp_path: Path
) -> None:
    again = make_report(outcome, CASES, MODEL, OPTIONS)
    for each, folder in ((report, tmp_path / "one"), (again, tmp_path / "other")):
        write_report(each, draw(each, outcome, folder), folder)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["ages.png", "boxes.png", "fluxes.png", "pixels.png", JSON, MARKDOWN]
    for name in names:
        one, other = (tmp_path / folder / name for folder in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()


def test_figures_are_small(report: Report, outcome: Outcome, tmp_path: Path) -> None:
    for name in draw(report, outcome, tmp_path):
        data = (tmp_path / name).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert len(data) < 200_000


def test_a_leak_is_a_warning_that_says_how_many(report: Report) -> None:
    from training.score.report import markdown

    leaking = replace(
        report, leak=LeakCheck(200, 200, 0.94, 4e-6, leak=True), warnings=("a leak: …",)
    )
    text = markdown(leaking)
    assert "**Warning: a leak" in text
    assert "of 200 newly emerged regions 200 have the right polarity" in text
    assert "**a leak**" in text


def test_real_images_have_no_regions_and_no_leak_check() -> None:
    real = HandMade(tuple(replace_seed(each) for each in CASES.cases))
    found = make_report(run(real, MODEL, ENGINE, controls=False), real, MODEL, OPTIONS)
    assert (found.regions, found.leak, found.units) == ((), None, ("2024-06",))
    assert found.predictions == ("model", "persistence", "zero field")


def replace_seed(each: Case) -> Case:
    return replace(each, label=replace(each.label, seed=None))


def test_the_histogram_of_pixels_counts_every_block_of_the_old_references(outcome: Outcome) -> None:
    blocks = np.count_nonzero(np.isfinite(CASES[0].truth))
    assert outcome.pixels.sum() == 4 * blocks


def test_boxes_are_of_the_first_disk_of_each_sun_whose_reference_is_old(outcome: Outcome) -> None:
    titles = [example.title for example in outcome.examples]
    assert titles == [
        f"{kind}, seed {seed}, reference 9.1 d old" for seed, kind in product((4, 5), ("AR", "QR"))
    ]
