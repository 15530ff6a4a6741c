"""The command line against the running service and without it."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from farside.cli.app import app, main
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.checkpoint import FILE_NAME, read
from farside.simulation import SimulatedSet
from tests.support.live import Server
from tests.support.once import once


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def files_of(simulated: SimulatedSet) -> list[object]:
    observations = (("--observation", path) for path in simulated.observations)
    references = (("--reference", path) for path in simulated.references)
    return [part for pair in (*observations, *references) for part in pair]


def test_generate_gives_the_same_product_with_and_without_a_server(
    simulated: SimulatedSet, repository: Path, server: Server, tmp_path: Path
) -> None:
    here, there = tmp_path / "here.fits", tmp_path / "there.fits"
    files = files_of(simulated)
    run("generate", *files, "--repository", repository, "--out", here)
    run("generate", *files, "--server", server.url, "--out", there)
    ours, theirs = Magnetogram.read(here), Magnetogram.read(there)
    span = float(np.nanmax(ours.image) - np.nanmin(ours.image))
    np.testing.assert_allclose(ours.image, theirs.image, rtol=0, atol=1e-5 * span)
    assert (ours.time, ours.observer, ours.quality) == (
        theirs.time,
        theirs.observer,
        theirs.quality,
    )
    assert (ours.generator, ours.inputs) == (theirs.generator, theirs.inputs)


def test_models_lists_the_same_models_with_and_without_a_server(
    repository: Path, server: Server
) -> None:
    here, there = run("models", "--repository", repository), run("models", "--server", server.url)
    assert here == there
    assert read(repository / "tiny" / "1" / FILE_NAME).identity in here


def test_quicklook_draws_a_png_beside_the_product(
    simulated: SimulatedSet, repository: Path, tmp_path: Path
) -> None:
    product = tmp_path / "far.fits"
    run("generate", *files_of(simulated), "--repository", repository, "--out", product)
    run("quicklook", product)
    assert (tmp_path / "far.png").read_bytes().startswith(b"\x89PNG\r\n")


def simulate(folder: Path) -> str:
    return run(
        *("simulate", "--time", "2026-02-14T00:00:00", "--stereo-longitude", 120),
        *("--out", folder, "--small", "--seed", 3),
    )


def test_simulate_names_the_files_that_it_wrote(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    written = [Path(line) for line in once(tmp_path_factory, "command", simulate).split()]
    assert len(written) == 8
    (folder,) = {path.parent for path in written if path.parent.name != "truth"}
    assert sorted(written) == sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_the_service_refuses_is_one_sentence_here(
    simulated: SimulatedSet,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "far.fits"
    command = ["farside", "generate", *map(str, files_of(simulated)[2:])]
    monkeypatch.setattr("sys.argv", [*command, "--server", server.url, "--out", str(out)])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 1
    assert capsys.readouterr().err.startswith("IncompleteSetError: no image for EUVI 304")
    assert not out.exists()
