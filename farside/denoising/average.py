"""Derotated mean of successive HMI magnetograms, as in Park et al. (2020)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from astropy.time import Time, TimeDelta
from numpy.typing import NDArray

from farside.denoising.derotation import TimedFrame, derotated_mean, surface_motion
from farside.denoising.noise import centre_noise_gauss
from farside.errors import FrameSeriesError, MissingMetadataError, UnsupportedImageError
from farside.io.fits import MAX_BYTES, Cards, number, open_cards, text, unpack
from farside.io.source import bytes_of, naming_errors
from farside.io.wcs import Pointing, pointing_of
from farside.observation.image import Origin, read
from farside.observation.instruments import card_time, identify, is_restored
from farside.progress import Progress, no_progress
from farside.sun.angles import wrap_deg
from farside.sun.grid import Image

FRAMES = 21
"""Number of frames in a mean: the middle one, ten before and ten after (Park et al. 2020)."""

CENTRE_TOLERANCE_PX, SCALE_TOLERANCE, ROLL_TOLERANCE_DEG = 5.0, 1e-3, 0.1
"""Tolerances of the pointing within a series, a choice: HMI drifts by hundredths of a pixel.
Differences within them are corrected."""

COUNT_KEY = "NFRAMES"
"""Card that distinguishes a mean from a single frame."""

MISSING_NAMED = 5
"""Maximum number of missing frames named in an error."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Header of one file of a series.

    Attributes
    ----------
    path
        Path of the file.
    slot, cadence_s
        T_REC, UTC, and the time to the next slot, seconds.
    cards, pointing, shape
        Header cards, and the pointing and shape (y, x) of the image.
    """

    path: Path
    slot: Time
    cadence_s: float
    cards: Cards
    pointing: Pointing
    shape: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.path.name} ({_tai(self.slot)})"


@dataclass(frozen=True, eq=False)
class MeanMagnetogram:
    """Derotated mean of a series, in the pixels of its middle frame.

    Attributes
    ----------
    image
        Line-of-sight field, gauss, (y, x), NaN where the middle frame has no value.
    frames, origins
        Headers and origins of the averaged frames, in order of time.
    noise_one_gauss
        Noise of the middle frame: width of the weak-field core at disk centre.
    """

    image: Image
    frames: tuple[Frame, ...]
    origins: tuple[Origin, ...]
    noise_one_gauss: float

    @property
    def noise_gauss(self) -> float:
        """Noise of the mean: width of the weak-field core at disk centre, gauss."""
        pointing, origin = self.middle.pointing, self.origins[len(self.origins) // 2]
        return centre_noise_gauss(self.image, pointing, origin.observer)

    @property
    def middle(self) -> Frame:
        """Middle frame, to whose time the others were derotated."""
        return self.frames[len(self.frames) // 2]


def average_frames(
    paths: Sequence[Path], count: int = FRAMES, progress: Progress = no_progress
) -> MeanMagnetogram:
    """Average a series of frames, each derotated to the time of the middle one.

    All headers are read first, then the frames one after the other: one frame at a time is in
    memory.

    Parameters
    ----------
    paths
        HMI line-of-sight magnetograms, in any order.
    count
        Expected number of frames, odd.
    progress
        Called after each frame.

    Raises
    ------
    FrameSeriesError
        The files are not an unbroken series of `count` frames of one instrument, size and pointing.
    InputError
        A file cannot be used.
    """
    frames = read_series(paths, count)
    middle = frames[count // 2]
    seen = read(middle.path)
    observer = seen.origin.observer
    noise_gauss = centre_noise_gauss(seen.pixels, middle.pointing, observer)
    on_disk = np.isfinite(seen.pixels)
    motion = surface_motion(middle.pointing, middle.shape, observer, seen.origin.time)
    del seen  # never two frames in memory
    origins: list[Origin] = []
    mean = derotated_mean(_timed(frames, middle, origins, progress), motion)
    mean[~on_disk] = np.nan
    return MeanMagnetogram(mean, frames, tuple(origins), noise_gauss)


def _timed(
    frames: Sequence[Frame], middle: Frame, origins: list[Origin], progress: Progress
) -> Iterator[TimedFrame]:
    """Read one frame after the other, and append the origin of each to `origins`."""
    for frame in frames:
        observation = read(frame.path)
        origins.append(observation.origin)
        yield TimedFrame(
            observation.pixels,
            float((frame.slot - middle.slot).to_value("s")),
            _from_middle(middle.pointing, frame.pointing),
        )
        del observation  # before the next one is read
        progress(len(origins), len(frames))


def _from_middle(middle: Pointing, frame: Pointing) -> NDArray[np.float64]:
    """Affine map (2, 3) from pixels of the middle frame to pixels of another."""
    linear = np.linalg.solve(frame.matrix_arcsec, middle.matrix_arcsec)
    return np.column_stack([linear, frame.sun_centre_px - linear @ middle.sun_centre_px])


def read_series(paths: Sequence[Path], count: int = FRAMES) -> tuple[Frame, ...]:
    """Read the headers of frames, check that they form a series, and sort them by time.

    Raises
    ------
    FrameSeriesError
        The number of frames is not `count`, or even; a slot is missing or taken twice; or
        instruments, cadences, sizes or pointings differ.
    InputError
        A header cannot be used.
    """
    if count < 1 or count % 2 == 0:
        raise FrameSeriesError(f"got a count of {count}, expected an odd one: a middle frame")
    if len(paths) != count:
        raise FrameSeriesError(f"got {len(paths)} frames, expected {count}")
    frames = tuple(sorted(map(_frame, paths), key=lambda frame: float(frame.slot.tai.mjd)))
    _check_alike(frames)
    _check_unbroken(frames)
    return frames


def _frame(path: Path) -> Frame:
    data, name = bytes_of(path, "", MAX_BYTES)
    with naming_errors(name):
        cards = open_cards(unpack(data))
        instrument, band = identify(cards)
        if (instrument.name, band) != ("HMI", "LOS"):
            raise UnsupportedImageError(f"got {instrument.name} {band}, expected HMI LOS")
        if is_restored(cards) or COUNT_KEY in cards:
            raise UnsupportedImageError(
                "got a mean or the product of a network, expected a frame as it was measured"
            )
        slot, cadence_s = card_time(cards, "T_REC"), number(cards, "CADENCE")
        if slot is None or cadence_s is None or cadence_s <= 0:
            raise MissingMetadataError(
                f"T_REC is {cards.get('T_REC')!r} and CADENCE {cards.get('CADENCE')!r}, expected "
                "the slot of a frame and the seconds to the next"
            )
        return Frame(path, slot, cadence_s, cards, pointing_of(cards), _shape(cards))


def _shape(cards: Cards) -> tuple[int, int]:
    """Shape of the image, (y, x); ZNAXIS for a compressed one."""
    packed = "Z" if cards.get("ZIMAGE") is True else ""
    width, height = (number(cards, f"{packed}NAXIS{axis}") or 0 for axis in "12")
    return int(height), int(width)


def _check_alike(frames: Sequence[Frame]) -> None:
    middle = frames[len(frames) // 2]
    for frame in frames:
        for what, got, expected in (
            ("instrument", text(frame.cards, "INSTRUME"), text(middle.cards, "INSTRUME")),
            ("cadence in s", frame.cadence_s, middle.cadence_s),
            ("size (y, x)", frame.shape, middle.shape),
        ):
            if got != expected:
                raise FrameSeriesError(
                    f"{frame}: {what} is {got}, that of the middle frame is {expected}",
                    (str(frame),),
                )
        _check_pointing(frame, middle.pointing)


def _check_pointing(frame: Frame, expected: Pointing) -> None:
    found = frame.pointing
    apart_px = float(np.hypot(*(found.sun_centre_px - expected.sun_centre_px)))
    turned_deg = abs(wrap_deg(found.roll_deg - expected.roll_deg))
    stretched = abs(found.scale_arcsec / expected.scale_arcsec - 1)
    if (
        apart_px > CENTRE_TOLERANCE_PX
        or turned_deg > ROLL_TOLERANCE_DEG
        or stretched > SCALE_TOLERANCE
    ):
        raise FrameSeriesError(
            f"{frame}: the Sun's centre is {apart_px:.1f} px, the roll {turned_deg:.2f}° and the "
            f"scale {stretched:.2%} from those of the middle frame, expected at most "
            f"{CENTRE_TOLERANCE_PX:g} px, {ROLL_TOLERANCE_DEG:g}° and {SCALE_TOLERANCE:.1%}",
            (str(frame),),
        )


def _check_unbroken(frames: Sequence[Frame]) -> None:
    missing: list[Time] = []
    for one, other in pairwise(frames):
        steps = round(float((other.slot - one.slot).to_value("s")) / one.cadence_s)
        if steps == 0:
            raise FrameSeriesError(
                f"{one} and {other} are of one slot, expected one frame of each",
                (str(one), str(other)),
            )
        missing += [
            one.slot + TimeDelta(step * one.cadence_s, format="sec") for step in range(1, steps)
        ]
    if missing:
        named = ", ".join(map(_tai, missing[:MISSING_NAMED]))
        more = ", …" if len(missing) > MISSING_NAMED else ""
        raise FrameSeriesError(
            f"slots without a frame between the first and the last: {named}{more} "
            f"({len(missing)} in all); expected one every {frames[0].cadence_s:g} s"
        )


def _tai(time: Time) -> str:
    return str(time.tai.strftime("%Y.%m.%d_%H:%M:%S_TAI"))
