"""Read a file into an Observation: checked, calibrated, observer and time certain."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.errors import (
    DamagedImageError,
    ImplausibleGeometryError,
    MissingMetadataError,
    PartialDiskError,
    UnsupportedImageError,
)
from farside.io.fits import (
    MAX_BYTES,
    Cards,
    check_not_scaled_floats,
    number,
    open_cards,
    open_image,
    text,
    unpack,
)
from farside.io.source import Source, bytes_of, naming_errors
from farside.io.wcs import Pointing, disk_radius_arcsec, pointing_of
from farside.observation.disk_score import FAINT_BANDS, check_disk, score_disk
from farside.observation.gong import is_gong_disk, standard_cards
from farside.observation.instruments import (
    Calibrated,
    Instrument,
    check_launched,
    identify,
    is_beacon,
    is_restored,
    quality_of,
)
from farside.quality import Quality
from farside.sun.angles import wrap_deg
from farside.sun.grid import Image, disk_mask
from farside.sun.observer import (
    ASTRONOMICAL_UNIT_M,
    DISTANCE_AU,
    SOLAR_RADIUS_M,
    Observer,
    earth,
    from_carrington,
)

if TYPE_CHECKING:
    from sunpy.map import GenericMap

RADIUS_TOLERANCE = 0.002
"""Header radius against distance: 695.508 to 696.0 Mm are in use, 0.07 % apart."""

POSITION_TOLERANCE_DEG = 1.0
"""Stonyhurst against Carrington position; conventions of light travel differ by 0.1°."""

EARTH_TOLERANCE_DEG = 1.0
EARTH_TOLERANCE = 0.01
"""Tolerances of position and relative distance near Earth: SDO is within 0.03° and 0.03 % of it,
SOHO at 0.99 of its distance within 0.4° and 0.2 %."""

LEAST_RADIUS_PX = 10
"""Smallest disk radius that is read; the smallest images have 64 pixels a side."""

MISSING_LIMIT = 0.05
"""Largest missing part of a disk. A lost 64-pixel block is 0.4 % of an EUVI disk and is filled; a
lost ICER segment is 10 % and hides active regions."""

SATURATED_LIMIT = 0.05
"""Largest saturated part of a disk; EUVI-A had 0.7 % with AR 11158 on 2011-02-15."""

MOST_ALIKE = 0.999
"""Largest part of a disk with one value; of a quiet magnetogram in steps of 45 G it is 0.993."""

STRONG_GAUSS, MOST_STRONG_ALIKE = 1000.0, 1e-3
"""Strong field, and the largest part of a disk that may have one such value: a sunspot of 1e-3 of
the disk has pixels of all strengths, a fill value (9999, -3276.8) is one."""

MOST_OF_ONE_SIGN = 0.99
"""Largest part of a magnetogram's disk with one sign; of real ones either sign has a third or more,
by noise alone."""

WEAK_GAUSS, LEAST_STRONGER = 5.0, 1e-3
"""Weak field, and the least part of a magnetogram's disk that is stronger: noise and network of the
quietest Sun, never a Sun in kilogauss or tesla."""

MOST_LOGARITHM, MOST_OVER_MEDIAN = 10.0, 3.0
"""Greatest value of a disk, and its ratio to the median, below both of which EUV values are
logarithms: of 15 bits the natural one ends at 9.7, the decimal one at 4.2, and the ratio is 1.3 to
2.5; in 33 real images it is 3.4 or more."""

BLOCKS_PER_RADIUS, LEAST_BLOCK_PX = 100, 5
"""Size of the squares of zeros that count as missing: a hundredth of the disk radius (19 pixels of
HMI, 7 of EUVI), and not less than 5 pixels."""

COARSE_GAUSS, FAINT_DN = 1.0, 10.0
"""Least field other than 0 above which a magnetogram is in coarse steps, and median below which EUV
is faint: zeros are values there. A quiet magnetogram in steps of 45 G has 99 % of them."""

CHECKED_RADIUS = 0.998
"""Part of the disk radius inside which pixels are counted: the mask of the published models."""


KEPT_CARDS = {
    "TELESCOP": "telescope",
    "INSTRUME": "instrument",
    "T_REC": "slot of the series",
    "CADENCE": "[s] of the series",
    "CAMERA": "camera of HMI",
    "WAVELNTH": "[angstrom]",
    "CAR_ROT": "Carrington rotation",
    "OBS_VR": "[m/s] velocity of the observer, outward",
    "OBS_VW": "[m/s] velocity of the observer, westward",
    "OBS_VN": "[m/s] velocity of the observer, northward",
}
"""Cards of a magnetogram that stay true of one made from it, with their meaning."""


@dataclass(frozen=True)
class Origin:
    """Origin of an image: instrument, band, time, observer and file.

    Attributes
    ----------
    instrument
        ``"EUVI-A"``, ``"EUVI-B"``, ``"AIA"``, ``"HMI"``, ``"MDI"``, ``"PHI-FDT"`` or
        ``"GONG"``.
    band
        Wavelength in ångström (``"304"``), or ``"LOS"`` for a line-of-sight magnetogram.
    time
        Middle of the exposure, UTC, to the millisecond.
    observer
        Where the image was taken from.
    name
        Name of the file, empty if it had none.
    sha256
        Hash of the file as it was given, before any unpacking.
    quality
        The quality bits that this file brings to a product.
    notes
        What was accepted or repaired, a sentence each.
    """

    instrument: str
    band: str
    time: Time
    observer: Observer
    name: str
    sha256: str
    quality: Quality = Quality.GOOD
    notes: tuple[str, ...] = ()

    @property
    def is_magnetogram(self) -> bool:
        """Whether the image is a line-of-sight magnetogram in gauss, not brightness."""
        return self.band == "LOS"

    def __str__(self) -> str:
        return f"{self.instrument} {self.band} {self.time.isot[:19]}"


@dataclass(frozen=True, eq=False, repr=False)
class Observation:
    """One full-disk image of the Sun, checked and calibrated, with its geometry.

    Attributes
    ----------
    origin
        Instrument, band, time, observer, quality and file.
    pixels
        Float32 (y, x), row 0 as in the file, in `unit`: EUV brightness with the bias removed, or
        the line-of-sight field, NaN where HMI has no value.
    pointing
        Scale, roll and reference point of the pixels.
    unit
        ``"DN"``, ``"Gauss"``, or empty for the brightness of a drawing's paper.
    cards
        Header cards of the instrument that stay true of a product made from the image.
    """

    origin: Origin
    pixels: Image
    pointing: Pointing
    unit: str
    cards: Mapping[str, str | float] = field(default_factory=dict)

    def to_map(self) -> GenericMap:
        """Convert to a sunpy Map with unit, observer and helioprojective coordinates.

        Returns
        -------
        sunpy.map.GenericMap
            DATE-OBS is the middle of the exposure.
        """
        import sunpy.map  # takes seconds

        return sunpy.map.Map(self.pixels, _map_header(self))

    def __repr__(self) -> str:
        height, width = self.pixels.shape
        return f"<Observation {self.origin}, {width} by {height} pixels>"


def read(source: Source, name: str = "", *, max_bytes: int = MAX_BYTES) -> Observation:
    """Read one full-disk image of EUVI or AIA, or a magnetogram of HMI, MDI, PHI-FDT or GONG.

    Plain or gzip, image in HDU 0 or 1, tile-compressed or not. Missing pixels on the disk are
    filled with the median of the disk, up to `MISSING_LIMIT` of it; saturated ones are bright and
    are kept, up to `SATURATED_LIMIT`. A magnetogram has no value beyond the limb.

    Parameters
    ----------
    source
        A path, the bytes of a file or an open binary file.
    name
        What to call bytes that have no name of their own.
    max_bytes
        Largest file, packed or unpacked.

    Raises
    ------
    NotFitsError, FileTooLargeError, UnsupportedImageError
        It is no image that is read.
    MissingMetadataError, ImplausibleGeometryError, PartialDiskError
        Time, observer or geometry are not certain, or the disk is not all there.
    BadQualityError, DamagedImageError
        The pixels are not to be used.
    """
    data, name = bytes_of(source, name, max_bytes)
    with naming_errors(name or "file without a name"):
        image = open_image(unpack(data, max_bytes))
    said = _read_header(image.cards, name)
    instrument, pointing, observer = said.instrument, said.pointing, said.observer
    with naming_errors(said.subject):
        calibrated = instrument.calibrate(image)
        values, damage = _repaired(calibrated, image.pixels, pointing, observer)
        pixels = calibrated.pixels
        odd: tuple[str, ...] = ()
        if said.band == "LOS":
            _check_field(values)
            # HMI has noise, NaN or a number for it beyond the limb.
            pixels[~_disk_mask(pixels.shape, pointing, observer)] = np.nan
        elif said.band not in FAINT_BANDS:
            odd = _odd(pixels, values, pointing, observer.distance_m)
    found = {
        Quality.REPAIRED: any("filled" in note for note in damage),
        Quality.ODD_IMAGE: bool(odd),
    }
    origin = said.origin(data, name)
    origin = replace(
        origin,
        quality=origin.quality | Quality(sum(bit for bit, given in found.items() if given)),
        notes=origin.notes + calibrated.notes + damage + odd,
    )
    kept = _kept_cards(origin, image.cards)
    return Observation(origin, pixels, pointing, instrument.unit, kept)


def read_origin(source: Source, name: str = "", *, max_bytes: int = MAX_BYTES) -> Origin:
    """Read the origin of an image from its header, without decoding its pixels.

    Raises
    ------
    InputError
        As by :func:`read`, as far as the header tells; REPAIRED and ODD_IMAGE are of the pixels.
    """
    data, name = bytes_of(source, name, max_bytes)
    with naming_errors(name or "file without a name"):
        cards = open_cards(unpack(data, max_bytes))
    return _read_header(cards, name).origin(data, name)


@dataclass(frozen=True)
class _Header:
    """Checked content of the header of an image."""

    instrument: Instrument
    band: str
    time: Time
    pointing: Pointing
    observer: Observer
    quality: Quality
    notes: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Name of the image in errors."""
        return f"{self.instrument.name} {self.band} {self.time.isot[:19]}"

    def origin(self, data: bytes, name: str) -> Origin:
        return Origin(
            instrument=self.instrument.name,
            band=self.band,
            time=self.time,
            observer=self.observer,
            name=name,
            sha256=hashlib.sha256(data).hexdigest(),
            quality=self.quality,
            notes=self.notes,
        )


def _read_header(cards: Cards, name: str) -> _Header:
    with naming_errors(name or "file without a name"):
        if is_gong_disk(cards):
            cards = standard_cards(cards)
        instrument, band = identify(cards)
    with naming_errors(f"{instrument.name} {band}" + (f" ({name})" if name else "")):
        time = _to_milliseconds(instrument.middle(cards))
        check_launched(instrument, time)
    with naming_errors(f"{instrument.name} {band} {time.isot[:19]}"):
        check_not_scaled_floats(cards)
        said, remarks = quality_of(instrument, cards)
        pointing = pointing_of(cards)
        observer = _observer_of(cards, time)
        if instrument.at_earth:
            _check_at_earth(instrument, observer, time)
        _check_radius(cards, observer)
        _check_whole_disk(cards, instrument, pointing, observer)
    flags = {
        Quality.BEACON: is_beacon(instrument, cards, name),
        Quality.RESTORED: is_restored(cards),
    }
    accepted = tuple(_ACCEPTED[bit] for bit, given in flags.items() if given)
    quality = said | Quality(sum(bit for bit, given in flags.items() if given))
    return _Header(instrument, band, time, pointing, observer, quality, accepted + remarks)


_ACCEPTED = {
    Quality.BEACON: "beacon image, strongly compressed on board",
    Quality.RESTORED: "restored by a network, not as it was measured",
}


def _to_milliseconds(time: Time) -> Time:
    return Time(time.utc.isot, format="isot", scale="utc")


def _observer_of(cards: Cards, time: Time) -> Observer:
    """Observer from HGLN/HGLT, else from CRLN/CRLT at `time`; never Earth by default."""
    distance_m = _distance_m(cards)
    stonyhurst = _position(cards, "HGLN_OBS", "HGLT_OBS")
    carrington = _position(cards, "CRLN_OBS", "CRLT_OBS")
    derived = carrington and from_carrington(*carrington, distance_m, time)
    given = stonyhurst and _observer(*stonyhurst, distance_m)
    if given and derived:
        _check_same_place(given, derived)
    found = given or derived
    if found is None:
        raise MissingMetadataError(
            "no observer: expected HGLN_OBS and HGLT_OBS, or CRLN_OBS and CRLT_OBS"
        )
    return found


def _position(cards: Cards, longitude: str, latitude: str) -> tuple[float, float] | None:
    found = number(cards, longitude), number(cards, latitude)
    if found[0] is None or found[1] is None:
        return None
    if abs(found[0]) > 360 or abs(found[1]) > 90:
        raise ImplausibleGeometryError(
            f"{longitude}, {latitude} are {found}, expected degrees up to 360 and 90"
        )
    return found[0], found[1]


def _distance_m(cards: Cards) -> float:
    distance_m = number(cards, "DSUN_OBS")
    if distance_m is None:
        raise MissingMetadataError("no observer: expected DSUN_OBS")
    distance_au = distance_m / ASTRONOMICAL_UNIT_M
    if not DISTANCE_AU[0] <= distance_au <= DISTANCE_AU[1]:
        raise ImplausibleGeometryError(
            f"DSUN_OBS is {distance_au:.3g} au, expected {DISTANCE_AU[0]} to {DISTANCE_AU[1]}"
        )
    return distance_m


def _observer(longitude_deg: float, latitude_deg: float, distance_m: float) -> Observer:
    return Observer(wrap_deg(longitude_deg), latitude_deg, distance_m)


def _check_same_place(stonyhurst: Observer, carrington: Observer) -> None:
    apart_deg = stonyhurst.degrees_from(carrington)
    if apart_deg > POSITION_TOLERANCE_DEG:
        raise ImplausibleGeometryError(
            f"HGLN_OBS, HGLT_OBS and CRLN_OBS, CRLT_OBS are {apart_deg:.1f}° apart,"
            f" expected at most {POSITION_TOLERANCE_DEG}°"
        )


def _check_at_earth(instrument: Instrument, observer: Observer, time: Time) -> None:
    """SDO is at the Earth; the header of an HMI file gives its place once, unconfirmed."""
    here = _earth_at_midnight(round(time.jd1 - 0.5 + time.jd2))
    here = replace(here, distance_m=here.distance_m * (1 - instrument.sunward))
    apart_deg = max(abs(observer.longitude_deg), abs(observer.latitude_deg - here.latitude_deg))
    apart = abs(observer.distance_m / here.distance_m - 1)
    if apart_deg > EARTH_TOLERANCE_DEG or apart > EARTH_TOLERANCE:
        raise ImplausibleGeometryError(
            f"the observer is at longitude {observer.longitude_deg:.1f}° from the Earth, latitude"
            f" {observer.latitude_deg:.1f}°, {observer.distance_m / ASTRONOMICAL_UNIT_M:.4f} au;"
            f" expected {instrument.name} within {EARTH_TOLERANCE_DEG:g}°"
            f" and {EARTH_TOLERANCE:.0%} of the Earth:"
            f" 0.0°, {here.latitude_deg:.1f}°, {here.distance_m / ASTRONOMICAL_UNIT_M:.4f} au"
        )


@lru_cache(maxsize=4096)
def _earth_at_midnight(day: int) -> Observer:
    # Cached: it takes 10 ms a file. In half a day Earth moves by 0.07° in latitude and 0.02 %.
    return earth(Time(day + 0.5, format="jd", scale="utc"))


def _check_radius(cards: Cards, observer: Observer) -> None:
    expected = disk_radius_arcsec(observer.distance_m)
    for key in ("RSUN_OBS", "RSUN"):
        found = number(cards, key)
        if found is not None and abs(found / expected - 1) > RADIUS_TOLERANCE:
            raise ImplausibleGeometryError(
                f"{key} is {found:.2f} arcsec, expected {expected:.2f} at"
                f" {observer.distance_m / ASTRONOMICAL_UNIT_M:.4f} au"
            )


def _check_whole_disk(
    cards: Cards, instrument: Instrument, pointing: Pointing, observer: Observer
) -> None:
    prefix = "Z" if cards.get("ZIMAGE") is True else ""
    axes, width, height = (
        int(number(cards, f"{prefix}{key}") or 0) for key in ("NAXIS", "NAXIS1", "NAXIS2")
    )
    if axes != 2:
        raise UnsupportedImageError(f"an array of {axes} axes, expected an image of 2")
    if instrument.name.startswith("EUVI") and height != width:
        raise UnsupportedImageError(f"a frame of {width} by {height}, expected a square one")
    centre, radius = pointing.sun_centre_px, pointing.disk_radius_px(observer.distance_m)
    if radius < LEAST_RADIUS_PX:
        raise ImplausibleGeometryError(
            f"a disk of radius {radius:.3g} px, expected at least {LEAST_RADIUS_PX} px"
        )
    inside = (centre - radius >= -0.5).all() and (
        centre + radius <= [width - 0.5, height - 0.5]
    ).all()
    if not inside:
        raise PartialDiskError(
            f"a disk of radius {radius:.1f} px around ({centre[0]:.1f}, {centre[1]:.1f})"
            f" is not inside {width} by {height} pixels"
        )


def _repaired(
    calibrated: Calibrated, given: Image, pointing: Pointing, observer: Observer
) -> tuple[Image, tuple[str, ...]]:
    """Fill, in place, the missing pixels of the disk; return its values, and notes on them."""
    pixels = calibrated.pixels
    disk = _disk_mask(pixels.shape, pointing, observer, CHECKED_RADIUS)
    values = pixels[disk]
    impossible, notes = _impossible(values, calibrated.limit)
    radius_px = pointing.disk_radius_px(observer.distance_m)
    missing = np.isfinite(values)
    np.logical_not(missing, out=missing)
    zeros = _blocks_of_zeros(given, disk, radius_px, np.isfinite(calibrated.limit))
    # Those of EUVI are missing already.
    if blank := 0 if zeros is None else int(np.count_nonzero(zeros & ~missing)):
        notes.append(f"{blank} pixels of the disk in blocks of exactly 0 are no measurement")
        missing |= zeros
    missing[impossible] = True
    lost = int(np.count_nonzero(missing))
    full = int(np.count_nonzero(values >= calibrated.saturation))
    lacking = "missing or 0 in whole blocks" if blank else "missing"
    _check_damage(lacking, lost, values.size, MISSING_LIMIT)
    _check_damage("saturated", full, values.size, SATURATED_LIMIT)
    known = values[~missing] if lost else values
    _check_varied(known)
    if lost:
        median = np.median(known)
        values[missing] = median
        pixels[disk] = values
        notes.append(f"{lost} missing pixels of the disk filled with its median, {median:.4g}")
    if full:
        notes.append(f"{full} saturated pixels on the disk, kept")
    return values, tuple(notes)


def _impossible(values: Image, limit: float) -> tuple[NDArray[np.intp], list[str]]:
    """Indices of the finite pixels of the disk that no Sun has, with a note on each kind."""
    if not np.isfinite(limit):
        return np.empty(0, np.intp), []
    least = min(limit, STRONG_GAUSS)
    places = np.flatnonzero((values > least) | (values < -least))
    strong = values[places]
    beyond = (np.abs(strong) > limit) & np.isfinite(strong)
    value = _fill_value(strong[~beyond], values.size - int(np.count_nonzero(beyond)))
    fill = strong == value
    kinds = {
        f"beyond {limit:g} are no measurement": np.count_nonzero(beyond),
        f"with the one strong value {value:g} are no measurement": np.count_nonzero(fill),
    }
    notes = [f"{count} pixels of the disk {what}" for what, count in kinds.items() if count]
    return places[beyond | fill], notes


def _blocks_of_zeros(
    given: Image, disk: NDArray[np.bool_], radius_px: float, is_field: bool
) -> NDArray[np.bool_] | None:
    """Values of the disk in squares of exact zeros in the file, which stand for missing ones."""
    side = max(2 * round(radius_px / BLOCKS_PER_RADIUS / 2) + 1, LEAST_BLOCK_PX)
    if not _may_have_zeros(given, disk, side) or _has_true_zeros(given[disk], is_field):
        return None
    zero = (given == 0) & disk
    square = np.ones((side, side), np.uint8)
    opened = cv2.morphologyEx(zero.astype(np.uint8), cv2.MORPH_OPEN, square).astype(bool)
    return opened[disk]


def _may_have_zeros(given: Image, disk: NDArray[np.bool_], side: int) -> bool:
    """Whether a square of zeros is possible: it has a cell of a lattice, whose corners are seen."""
    cell = (side + 1) // 2
    height, width = (length // cell for length in given.shape)
    candidates = np.ones((height, width), np.bool_)
    for row in (0, cell - 1):
        for column in (0, cell - 1):
            corner = slice(row, height * cell, cell), slice(column, width * cell, cell)
            candidates &= (given[corner] == 0) & disk[corner]
    return bool(candidates.any())


def _has_true_zeros(values: Image, is_field: bool) -> bool:
    """Whether zeros beside these values are values: steps are coarse, or the light is faint."""
    others = values[(values != 0) & np.isfinite(values)]
    if not others.size:
        return True
    if is_field:
        return bool(np.abs(others).min() > COARSE_GAUSS)
    return bool(np.median(others) < FAINT_DN)


def _check_field(gauss: Image) -> None:
    """Check that values of a disk are a signed field in gauss."""
    if _is_field(gauss[::16], gauss.size):
        return  # as many values are so among all of them
    part, sign = max(
        (np.count_nonzero(gauss > 0) / gauss.size, "positive"),
        (np.count_nonzero(gauss < 0) / gauss.size, "negative"),
    )
    if part > MOST_OF_ONE_SIGN:
        raise UnsupportedImageError(
            f"{part:.1%} of the disk is {sign}, expected both signs of a line-of-sight field, at"
            f" most {MOST_OF_ONE_SIGN:.0%} of one: is it the strength |B|?"
        )
    strength = np.abs(gauss)
    stronger = np.count_nonzero(strength > WEAK_GAUSS) / gauss.size
    if stronger < LEAST_STRONGER:
        raise UnsupportedImageError(
            f"{stronger:.2%} of the disk is stronger than {WEAK_GAUSS:g} G, its greatest field is"
            f" {strength.max():.3g} G, expected at least {LEAST_STRONGER:.1%}: is it in kG or T?"
        )


def _is_field(sample: Image, size: int) -> bool:
    """Whether a sample holds what is asked of all `size` values: both signs, and strong ones."""
    strong = np.count_nonzero(np.abs(sample) > WEAK_GAUSS) >= LEAST_STRONGER * size
    least = (1 - MOST_OF_ONE_SIGN) * size
    return bool(
        strong and np.count_nonzero(sample > 0) >= least and np.count_nonzero(sample < 0) >= least
    )


def _check_linear(counts: Image) -> None:
    """Check that the EUV values of a disk are proportional to the light."""
    brightest = float(counts.max())
    if brightest < MOST_LOGARITHM and brightest < MOST_OVER_MEDIAN * float(np.median(counts)):
        raise UnsupportedImageError(
            f"the disk has a median of {np.median(counts):.3g} and a maximum of {brightest:.3g},"
            f" expected at least {MOST_LOGARITHM:g} DN, or {MOST_OVER_MEDIAN:g} medians: is it a"
            " logarithm?"
        )


def _fill_value(strong: Image, area: int) -> float:
    """Strong field that so many pixels share that it stands for a missing value; NaN if none."""
    finite = strong[(np.abs(strong) > STRONG_GAUSS) & np.isfinite(strong)]
    if finite.size <= MOST_STRONG_ALIKE * area:
        return np.nan
    found, count = np.unique(finite, return_counts=True)
    most = int(np.argmax(count))
    return float(found[most]) if count[most] > MOST_STRONG_ALIKE * area else np.nan


def _check_varied(values: Image) -> None:
    # A value that so many share is the median of any 64th of them as well.
    sample = values[::64]
    common = np.median(sample)
    if np.count_nonzero(sample != common) > (1 - MOST_ALIKE) * values.size:
        return  # as many others are among all values
    same = np.count_nonzero(values == common) / values.size
    if same > MOST_ALIKE:
        raise DamagedImageError(
            f"{same:.2%} of the disk has the value {common:.4g}, expected at most"
            f" {MOST_ALIKE:.1%}: an image of the Sun"
        )


def _odd(pixels: Image, values: Image, pointing: Pointing, distance_m: float) -> tuple[str, ...]:
    """Note on an EUV image with a low disk score, which is accepted all the same."""
    _check_linear(values)
    score = score_disk(pixels, pointing, distance_m)
    check_disk(score)
    return (str(score),) if score.is_odd else ()


def _disk_mask(
    shape: tuple[int, ...], pointing: Pointing, observer: Observer, radius: float = 1.0
) -> NDArray[np.bool_]:
    """Mask of the pixels within a part `radius` of the disk radius, (y, x)."""
    radius_px = radius * pointing.disk_radius_px(observer.distance_m)
    x, y = map(float, pointing.sun_centre_px)
    return disk_mask(shape, (x, y), radius_px)


def _check_damage(what: str, count: int, area: int, limit: float) -> None:
    if count > limit * area:
        raise DamagedImageError(
            f"{count / area:.1%} of the disk is {what}, at most {limit:.0%} is accepted"
        )


def _kept_cards(origin: Origin, cards: Cards) -> dict[str, str | float]:
    """Cards that stay true of a product, and those by which sunpy knows the instrument."""
    kept = {key: _printable(text(cards, key)) for key in ("TELESCOP", "INSTRUME", "OBSRVTRY")} | {
        "WAVELNTH": 6173.0 if origin.band == "LOS" else float(origin.band)
    }
    values = {key: _writable(cards, key) for key in KEPT_CARDS} | {
        "EXPTIME": number(cards, "EXPTIME")
    }
    return {key: value for key, value in values.items() if value is not None} | kept


def _map_header(observation: Observation) -> dict[str, str | float]:
    """Header of a sunpy Map with one observer, one time and one radius."""
    origin, pointing = observation.origin, observation.pointing
    time = origin.time.isot
    matrix = pointing.matrix_arcsec / pointing.scale_arcsec
    return {key.lower(): value for key, value in observation.cards.items()} | {
        "ctype1": "HPLN-TAN",
        "ctype2": "HPLT-TAN",
        "cunit1": "arcsec",
        "cunit2": "arcsec",
        "cdelt1": pointing.scale_arcsec,
        "cdelt2": pointing.scale_arcsec,
        # FITS pixels are 1-based.
        "crpix1": float(pointing.reference_px[0] + 1),
        "crpix2": float(pointing.reference_px[1] + 1),
        "crval1": float(pointing.reference_arcsec[0]),
        "crval2": float(pointing.reference_arcsec[1]),
        "pc1_1": float(matrix[0, 0]),
        "pc1_2": float(matrix[0, 1]),
        "pc2_1": float(matrix[1, 0]),
        "pc2_2": float(matrix[1, 1]),
        "hgln_obs": origin.observer.longitude_deg,
        "hglt_obs": origin.observer.latitude_deg,
        "dsun_obs": origin.observer.distance_m,
        "rsun_ref": SOLAR_RADIUS_M,
        "rsun_obs": disk_radius_arcsec(origin.observer.distance_m),
        "date-obs": time,
        "date-avg": time,
        "t_obs": time,
        "timesys": "UTC",
        "waveunit": "angstrom",
        "bunit": observation.unit,
        "detector": origin.instrument.split("-")[0],
    }


def _writable(cards: Cards, key: str) -> str | float | None:
    """Value of a card as FITS can hold it; None if it cannot: real HMI files have OBS_VR = nan."""
    value = cards.get(key)
    if isinstance(value, str):
        return _printable(value.strip()) or None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 2**53 else None
    return number(cards, key)


def _printable(value: str) -> str:
    """Text without the characters that a FITS card cannot hold."""
    return "".join(letter for letter in value if " " <= letter <= "~")[:68]
