"""The public names of Farside: which there are, how light they are; their examples run."""

import doctest
import inspect
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import sunpy.map
from astropy.io import fits
from matplotlib import pyplot

import farside
from farside.api import write
from farside.disk.registration import register
from farside.errors import FormatError, MissingMetadataError
from farside.io.source import Source
from farside.magnetogram.magnetogram import Magnetogram
from farside.simulation import SimulatedSet
from farside.sun.grid import Grid
from farside.synchronic.map import BaseMap, SynchronicMap
from tests.support.live import ROOT
from tests.support.map_files import MapFiles

NAMES = (
    ("euvi304.fts", "euvi195.fts", "euvi171.fts"),
    ("aia304.fits", "aia193.fits", "aia171.fits", "hmi.fits"),
)
PUBLIC = [
    "Client",
    "FarsideError",
    "Magnetogram",
    "Models",
    "Observation",
    "Quality",
    "Recipe",
    "SynchronicMap",
    "generate",
    "load_models",
    "read",
    "read_product",
    "reference_time",
    "synchronic_map",
    "write",
]
VERBS = [name for name in PUBLIC if name.islower()]


@pytest.fixture
def folder(
    simulated: SimulatedSet, map_files: MapFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The current folder, with files under the names that the examples give them."""
    given = (*simulated.observations, *simulated.references, map_files.generated, map_files.base)
    names = (*NAMES[0], *NAMES[1], "far.fits", "base.fits")
    demo = tmp_path / "demo" / "inputs"
    (demo / "map").mkdir(parents=True)
    for path, name in zip(given, names, strict=True):
        shutil.copy(path, tmp_path / name)
    for path in (*simulated.observations, *simulated.references):
        shutil.copy(path, demo)
    shutil.copy(map_files.base, demo / "map" / "base.fits")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FARSIDE_MODEL_REPOSITORY", raising=False)
    monkeypatch.delenv("FARSIDE_DEFAULT_MODEL", raising=False)
    return tmp_path


def test_the_public_names_are_these() -> None:
    assert sorted(farside.__all__) == PUBLIC
    assert sorted(dir(farside)) == sorted([*PUBLIC, "__version__"])


def test_help_names_every_public_name_with_a_line() -> None:
    text = inspect.getdoc(farside) or ""
    for name in PUBLIC:
        assert f"\n{name}  " in text, name


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'magic'"):
        _ = farside.magic  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", PUBLIC)
def test_each_verb_says_what_it_takes_gives_and_refuses(name: str) -> None:
    text = inspect.getdoc(getattr(farside, name)) or ""
    assert text
    if name in VERBS:
        for section in ("Parameters\n---", "Returns\n---", "Examples\n---"):
            assert section in text, section


def test_types_are_told_to_those_who_check_them() -> None:
    assert (Path(farside.__file__).parent / "py.typed").is_file()


def test_neither_the_package_nor_reading_imports_what_takes_seconds() -> None:
    heavy = ("sunpy.map", "torch", "matplotlib.pyplot", "scipy.stats")
    script = (
        "import sys, farside; first = set(sys.modules); farside.read\n"
        f"print([m for m in ('numpy', 'astropy') if m in first], "
        f"[m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603  our words
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["[]", "[]"]


def test_without_torch_a_model_without_a_stored_graph_says_what_to_install(tmp_path: Path) -> None:
    copy = tmp_path / "pix2pix-demo" / "2" / "model.safetensors"
    copy.parent.mkdir(parents=True)
    shutil.copy(ROOT / "model_repository" / "pix2pix-demo" / "2" / copy.name, copy)
    script = (
        "import sys; sys.modules['torch'] = None; import farside;"
        " farside.load_models(sys.argv[1]).engine('pix2pix-demo')"
    )
    done = subprocess.run(  # noqa: S603  our words
        [sys.executable, "-c", script, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"FARSIDE_CACHE": "off"},
    )
    assert "no openvino.npz of these weights beside it, and no torch to trace" in done.stderr


@pytest.mark.parametrize("name", [*VERBS, "Models"])
def test_the_example_of_each_name_runs(name: str, folder: Path) -> None:
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner()
    for test in finder.find(getattr(farside, name), name):
        assert test.examples
        assert runner.run(test).failed == 0


def test_the_ten_lines_of_a_notebook_make_show_and_write_both_products(folder: Path) -> None:
    page = (ROOT / "docs" / "python.md").read_text()
    script = page.split("```python\n", 1)[1].split("```", 1)[0]
    assert len(script.strip().splitlines()) <= 14
    with pyplot.rc_context({"backend": "agg"}):
        exec(compile(script, "python.md", "exec"), {})  # noqa: S102  our page
        pyplot.close("all")
    assert isinstance(farside.read_product("far-side.fits"), Magnetogram)
    assert isinstance(farside.read_product("sun.fits"), SynchronicMap)
    assert list(folder.glob("mrzqs*.fits.gz"))


def as_kinds(path: Path) -> Iterable[Source]:
    yield str(path)
    yield path.read_bytes()
    yield BytesIO(path.read_bytes())
    with fits.open(path) as hdus:
        yield hdus
    yield sunpy.map.Map(path)


@pytest.mark.parametrize("name", [NAMES[0][0], NAMES[1][1], NAMES[1][3]])
def test_an_image_is_the_same_however_it_is_given(name: str, folder: Path) -> None:
    expected = farside.read(folder / name)
    grid = Grid(256, 112.5)
    disk = register(expected, grid).image
    for given in as_kinds(folder / name):
        found = farside.read(given)
        np.testing.assert_array_equal(found.pixels, expected.pixels)
        assert found.origin.time.isot == expected.origin.time.isot
        np.testing.assert_allclose(register(found, grid).image, disk, rtol=1e-3, atol=0.5)


def test_an_observation_is_read_again_from_its_own_map(folder: Path) -> None:
    first = farside.read("aia171.fits")
    seen = first.to_map()
    assert seen.unit == u.DN
    assert seen.observer_coordinate.radius.m == pytest.approx(first.origin.observer.distance_m)
    np.testing.assert_array_equal(farside.read(seen).pixels, first.pixels)


def test_maps_and_observations_generate_what_files_do(folder: Path) -> None:
    models = farside.load_models(names="pix2pixhd-demo")
    of_files = farside.generate(NAMES[0], models=models)
    of_images = farside.generate(map(farside.read, NAMES[0]), models=models)
    assert of_images == of_files
    of_maps = farside.generate([sunpy.map.Map(name) for name in NAMES[0]], models=models)
    on_disk = np.isfinite(of_files.image)
    np.testing.assert_allclose(of_maps.image[on_disk], of_files.image[on_disk], atol=1.0)


def test_one_file_needs_no_list(folder: Path) -> None:
    models = farside.load_models(names="pix2pix-demo")
    assert farside.generate("euvi304.fts", models=models) == farside.generate(
        ["euvi304.fts"], models=models
    )


def test_a_map_of_objects_is_that_of_their_files(folder: Path) -> None:
    of_files = farside.synchronic_map("hmi.fits", "far.fits", "base.fits")
    far, base = farside.read_product("far.fits"), farside.read_product("base.fits")
    assert isinstance(far, Magnetogram)
    assert isinstance(base, SynchronicMap)
    of_objects = farside.synchronic_map(farside.read("hmi.fits"), far, base)
    np.testing.assert_array_equal(of_objects.field_gauss, of_files.field_gauss)
    np.testing.assert_array_equal(of_objects.source, of_files.source)
    assert of_objects.quality == of_files.quality


@pytest.mark.parametrize("name", ["far.fits", "base.fits"])
def test_a_product_becomes_a_map_with_unit_and_observer_a_plot_and_html(
    name: str, folder: Path
) -> None:
    product = farside.read_product(name)
    assert isinstance(product, Magnetogram | SynchronicMap)
    seen = product.to_map()
    assert seen.unit == product.field.unit == u.G
    np.testing.assert_allclose(seen.data, product.field.value, rtol=1e-6)
    assert np.isfinite(seen.observer_coordinate.radius.m)
    figure = pyplot.figure()
    assert product.plot() is figure.axes[0]
    assert product.plot(figure.add_subplot()).images
    pyplot.close(figure)
    assert "data:image/png;base64," in product._repr_html_()
    assert "nan" not in repr(product)
    assert product.to_hdus()[0].header["CHECKSUM"]


@pytest.mark.parametrize("form", ["native", "gong", "adapt"])
def test_a_map_is_written_in_a_format_and_read_back(form: str, folder: Path) -> None:
    made = farside.read_product("base.fits")
    assert isinstance(made, SynchronicMap)
    path = farside.write(made, folder, format=form)
    again = farside.read_product(path)
    assert isinstance(again, SynchronicMap if form == "native" else BaseMap)
    assert again.field_gauss.std() == pytest.approx(made.field_gauss.std(), rel=0.2)


def test_a_suffix_of_a_picture_writes_a_picture(folder: Path) -> None:
    product = farside.read_product("far.fits")
    assert isinstance(product, Magnetogram)
    assert write(product, folder / "one.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(FormatError, match="the format is 'gong', expected 'native' or 'png'"):
        write(product, folder / "far.gz", "gong")
    with pytest.raises(FormatError, match=r"got one.jpg, expected a name in .fits or .png"):
        write(product, folder / "one.jpg")
    with pytest.raises(FormatError, match="got the address s3"):
        write(product, "s3://sun/far.fits")


def test_a_file_of_others_is_no_product(folder: Path) -> None:
    with pytest.raises(MissingMetadataError, match=r"hmi\.fits: no product of Farside"):
        farside.read_product("hmi.fits")
