"""Group images into sets, pair sets with references, and split them by months."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from farside.sun.angles import wrap_deg
from farside.sun.reference_epoch import SYNODIC_PERIOD_DAYS
from training.data.journal import RegisteredImage

CHANNELS = ("AIA 304", "AIA 193", "AIA 171", "HMI LOS")
"""Channels of a set of SDO, in the order of its disks."""

FAR_CHANNELS = ("EUVI-A 304", "EUVI-A 195", "EUVI-A 171", "SIMULATION LOS")
"""Channels of a set of the simulated far side; the last is its true magnetogram."""

NO_REFERENCE = -1

Days = NDArray[np.float64]

_MJD_EPOCH = np.datetime64("1858-11-17")


@dataclass(frozen=True)
class ImageSet:
    """Set of four images of one time, in the order of :data:`CHANNELS`."""

    images: tuple[RegisteredImage, ...]

    @property
    def field(self) -> RegisteredImage:
        """Magnetogram, whose time and observer are those of the set."""
        return self.images[-1]


@dataclass(frozen=True)
class UnusedFile:
    """Unused file, with the reason."""

    path: str
    reason: str


@dataclass(frozen=True)
class ImageGroups:
    """Sets ordered by time, and the images that are in none."""

    sets: tuple[ImageSet, ...]
    unused: tuple[UnusedFile, ...]


def group(images: Iterable[RegisteredImage], tolerance_minutes: float) -> ImageGroups:
    """Group each magnetogram with the nearest image of each EUV band; no image is in two sets.

    If two magnetograms compete for an image, the one that is closer in time to its images gets it.

    Parameters
    ----------
    images
        Registered images of all channels.
    tolerance_minutes
        Greatest time between the magnetogram and each EUV image.
    """
    unique, repeated = _without_repeats(images)
    bands = {channel: _of_channel(unique, channel) for channel in CHANNELS}
    bids = _bids(bands, tolerance_minutes)
    sets = _without_conflicts(bids)
    used = {image.path for each in sets for image in each.images}
    why = {bid.field.path: bid.reason for bid in bids if bid.reason}
    unused = [
        UnusedFile(image.path, why.get(image.path, f"no set needs this {image.channel}"))
        for image in unique
        if image.path not in used
    ]
    return ImageGroups(tuple(sorted(sets, key=lambda each: each.field.mjd)), (*repeated, *unused))


@dataclass(frozen=True)
class _Bid:
    """Candidate set of a magnetogram, or the reason why there is none."""

    field: RegisteredImage
    partners: tuple[RegisteredImage, ...] = ()
    minutes: float = 0.0
    reason: str = ""


def _bids(bands: dict[str, list[RegisteredImage]], tolerance_minutes: float) -> list[_Bid]:
    fields = bands[CHANNELS[-1]]
    missing = [channel for channel, images in bands.items() if not images]
    if missing:
        return [_Bid(field, reason=f"no {missing[0]} at all") for field in fields]
    times = _mjd(fields)
    rows = {band: nearest(times, _mjd(bands[band])) for band in CHANNELS[:-1]}
    return [
        _bid(field, [bands[band][row[i]] for band, row in rows.items()], tolerance_minutes)
        for i, field in enumerate(fields)
    ]


def _bid(field: RegisteredImage, partners: list[RegisteredImage], tolerance_minutes: float) -> _Bid:
    minutes = {each.channel: abs(each.mjd - field.mjd) * 1440 for each in partners}
    far = [channel for channel, apart in minutes.items() if apart > tolerance_minutes]
    if far:
        return _Bid(field, reason=f"no {far[0]} within {tolerance_minutes:g} min of this HMI LOS")
    return _Bid(field, tuple(partners), max(minutes.values()))


def _without_conflicts(bids: Iterable[_Bid]) -> list[ImageSet]:
    sets: list[ImageSet] = []
    taken: set[str] = set()
    for bid in sorted(bids, key=lambda bid: (bid.minutes, bid.field.mjd)):
        wanted = {image.path for image in bid.partners}
        if wanted and taken.isdisjoint(wanted):
            taken |= wanted
            sets.append(ImageSet((*bid.partners, bid.field)))
    return sets


def _without_repeats(
    images: Iterable[RegisteredImage],
) -> tuple[list[RegisteredImage], list[UnusedFile]]:
    """Keep one image per channel and time, definitive rather than near-real-time."""
    kept: dict[tuple[str, str], RegisteredImage] = {}
    repeated = []
    for image in sorted(images, key=lambda image: (image.quality, image.path)):
        first = kept.setdefault((image.channel, image.time), image)
        if first is not image:
            reason = f"{image.channel} of the same time as {PurePath(first.path).name}"
            repeated.append(UnusedFile(image.path, reason))
    return list(kept.values()), repeated


def _of_channel(images: Iterable[RegisteredImage], channel: str) -> list[RegisteredImage]:
    return sorted((each for each in images if each.channel == channel), key=lambda each: each.mjd)


def _mjd(images: Iterable[RegisteredImage]) -> Days:
    return np.array([image.mjd for image in images])


def nearest(wanted: Days, offered: Days) -> NDArray[np.intp]:
    """Index of the time in `offered` (sorted, not empty) nearest to each of `wanted`."""
    right = np.searchsorted(offered, wanted).clip(max=len(offered) - 1)
    left = (right - 1).clip(min=0)
    return np.where(np.abs(offered[left] - wanted) <= np.abs(offered[right] - wanted), left, right)


@dataclass(frozen=True)
class MonthsRule:
    """Split by months: two test months a year, four months later each year; ten train.

    Jeong et al. (2022), §2: the test months move through the year, so that three years test six
    different months. If the pair begins in December, January of the same year is its second month.

    Attributes
    ----------
    first_year, first_month
        A year, and the month in which its test pair begins. The paper does not give its own.
    guard_days
        Training sets nearer than this to a test month are left out. The paper leaves none out,
        although the Sun hardly changes from the last day of a month to the first of the next.
    """

    first_year: int = 2011
    first_month: int = 1
    guard_days: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.first_month <= 12:
            raise ValueError(f"first test month: got {self.first_month}, expected 1 to 12")
        if not 0 <= self.guard_days <= 28:
            raise ValueError(f"guard: got {self.guard_days} days, expected 0 to 28")

    def test(self, mjd: Days) -> NDArray[np.bool_]:
        """Whether each time is in a test month."""
        instant = _MJD_EPOCH + np.round(mjd * 86_400_000).astype("timedelta64[ms]")
        month = instant.astype("datetime64[M]").astype(int)  # since January 1970
        years = month // 12 + 1970 - self.first_year
        return np.asarray((month % 12 - (self.first_month - 1) - 4 * years) % 12 < 2)

    def train(self, mjd: Days) -> NDArray[np.bool_]:
        """Whether each time is in a training month, and away from the test months."""
        around = [self.test(mjd + shift) for shift in (-self.guard_days, 0.0, self.guard_days)]
        away: NDArray[np.bool_] = ~np.any(around, axis=0)
        return away


@dataclass(frozen=True)
class Ages:
    """Ages of references to pair each target with.

    Eq. 5 of Jeong et al. (2022) gives ages of 0 to 27.3 days; their training had 27.3 alone.

    Attributes
    ----------
    step_days
        Step of the ages, from 0 on; 27.3 days is always the last.
    tolerance_hours
        Greatest difference between a nominal and an actual age.
    """

    step_days: float = 3.9
    tolerance_hours: float = 6.0

    def __post_init__(self) -> None:
        if not 0 < self.step_days <= SYNODIC_PERIOD_DAYS:
            raise ValueError(
                f"step of ages: got {self.step_days} days, expected at most {SYNODIC_PERIOD_DAYS}"
            )
        if not self.tolerance_hours > 0:
            raise ValueError(
                f"tolerance of ages: got {self.tolerance_hours} h, expected more than 0"
            )

    @property
    def days(self) -> tuple[float, ...]:
        """Nominal ages, ascending."""
        steps = np.arange(0, SYNODIC_PERIOD_DAYS - 1e-6, self.step_days)
        return (*(float(age) for age in steps), SYNODIC_PERIOD_DAYS)


@dataclass(frozen=True)
class Pair:
    """Pair of a target set, to be generated from its EUV, and its reference set.

    Attributes
    ----------
    target, reference
        Indices of sets; the reference is always the earlier one, never the target itself, and
        :data:`NO_REFERENCE` for a target alone, for Recipes that can do without.
    age_days
        Time of the target minus that of the reference, NaN without one.
    shift_deg
        Central Carrington longitude of the reference minus that of the target, in [-180, 180).
        Eq. 5 asks for 0, which two images of SDO have at 27.3 days only.
    test
        Whether the pair is for testing; else for training.
    """

    target: int
    reference: int
    age_days: float
    shift_deg: float
    test: bool

    @property
    def alone(self) -> bool:
        """Whether the target has no reference."""
        return self.reference == NO_REFERENCE


def alone(mjd: Days, rule: MonthsRule) -> list[Pair]:
    """Each set by itself, without a reference; those near a test month are left out."""
    test, train = rule.test(mjd), rule.train(mjd)
    return [
        Pair(int(target), NO_REFERENCE, np.nan, 0.0, bool(test[target]))
        for target in np.flatnonzero(test | train)
    ]


def pair(mjd: Days, carrington_deg: Days, ages: Ages, rule: MonthsRule) -> list[Pair]:
    """Pair each set with the earlier set nearest to each age.

    A set of the test months is neither target nor reference of a training pair. A test target may
    have a training set as its reference: half of the test targets could have no other, and the
    field to be predicted, the target's own, was not trained on.

    Parameters
    ----------
    mjd
        Modified Julian dates of the sets, ascending.
    carrington_deg
        Carrington longitudes of their disk centres.
    """
    if mjd.size < 2:
        return []
    test, train = rule.test(mjd), rule.train(mjd)
    found = chain.from_iterable(_of_age(mjd, age, ages.tolerance_hours) for age in ages.days)
    return [
        Pair(
            target=target,
            reference=reference,
            age_days=float(mjd[target] - mjd[reference]),
            shift_deg=float(wrap_deg(carrington_deg[reference] - carrington_deg[target])),
            test=bool(test[target]),
        )
        for target, reference in sorted(set(found))
        if test[target] or (train[target] and not test[reference])
    ]


def _of_age(mjd: Days, age_days: float, tolerance_hours: float) -> Iterator[tuple[int, int]]:
    """Yield indices of each set and of its reference of about one age."""
    earlier = np.arange(len(mjd)) - 1
    reference = np.minimum(nearest(mjd - age_days, mjd), earlier)
    error_hours = np.abs(mjd - mjd[reference] - age_days) * 24
    for target in np.flatnonzero((reference >= 0) & (error_hours <= tolerance_hours)):
        yield int(target), int(reference[target])
