import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.time import Time, TimeDelta

from farside.denoising.derotation import MARGIN_PX
from farside.denoising.noise import core_width_gauss, noise_of
from farside.errors import OutOfRangeError
from farside.io.fits import open_cards
from farside.observation.image import read
from farside.quality import Quality
from farside.simulation.instruments.camera import Detector, line_of_sight_field, trace_shell
from farside.simulation.instruments.files import ImageSizes, hmi_detector
from farside.simulation.instruments.hmi_series import (
    CENTRE_NOISE_GAUSS,
    SeriesRenderer,
    SimulatedFrames,
    Tile,
    frame_times,
    tile,
    write_frames,
)
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.heliographic import differential_rotation_deg_per_day
from farside.sun.observer import earth

MIDDLE = Time("2013-11-01T00:00:00")
QUARTER = ImageSizes(0, 2)


@pytest.fixture(scope="module")
def surface() -> Surface:
    return SimulatedSun(3).at(MIDDLE)


@pytest.fixture(scope="module")
def at_centre(surface: Surface) -> Tile:
    return tile(surface, (0.0, 0.0), 256, np.random.default_rng(0))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> SimulatedFrames:
    return write_frames(tmp_path_factory.mktemp("frames"), MIDDLE, 3, 3, QUARTER)


def test_slots_are_45_s_apart_from_midnight_tai() -> None:
    times = frame_times(MIDDLE, 5)
    slots = np.array([time.tai.mjd % 1 for time in times]) * 86400 / 45
    np.testing.assert_allclose(slots, np.rint(slots), atol=1e-6)
    np.testing.assert_allclose([(t - times[0]).to_value("s") for t in times], np.arange(5) * 45)
    assert abs((times[2] - MIDDLE).to_value("s")) <= 22.5


@pytest.mark.parametrize("count", [0, -3, 20])
def test_a_series_without_a_middle_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"got {count} frames"):
        frame_times(MIDDLE, count)


def test_a_tile_is_the_same_part_of_the_whole_disk(surface: Surface) -> None:
    whole = hmi_detector()
    found = tile(surface, (0.3, -0.5), 64, np.random.default_rng(0), 1)
    part = found.detector
    shift = np.array(whole.centre_px) - part.centre_px
    np.testing.assert_array_equal(shift, np.rint(shift))
    # Solar west and north of disk centre, as a header's pointing has it.
    middle = part.pointing.matrix_arcsec @ ((part.size_px - 1) / 2 - part.pointing.sun_centre_px)
    radius_arcsec = 959.63 / (found.observer.distance_m / 149597870700)
    np.testing.assert_allclose(middle / radius_arcsec, (0.3, -0.5), atol=1e-3)
    again = line_of_sight_field(
        surface.radial_field, trace_shell(part, earth(surface.time), found.times[0])
    )
    np.testing.assert_allclose(found.truth, again, atol=0.5)


def test_noise_is_independent_from_frame_to_frame(at_centre: Tile) -> None:
    one, other = at_centre.frames[9], at_centre.frames[10]
    assert (other - one).std() == pytest.approx(CENTRE_NOISE_GAUSS * np.sqrt(2), rel=0.05)
    assert (at_centre.frames[10] - at_centre.truth).std() == pytest.approx(
        CENTRE_NOISE_GAUSS, rel=0.02
    )


def test_noise_rises_towards_the_limb(surface: Surface, at_centre: Tile) -> None:
    at_limb = tile(surface, (-0.92, 0.0), 248, np.random.default_rng(0), 1)
    assert core_width_gauss(at_centre.frames[10]) == pytest.approx(9.1, abs=0.5)
    assert core_width_gauss(at_limb.frames[0]) == pytest.approx(10.7, abs=0.5)


def test_the_surface_moves_by_five_pixels_from_the_first_frame_to_the_last(
    surface: Surface,
) -> None:
    found = tile(surface, (0.0, 0.0), 128, np.random.default_rng(0))
    quiet = found.mean()[16:-16, 16:-16]
    for index, shift in ((0, -5 / 2), (20, 5 / 2)):
        # CROTA2 is 180°: the Sun turns towards smaller x.
        moved = np.roll(found.frames[index], round(shift), axis=1)[16:-16, 16:-16]
        still = found.frames[index][16:-16, 16:-16]
        assert (
            np.corrcoef(moved.ravel(), quiet.ravel())[0, 1]
            > np.corrcoef(still.ravel(), quiet.ravel())[0, 1]
        )


def test_the_field_of_high_latitudes_falls_behind_that_of_the_equator(surface: Surface) -> None:
    longitude = (np.arange(720) + 0.5) / 2
    stripes = np.tile(100 * np.sin(np.radians(18 * longitude)), (360, 1)).astype(np.float32)
    detector, observer = Detector(256, 8.0, (127.5, 127.5)), earth(surface.time)
    later = surface.time + TimeDelta(1.0, format="jd")
    (found,) = SeriesRenderer(replace(surface, radial_field=stripes), observer, detector).fields(
        (later,)
    )
    seen = trace_shell(detector, observer, later)
    inside = seen.mu > 0.3
    behind = seen.longitude_deg - differential_rotation_deg_per_day(
        seen.latitude_deg.astype(np.float64)
    )
    expected = 100 * np.sin(np.radians(18 * behind)) * seen.mu
    np.testing.assert_allclose(found[inside], expected[inside], atol=2)
    assert np.abs(seen.latitude_deg[inside]).max() > 60


def test_the_mean_that_follows_is_nearer_to_the_truth_than_the_plain_one(at_centre: Tile) -> None:
    inner = slice(MARGIN_PX, -MARGIN_PX)
    truth = at_centre.truth[inner, inner]
    followed = at_centre.mean()[inner, inner] - truth
    plain = at_centre.frames.mean(axis=0)[inner, inner] - truth
    assert followed.std() == pytest.approx(CENTRE_NOISE_GAUSS / np.sqrt(21), rel=0.08)
    assert plain.std() > 1.1 * followed.std()


def test_files_are_hmi_magnetograms_of_45_s(files: SimulatedFrames) -> None:
    names = [path.name for path in files.frames]
    assert names == [
        f"hmi.m_45s.20131101_{clock}_TAI.2.magnetogram.fits"
        for clock in ("000000", "000045", "000130")
    ]
    for path in files.frames:
        observation = read(path)
        assert str(observation.origin).startswith("HMI LOS 2013-")
        assert observation.origin.quality == Quality.GOOD
        cards = open_cards(path.read_bytes())
        assert (cards["CADENCE"], cards["TRECSTEP"]) == (45.0, 45.0)
        assert (cards["INSTRUME"], cards["CAMERA"]) == ("HMI_FRONT2", 2)
    assert cards["T_REC"] == "2013.11.01_00:01:30_TAI"


def test_every_card_is_one_of_a_real_frame(files: SimulatedFrames, shared_data: Path) -> None:
    real = open_cards((shared_data / "real" / "sdo-hmi_2011-02-14_20-34-12.fits").read_bytes())
    ours = open_cards(files.frames[0].read_bytes())
    # The real one is not compressed, and SunPy made texts of its bare nans.
    other = re.compile(r"Z.*|XTENSION|EXTNAME|T(FIELDS|TYPE1|FORM1)|[PG]COUNT|BSCALE|BZERO")
    kept = {
        key: value for key, value in ours.items() if not other.fullmatch(key) and value == value
    }
    strange = {
        key: (value, real.get(key))
        for key, value in kept.items()
        if isinstance(value, str) is not isinstance(real.get(key, None), str) or key not in real
    }
    assert strange == {}


def test_the_truth_is_the_middle_frame_without_its_noise(files: SimulatedFrames) -> None:
    truth, middle = read(files.truth), read(files.frames[1])
    assert files.truth.parent.name == "truth"
    assert truth.origin.time == middle.origin.time
    # A quarter of the native pixels a side: a quarter of the noise.
    difference = middle.pixels - truth.pixels
    centre = difference[448:576, 448:576]
    assert centre.std() == pytest.approx(CENTRE_NOISE_GAUSS / 4, rel=0.05)
    assert noise_of(truth).centre_gauss < 0.5 < noise_of(middle).centre_gauss


def test_a_series_is_that_of_its_seed(files: SimulatedFrames, tmp_path: Path) -> None:
    again = write_frames(tmp_path, MIDDLE, 3, 3, QUARTER)
    for one, other in zip(files.frames, again.frames, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_frames_before_the_sun_begins_are_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with pytest.raises(OutOfRangeError, match="got 1990"):
        write_frames(tmp_path / "out", Time("1990-06-23T12:00:00"), size=QUARTER)
    assert not (tmp_path / "out").exists()
