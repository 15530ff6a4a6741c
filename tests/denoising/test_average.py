import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from farside.denoising.average import MeanMagnetogram, average_frames, read_series
from farside.denoising.derotation import NOISE_LEFT
from farside.denoising.fits import write
from farside.errors import (
    BadQualityError,
    FrameSeriesError,
    MissingMetadataError,
    UnsupportedImageError,
)
from farside.io.product_reader import check_unaltered, open_product
from farside.observation.image import read
from farside.sun.observer import earth
from tests.support.frame_files import MIDDLE, RADIUS_PX, camera_of, frame, frames, pattern
from tests.support.instrument_files import aia_cards, file_bytes

COUNT = 5


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return frames(tmp_path_factory.mktemp("five"), COUNT)


@pytest.fixture(scope="module")
def mean(five: list[Path]) -> MeanMagnetogram:
    return average_frames(five[::-1], COUNT)


def slope(image: np.ndarray) -> float:
    """Slope of an image on the pattern of the middle frame, within 0.7 radii."""
    camera = camera_of(earth(MIDDLE))
    truth = pattern(camera, earth(MIDDLE), MIDDLE)
    inside = np.hypot(*np.mgrid[:512, :512] - camera.centre_px[::-1, None, None]) < 0.7 * RADIUS_PX
    return float((image * truth)[inside].sum() / (truth**2)[inside].sum())


def test_what_rotates_stays_sharp_in_the_mean_and_smears_in_the_plain_one(
    five: list[Path], mean: MeanMagnetogram
) -> None:
    plain = np.mean([read(path).pixels for path in five], axis=0)
    assert slope(mean.image) == pytest.approx(1.0, abs=0.02)
    assert slope(plain) < 0.6


def test_the_mean_has_the_disk_of_the_middle_frame(five: list[Path], mean: MeanMagnetogram) -> None:
    np.testing.assert_array_equal(np.isfinite(mean.image), np.isfinite(read(five[2]).pixels))
    assert [frame.path for frame in mean.frames] == five
    assert mean.middle.path == five[2]


def test_frames_of_slightly_different_pointing_are_brought_together(tmp_path: Path) -> None:
    observer = earth(MIDDLE)
    cameras = [camera_of(observer, offset_px=(3.0 + dx, -2.0 - dx)) for dx in (1.3, 0.0, -1.7)]
    paths = [
        frame(tmp_path, step, camera=camera)
        for step, camera in zip((-1, 0, 1), cameras, strict=True)
    ]
    assert slope(average_frames(paths, 3).image) == pytest.approx(1.0, abs=0.02)


def test_noise_falls_by_the_root_of_the_number(tmp_path: Path) -> None:
    noisy = average_frames(frames(tmp_path, COUNT, noise_gauss=30.0), COUNT).image
    (tmp_path / "still").mkdir()
    quiet = average_frames(frames(tmp_path / "still", COUNT), COUNT).image
    left = (noisy - quiet)[156:356, 156:356].std() * np.sqrt(COUNT) / 30
    assert 0.93 < left < 0.99


def test_progress_is_reported(five: list[Path]) -> None:
    told: list[tuple[int, int]] = []
    average_frames(five[1:4], 3, lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_gap_is_refused_and_its_slots_are_named(five: list[Path]) -> None:
    with pytest.raises(FrameSeriesError, match=r"slots without a frame.*2013\.11\.01_01:00:45_TAI"):
        read_series([five[0], five[1], five[2], *five[4:]][1:], 3)


def test_two_frames_of_one_slot_are_refused(five: list[Path], tmp_path: Path) -> None:
    twin = tmp_path / "twin.fits"
    twin.write_bytes(five[1].read_bytes())
    with pytest.raises(FrameSeriesError, match="of one slot"):
        read_series([five[0], five[1], twin], 3)


@pytest.mark.parametrize(("given", "count"), [(4, 5), (5, 3), (0, 3), (4, 4), (5, -1)])
def test_another_number_than_asked_or_an_even_one_is_refused(
    five: list[Path], given: int, count: int
) -> None:
    with pytest.raises(FrameSeriesError, match=f"{count}"):
        read_series(five[:given], count)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"INSTRUME": "HMI_SIDE1"}, "instrument is HMI_SIDE1"),
        ({"CADENCE": 720.0}, "cadence in s is 720"),
        ({"CRPIX1": 300.0}, "centre is .* px"),
        ({"CROTA2": 0.0}, r"roll 179\.93°"),
        ({"CDELT1": 4.9, "CDELT2": 4.9}, "scale"),
    ],
)
def test_a_frame_unlike_the_others_is_refused(
    five: list[Path], tmp_path: Path, changes: dict[str, Any], what: str
) -> None:
    other = frame(tmp_path, 1, **changes)
    with pytest.raises(FrameSeriesError, match=what) as raised:
        read_series([five[1], five[2], other], 3)
    assert "frame+01.fits" in raised.value.files[0]


def test_a_frame_of_another_size_is_refused(five: list[Path], tmp_path: Path) -> None:
    observer = earth(MIDDLE)
    large = camera_of(observer)
    larger = type(large)(520, RADIUS_PX, large.roll_deg, large.offset_px, large.distance_m)
    other = frame(tmp_path, 1, camera=larger)
    with pytest.raises(FrameSeriesError, match=r"size \(y, x\) is \(520, 520\)"):
        read_series([five[1], five[2], other], 3)


def test_an_image_that_is_not_a_magnetogram_is_refused(five: list[Path], tmp_path: Path) -> None:
    light = tmp_path / "aia.fits"
    camera = camera_of(earth(MIDDLE))
    light.write_bytes(file_bytes(aia_cards(camera), np.ones((512, 512), np.int16)))
    with pytest.raises(UnsupportedImageError, match=r"aia\.fits: got AIA 171, expected HMI LOS"):
        read_series([five[1], five[2], light], 3)


def test_a_frame_without_a_slot_is_refused(five: list[Path], tmp_path: Path) -> None:
    with pytest.raises(MissingMetadataError, match="T_REC is 'soon'"):
        read_series([five[1], five[2], frame(tmp_path, 1, T_REC="soon")], 3)


def test_a_frame_of_bad_quality_is_refused(five: list[Path], tmp_path: Path) -> None:
    with pytest.raises(BadQualityError, match="eclipse"):
        average_frames([five[1], five[2], frame(tmp_path, 1, QUALITY=0x100)], 3)


def test_the_file_reads_as_a_magnetogram_of_the_middle_frame(
    five: list[Path], mean: MeanMagnetogram, tmp_path: Path
) -> None:
    path = write(mean, tmp_path / "mean.fits")
    again, middle = read(path), read(five[2])
    np.testing.assert_array_equal(again.pixels, mean.image)
    assert str(again.origin) == str(middle.origin)
    assert again.origin.observer == middle.origin.observer
    one, other = again.pointing, middle.pointing
    np.testing.assert_allclose(one.matrix_arcsec, other.matrix_arcsec)
    np.testing.assert_allclose(one.sun_centre_px, other.sun_centre_px)


def test_the_file_says_of_what_it_is_the_mean(
    five: list[Path], mean: MeanMagnetogram, tmp_path: Path
) -> None:
    path = write(mean, tmp_path / "mean.fits")
    check_unaltered(open_product(path))
    with fits.open(path) as hdus:
        header, table = hdus[0].header, hdus["FRAMES"].data
        assert header["NFRAMES"] == COUNT
        assert header["T_REC"] == "2013.11.01_00:00:45_TAI"
        assert (header["FRMFIRST"], header["FRMLAST"]) == (table["T_REC"][0], table["T_REC"][-1])
        assert header["FRMSPAN"] == pytest.approx(COUNT * 3600.0)
        assert header["NOISEEXP"] == pytest.approx(
            header["NOISEONE"] * NOISE_LEFT / np.sqrt(5), 1e-2
        )
        assert "DATAMEAN" not in header  # the mean of other pixels
        assert "AIGEN" not in header
        assert "Mean of the frames" in str(header["HISTORY"])
        hashes = [hashlib.sha256(each.read_bytes()).hexdigest() for each in five]
        assert list(table["SHA256"]) == hashes
        assert list(table["NAME"]) == [each.name for each in five]


def test_near_real_time_of_one_is_that_of_the_mean(five: list[Path], tmp_path: Path) -> None:
    found = average_frames([five[1], five[2], frame(tmp_path, 1, QUALITY=0x400)], 3)
    assert fits.getheader(write(found, tmp_path / "mean.fits"))["QUALITY"] == 0x400


def test_a_mean_is_refused_as_a_frame(
    mean: MeanMagnetogram, five: list[Path], tmp_path: Path
) -> None:
    path = write(mean, tmp_path / "mean.fits")
    with pytest.raises(UnsupportedImageError, match="expected a frame as it was measured"):
        read_series([five[1], path, five[3]], 3)
