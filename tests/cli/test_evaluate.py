"""``farside evaluate`` on what ``farside simulate`` and ``farside generate`` wrote."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from typer.testing import CliRunner

from farside.cli.app import app, main
from farside.evaluation.evaluate import evaluate
from farside.magnetogram.magnetogram import Magnetogram
from farside.simulation import SimulatedSet
from farside.simulation.instruments.files import read_truth

Report = dict[str, Any]


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def product(
    simulated: SimulatedSet, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("product") / "far.fits"
    observations = (("--observation", each) for each in simulated.observations)
    references = (("--reference", each) for each in simulated.references)
    files = [part for pair in (*observations, *references) for part in pair]
    run("generate", *files, "--repository", repository, "--out", path)
    return path


def evaluated(*arguments: object) -> Report:
    found: Report = json.loads(run("evaluate", *arguments, "--json"))
    return found


def refusal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> str:
    """The one sentence that a command ends with."""
    monkeypatch.setattr("sys.argv", ["farside", "evaluate", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    return message


def test_a_product_is_compared_with_its_truth_and_a_zero_field(
    product: Path, simulated: SimulatedSet
) -> None:
    found = evaluated(product, simulated.truth)
    assert list(found["measures"]) == ["generated", "zero field"]
    made = Magnetogram.read(product)
    assert (found["model"], found["identity"]) == ("tiny 1", made.generator.identity)
    zero = found["measures"]["zero field"]
    assert zero["normalised_square_error"] == 1
    assert zero["disk"]["unsigned_flux_mx"]["generated"] == 0
    assert found["measures"]["generated"]["rms_error_gauss"] > 0


def test_the_truth_itself_scores_one(
    product: Path, simulated: SimulatedSet, tmp_path: Path
) -> None:
    made = Magnetogram.read(product)
    grid = replace(made.disk, size_px=128, disk_radius_px=56.25)
    perfect = replace(made, image=read_truth(simulated.truth, grid), grid=grid)
    perfect.write(tmp_path / "perfect.fits")
    found = evaluated(tmp_path / "perfect.fits", simulated.truth)["measures"]["generated"]
    assert found["disk"]["correlation"]["blocks_of_8"] > 0.999
    assert found["disk"]["correlation"]["blocks_of_1"] is None
    assert found["polarity_accuracy"] > 0.99
    flux = found["disk"]["unsigned_flux_mx"]
    assert flux["generated"] == pytest.approx(flux["true"], rel=0.02)


def test_a_reference_adds_persistence(product: Path, simulated: SimulatedSet) -> None:
    reference = simulated.references[-1]
    found = evaluated(product, simulated.truth, "--reference", reference)
    before = found["measures"]["persistence"]
    assert before["rms_error_gauss"] < found["measures"]["zero field"]["rms_error_gauss"] * 1.5
    assert before["disk"]["unsigned_flux_mx"]["generated"] > 0


def test_the_table_shows_each_measure_for_each_answer(
    product: Path, simulated: SimulatedSet
) -> None:
    text = run("evaluate", product, simulated.truth, "--reference", simulated.references[-1])
    for word in ("generated", "persistence", "zero field", "PSNR, dB", "full disk: TUMF, Mx"):
        assert word in text


def test_a_threshold_leaves_weak_field_out_of_the_flux(
    product: Path, simulated: SimulatedSet
) -> None:
    weak, strong = (evaluated(product, simulated.truth, "--threshold", gauss) for gauss in (0, 100))
    flux = [each["measures"]["generated"]["disk"]["unsigned_flux_mx"] for each in (weak, strong)]
    assert flux[1]["true"] < 0.9 * flux[0]["true"]


def test_a_truth_of_another_view_is_refused_with_both_views(
    product: Path,
    simulated: SimulatedSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    moved = tmp_path / "moved.fits"
    with fits.open(simulated.truth) as hdus:
        hdus[0].header["HGLN_OBS"] = 100.0
        hdus.writeto(moved)
    message = refusal(monkeypatch, capsys, product, moved)
    assert message.startswith("OtherViewError: moved.fits shows another view: got Stonyhurst")
    for place in ("longitude 100.00°", "longitude 120.00°", "2026-02-14T00:00:00"):
        assert place in message


def test_an_hmi_file_of_another_day_is_another_view(
    product: Path,
    simulated: SimulatedSet,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = refusal(monkeypatch, capsys, product, simulated.references[-1])
    assert message.startswith("OtherViewError: ")


def test_an_hmi_file_of_a_spacecraft_near_earth_is_its_truth(
    product: Path, simulated: SimulatedSet, tmp_path: Path
) -> None:
    hmi = Magnetogram.read(product).inputs[-1].origin
    near = replace(Magnetogram.read(product), time=hmi.time, observer=hmi.observer)
    near.write(tmp_path / "near.fits")
    found = evaluate(tmp_path / "near.fits", simulated.references[-1], simulated.references[-1])
    before = found.measures["persistence"]
    assert before.rms_error_gauss == 0
    assert np.isfinite(found.measures["generated"].rms_error_gauss)


def test_what_is_no_magnetogram_is_refused_by_name(
    product: Path,
    simulated: SimulatedSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    euv = simulated.references[0]
    message = refusal(monkeypatch, capsys, product, euv)
    assert message.startswith(f"UnexpectedImageError: {euv.name}: got AIA 304")
    text = tmp_path / "notes.txt"
    text.write_text("no image")
    assert "NotFitsError" in refusal(monkeypatch, capsys, product, text)
    assert "nowhere.fits" in refusal(monkeypatch, capsys, product, tmp_path / "nowhere.fits")
