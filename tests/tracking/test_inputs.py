"""Files of a series, good and bad, and what was seen in them."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from farside.magnetogram.magnetogram import Magnetogram
from farside.quality import Quality
from farside.sun.carrington_grid import CarringtonGrid
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.disk import MapDisk
from farside.tracking.inputs import ImageSource, NamedMap, Skipped, read
from tests.support.bipoles import GRID, MODEL, TIME, disk, image_of, view_of
from tests.support.synchronic_maps import synchronic_map


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_product_is_a_generated_disk(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    view = view_of(0)
    made = Magnetogram(
        image_of(view), GRID, TIME, view.observer, "STEREO_A", Quality.BEACON, MODEL, ()
    )
    (tmp_path / "far.fits").write_bytes(pack(made.to_bytes()))
    given = read(tmp_path / "far.fits")
    assert isinstance(given, MapDisk)
    found = ImageSource.of_disk(given)
    assert (found.kind, found.instrument, found.model) == ("generated", "STEREO_A", "pix2pixcc 1")
    assert (found.name, found.quality) == ("far.fits", Quality.BEACON)


def test_an_observed_disk_has_no_model() -> None:
    found = ImageSource.of_disk(disk(0))
    assert (found.kind, found.model) == ("observed", "")


def test_a_native_map_keeps_its_name(tmp_path: Path) -> None:
    synchronic_fits.write(synchronic_map(CarringtonGrid(36, 18)), tmp_path / "map.fits")
    given = read(tmp_path / "map.fits")
    assert isinstance(given, NamedMap)
    assert given.name == "map.fits"


@pytest.mark.parametrize(
    "content", [b"", b"no FITS", b"SIMPLE  =                    T", b"\x1f\x8b"]
)
def test_what_does_not_read_is_skipped_with_the_reason(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.fits"
    path.write_bytes(content)
    found = read(path)
    assert isinstance(found, Skipped)
    assert str(found).startswith("bad.fits: ")
    assert len(found.reason) > 10


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.fits")
