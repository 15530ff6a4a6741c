"""Products as anyone may have forged them: bounded before anything is made of a number."""

from __future__ import annotations

import io
import tracemalloc
from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits

from farside.errors import (
    DuplicateChannelError,
    FileTooLargeError,
    InputError,
    MissingMetadataError,
    NotFitsError,
    UnexpectedImageError,
)
from farside.io.cards import table
from farside.io.fits import MAX_COLUMNS, MAX_HDUS, open_hdus
from farside.io.product_reader import check_unaltered, rows_of
from farside.magnetogram.magnetogram import MAX_INPUTS, Magnetogram
from farside.observation.read import read_each
from farside.pipeline import MAX_MAP_PIXELS, map_sun, prepare
from farside.synchronic import fits as synchronic_fits
from tests.cases.mutation import mutated
from tests.cases.seeds import CREATED, euvi, hmi, magnetogram, restored
from tests.support.small_model import RECIPE
from tests.support.synchronic_maps import synchronic_map


def file_of(*hdus: fits.PrimaryHDU) -> bytes:
    file = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(file)
    return file.getvalue()


def test_checksums_of_astropy_are_right_and_one_bit_is_not() -> None:
    data = magnetogram().to_bytes(CREATED)
    check_unaltered(open_hdus(data))
    for place in range(0, len(data), 9973):
        altered = bytearray(data)
        altered[place] ^= 4
        with pytest.raises(InputError):
            Magnetogram.read(bytes(altered))


def test_rows_come_back_as_they_were_written() -> None:
    rows = [("a", 1.5, -3), ("a longer text", float("nan"), 2**31 - 1), ("", -0.0, 0)]
    made = table("ROWS", [("T", None, None), ("D", "D", None), ("J", "J", None)], rows)
    found = rows_of(open_hdus(file_of(fits.PrimaryHDU(), made))[1], most=3)
    assert [tuple(row) for row in found] == [("T", "D", "J")] * 3
    np.testing.assert_equal([tuple(row.values()) for row in found], rows)


def test_a_table_of_more_rows_than_any_product_is_refused_before_one_is_read() -> None:
    given = magnetogram().inputs[0]
    made = replace(magnetogram(), inputs=(given,) * (MAX_INPUTS + 1))
    with pytest.raises(FileTooLargeError, match="65 rows of INPUTS, expected at most 64"):
        Magnetogram.read(made.to_bytes())
    assert len(Magnetogram.read(replace(made, inputs=(given,) * 64).to_bytes()).inputs) == 64


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (("twice", "2", str(MAX_HDUS)), f"more than {MAX_HDUS} HDUs"),
        (("card", "3", "TFIELDS", "65"), f"65 columns, expected at most {MAX_COLUMNS}"),
        (("card", "0", "NAXIS1", "30000"), "truncated"),
    ],
)
def test_sizes_are_refused_that_no_product_has(edit: tuple[str, ...], match: str) -> None:
    data = mutated(magnetogram().to_bytes(CREATED), [edit, ("sums",)])
    with pytest.raises(InputError, match=match):
        open_hdus(data)


def test_a_grid_is_made_only_of_a_size_that_the_image_has() -> None:
    """One row of 4200 pixels would make a grid of 70 MB."""
    made = magnetogram().to_hdus()
    made[0].data = np.zeros((1, 4200), np.float32)
    for hdu in made:
        hdu.add_checksum()
    data = file_of(*made)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="PRIMARY has"):
            Magnetogram.read(data)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


ZEROS = np.zeros((2, 3, 4), np.float32)
OTHER_PARTS = {
    "a cube": fits.ImageHDU(ZEROS, name="SIGMA"),
    "a line": fits.ImageHDU(ZEROS[0, 0], name="SIGMA"),
    "whole numbers": fits.ImageHDU(ZEROS[0].astype(np.int16), name="SIGMA"),
    "float64": fits.ImageHDU(ZEROS[0].astype(np.float64), name="SIGMA"),
    "another shape": fits.ImageHDU(ZEROS[0], name="SIGMA"),
    "a table as plane": table("SIGMA", [("A", "D", None)], [(1.0,)]),
    "an image as table": fits.ImageHDU(ZEROS[0], name="INPUTS"),
    "a table without columns": fits.BinTableHDU.from_columns([], name="INPUTS"),
}


@pytest.mark.parametrize("kind", OTHER_PARTS)
def test_a_plane_or_table_of_another_kind_is_refused(kind: str) -> None:
    made, other = magnetogram().to_hdus(), OTHER_PARTS[kind].copy()
    made[other.name] = other
    for hdu in made:
        hdu.add_checksum()
    with pytest.raises(InputError, match=f"{other.name}|TFIELDS is 0"):
        Magnetogram.read(file_of(*made))


def test_a_product_in_native_pixels_comes_back() -> None:
    made = Magnetogram.read(restored().to_bytes())
    assert Magnetogram.read(made.to_bytes()) == made
    assert made.grid == restored().grid


def test_nested_notes_are_refused() -> None:
    made = magnetogram().to_hdus()
    row = list(made["INPUTS"].data[0])
    row[-1] = "[" * 20_000
    columns = [(column.name, column.format, None) for column in made["INPUTS"].columns]
    columns[-1] = ("NOTES", None, None)
    made[-1] = table("INPUTS", columns, [row])
    for hdu in made:
        hdu.add_checksum()
    with pytest.raises(MissingMetadataError, match="NOTES is"):
        Magnetogram.read(file_of(*made))


def test_a_second_header_that_is_none_is_refused() -> None:
    data = synchronic_fits.to_bytes(synchronic_map())
    with pytest.raises(NotFitsError, match="HDU 7 begins with"):
        synchronic_fits.read(data + bytes(2880))


class Counted(io.BytesIO):
    """Bytes that count how often they were read."""

    times = 0

    def read(self, size: int | None = -1, /) -> bytes:
        type(self).times += 1
        return super().read(size)


@pytest.mark.parametrize(
    ("data", "error", "read"),
    [(hmi(), UnexpectedImageError, 1), (euvi(), DuplicateChannelError, 2)],
)
def test_no_image_behind_one_that_no_channel_takes_is_read(
    data: bytes, error: type[Exception], read: int
) -> None:
    Counted.times = 0
    bands = data.replace(b"WAVELNTH=                  304", b"WAVELNTH=                  195")
    with pytest.raises(error):
        prepare([Counted(bands) for _ in range(60)], [], RECIPE)
    assert Counted.times == read


def test_images_are_read_when_they_are_asked_for() -> None:
    Counted.times = 0
    images = read_each([Counted(euvi()) for _ in range(3)])
    assert Counted.times == 0
    next(images)
    assert Counted.times == 1


def test_the_pixels_of_all_disks_of_a_map_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farside.pipeline.MAX_MAP_PIXELS", 4 * 64**2)
    made = magnetogram()  # with its sigma, twice 64² pixels
    disks = [replace(made, time=made.time + hours * u.hour) for hours in range(3)]
    assert map_sun([], disks[:2]).share("generated") > 0
    with pytest.raises(FileTooLargeError, match="the 3 disks up to here have 24576 pixels"):
        map_sun([], disks)
    assert MAX_MAP_PIXELS > 10 * 2 * 1024**2
