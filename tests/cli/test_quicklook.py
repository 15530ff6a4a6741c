"""``farside quicklook`` draws what Farside writes, and what it reads."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from farside.cli.app import app
from farside.observation.drawing.sidecar import CONTENT
from farside.solarwind import FORMATS, pack
from farside.solarwind.euhforia import write as write_boundary
from farside.tracking.files import write_curve, write_cutouts
from farside.tracking.track import track_region
from tests.cases.seeds import PLAIN, seeds
from tests.solarwind.test_euhforia import BOUNDARY
from tests.support.bipoles import MODEL, TIME, disk
from tests.support.drawn_suns import as_fits, side_car
from tests.support.synchronic_maps import synchronic_map
from tests.tracking.test_files import REGION

FILES = {
    f"{seed.name}.{'fits' if seed.kind == 'fits' else 'png'}": seed.data
    for seed in seeds()
    if seed.kind != "json"
} | {"drawing_fits.fits": as_fits(PLAIN.picture(), CONTENT=CONTENT)}


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, outside the clone."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def drawn(path: Path) -> None:
    """Draw a file; its picture lies beside it and shows something."""
    done = CliRunner().invoke(app, ["quicklook", path.name, "--out", "out.png"])
    assert done.exit_code == 0, done.output
    with Image.open(BytesIO((path.parent / "out.png").read_bytes())) as picture:
        assert np.asarray(picture.convert("L")).std() > 5


@pytest.mark.parametrize("name", FORMATS)
def test_a_map_is_drawn_in_every_format(name: str, elsewhere: Path) -> None:
    drawn(pack(synchronic_map(), name).write_to(elsewhere))


@pytest.mark.parametrize("name", FILES)
def test_every_product_and_every_kind_of_input_is_drawn(name: str, elsewhere: Path) -> None:
    path = elsewhere / name
    path.write_bytes(FILES[name])
    if name.startswith("drawing"):
        path.with_suffix(".json").write_bytes(side_car(north_up=True))
    drawn(path)


def test_a_flux_curve_and_a_boundary_of_the_solar_wind_are_drawn(elsewhere: Path) -> None:
    track = track_region(REGION, [disk(-20), disk(30, TIME, "far.fits", "STEREO_A", MODEL)])
    write_curve(track, elsewhere / "track.ecsv")
    write_cutouts(track, elsewhere / "track.fits")
    for path in (elsewhere / "track.ecsv", elsewhere / "track.fits"):
        drawn(path)
    drawn(write_boundary(BOUNDARY, elsewhere))


def test_the_picture_lies_beside_a_packed_file_and_never_replaces_it(elsewhere: Path) -> None:
    path = pack(synchronic_map(), "gong").write_to(elsewhere)
    assert CliRunner().invoke(app, ["quicklook", path.name]).exit_code == 0
    picture = elsewhere / path.name.replace(".fits.gz", ".png")
    before = picture.read_bytes()
    done = CliRunner().invoke(app, ["quicklook", picture.name])
    assert done.exit_code == 2
    assert picture.read_bytes() == before
