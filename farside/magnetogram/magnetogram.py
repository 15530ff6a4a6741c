"""A generated magnetogram: a FITS product and back; every header card in one place."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from astropy.io import fits
from astropy.time import Time
from astropy.units import Quantity
from pydantic import TypeAdapter, ValidationError

from farside import __version__
from farside.disk.native_pixels import NativeGrid
from farside.errors import (
    ImplausibleGeometryError,
    MissingMetadataError,
    UnexpectedImageError,
)
from farside.io.atomic import replacing
from farside.io.cards import (
    Card,
    Column,
    Value,
    add_cards,
    add_input,
    quoted,
    table,
    unquoted,
)
from farside.io.fits import Cards, StoredHdu
from farside.io.product_reader import (
    MAX_FIELD_GAUSS,
    MAX_ROW_BYTES,
    MAX_TEXT,
    Row,
    check_range,
    check_unaltered,
    hdu_if_any,
    hdu_of,
    name_of,
    number_if_any,
    number_of,
    observer_of,
    open_product,
    plane_of,
    quality_of,
    rows_of,
    text_of,
    time_of,
)
from farside.io.source import Source
from farside.model.recipe import Role
from farside.observation.image import KEPT, Origin
from farside.quality import Quality
from farside.sun.grid import Geometry, Grid, Image
from farside.sun.observer import ASTRONOMICAL_UNIT_M, SOLAR_RADIUS_M, Observer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from sunpy.map import GenericMap

TrainedOn = Literal["SIMULATED", "OBSERVED", "NONE"]

MAX_INPUTS = 64
"""Most images that a product is made from: the published models take up to ten."""

_NOTES = TypeAdapter(tuple[str, ...])


@dataclass(frozen=True)
class Generator:
    """What made a magnetogram.

    Attributes
    ----------
    model, version, identity
        Name and version from the Recipe, sha256 of the tensors.
    trained_on
        ``"SIMULATED"``, ``"OBSERVED"`` or ``"NONE"``.
    engine, precision
        What ran it, as in ``"torch"``, ``"float32"``.
    saturation_gauss
        Field strength at which the model saturates, if it does.
    skill
        Correlation with the truth by the Recipe's scores, where it has them.
    correlation_length_deg
        Over which the error of the field is correlated, by the Recipe's error model.
    """

    model: str
    version: str
    identity: str
    trained_on: TrainedOn
    engine: str
    precision: str
    saturation_gauss: float | None = None
    skill: float | None = None
    correlation_length_deg: float | None = None


@dataclass(frozen=True)
class Input:
    """One image that a magnetogram was made from.

    Attributes
    ----------
    role
        The role it was given in.
    origin
        What it is.
    clipped_fraction
        Fraction of its disk that the model's scaling clipped.
    """

    role: Role
    origin: Origin
    clipped_fraction: float = 0.0


@dataclass(frozen=True, eq=False)
class Brightness:
    """What an imager would have seen, beside the field.

    Attributes
    ----------
    band
        Instrument and wavelength, as in ``"AIA 193"``.
    image
        In medians of the disk, (y, x) on the grid of the field, NaN outside the mask.
    """

    band: str
    image: Image


@dataclass(frozen=True, eq=False, repr=False)
class Magnetogram:
    """Line-of-sight field in gauss as a magnetograph would have measured it there and then.

    Two magnetograms are equal if the products written of them are: times to the millisecond,
    observers to 1e-9 degree.

    Attributes
    ----------
    image
        Gauss, positive towards the observer, (y, x) on `grid`, NaN outside the mask.
    grid
        That of registered disks, or the pixels of the instrument.
    time
        Mean time of the observations, UTC, to the millisecond.
    observer
        Who took the observations: the far-side spacecraft, SDO, or a draughtsman on Earth.
    spacecraft
        ``"STEREO_A"``, ``"STEREO_B"``, ``"SDO"`` or ``"EARTH"``.
    inputs
        In the order of the Recipe's channels.
    sigma
        One standard deviation in gauss, where the model or its Recipe's error model gives it.
    brightness
        Images of other instruments that the model makes with the field.
    kept
        Cards of its instrument that a product in native pixels keeps.
    """

    image: Image
    grid: Grid | NativeGrid
    time: Time
    observer: Observer
    spacecraft: str
    quality: Quality
    generator: Generator
    inputs: tuple[Input, ...]
    sigma: Image | None = None
    brightness: tuple[Brightness, ...] = ()
    kept: tuple[Card, ...] = ()

    def __repr__(self) -> str:
        made_by = self.generator
        return (
            f"<Magnetogram {self.spacecraft} {self.time.isot[:19]} by {made_by.model}"
            f" {made_by.version}>"
        )

    def _repr_html_(self) -> str:
        from farside.plots.products import html

        return html(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Magnetogram):
            return NotImplemented
        return _same_description(self, other) and _same_pixels(self, other)

    @property
    def disk(self) -> Grid:
        """The grid of a registered product.

        Raises
        ------
        UnexpectedImageError
            It is in the pixels of its instrument.
        """
        if isinstance(self.grid, NativeGrid):
            raise UnexpectedImageError(
                f"{self.spacecraft} {self.time.isot[:19]} of {self.generator.model} is in the "
                "pixels of its instrument, expected a product on registered disks; give it as a "
                "measured magnetogram"
            )
        return self.grid

    @property
    def reference_age_days(self) -> float | None:
        """Mean age of the references at the time of the observation; None without references."""
        times = [given.origin.time for given in self.inputs if given.role == "reference"]
        ages = [float((self.time - time).to_value("day")) for time in times]
        return math.fsum(ages) / len(ages) if ages else None

    @property
    def field(self) -> Quantity:
        """The line-of-sight field, (y, x), gauss; positive towards the observer."""
        return Quantity(self.image, "G")

    def to_map(self) -> GenericMap:
        """Convert to a sunpy Map with unit, observer and helioprojective coordinates.

        Returns
        -------
        sunpy.map.GenericMap
            The header is that of the product's FITS file.
        """
        import sunpy.map  # takes seconds

        return sunpy.map.Map(self.image, self.to_hdus()[0].header)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the field at ±100 G, north up.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            By default the current ones of pyplot.

        Returns
        -------
        matplotlib.axes.Axes
            What was drawn on.
        """
        from farside.plots.products import plot

        return plot(self, axes)

    def to_hdus(self, created: Time | None = None) -> fits.HDUList:
        """Build the product: the field, its sigma and brightness if any, and the table INPUTS.

        Parameters
        ----------
        created
            What the DATE card says, by default now. Nothing else depends on the clock.
        """
        date = (created or Time.now()).utc.isot[:19]
        field = fits.PrimaryHDU(self.image)
        add_cards(field.header, [("DATE", date, "time of creation, UTC"), *_cards(self)])
        _add_texts(field.header, self)
        hdus = [field, table("INPUTS", _COLUMNS, map(_row, self.inputs))]
        if self.sigma is not None:
            sigma = fits.ImageHDU(self.sigma, name="SIGMA")
            add_cards(sigma.header, _cards(self))
            sigma.header["CONTENT"] = ("SIGMA", "one standard deviation of the field")
            hdus.insert(1, sigma)
        for view in self.brightness:
            hdu = fits.ImageHDU(view.image, name=view.band)
            add_cards(hdu.header, [*_cards(self), *_brightness_cards(view)])
            hdus.insert(-1, hdu)
        for hdu in hdus:
            hdu.add_checksum(when=date)
        return fits.HDUList(hdus)

    def to_bytes(self, created: Time | None = None) -> bytes:
        """Write the product into memory, as :meth:`to_hdus` builds it."""
        file = BytesIO()
        self.to_hdus(created).writeto(file)
        return file.getvalue()

    def write(self, path: Path) -> None:
        """Write the product; readers of the folder see the whole file or none."""
        with replacing(path) as temporary:
            temporary.write_bytes(self.to_bytes())

    @classmethod
    def read(cls, source: Source) -> Magnetogram:
        """Read a product back, plain or gzip.

        Raises
        ------
        NotFitsError, FileTooLargeError, UnsupportedImageError
            Not a FITS file, a truncated one, or one with a structure that no product has.
        MissingMetadataError
            A FITS file, but not a product of Farside.
        DamagedImageError
            Header or pixels were altered since it was written, or a field is out of range.
        ImplausibleGeometryError
            Its parts do not fit each other, or a number is out of its range.
        """
        return _from_hdus(open_product(source))


def trained_on(value: object) -> TrainedOn:
    """What a header or a table says of the training.

    Raises
    ------
    MissingMetadataError
        It is none of what it may be.
    """
    known: TrainedOn
    for known in get_args(TrainedOn):
        if value == known:
            return known
    raise MissingMetadataError(
        f"AITRAIN is {repr(value)[:MAX_TEXT]}, expected one of {get_args(TrainedOn)}"
    )


def generator_of(cards: Cards) -> Generator:
    """What made a field, by the cards of a header or by a row of a table.

    Raises
    ------
    MissingMetadataError, ImplausibleGeometryError
        A card is not there, or says what it cannot.
    """
    return Generator(
        model=text_of(cards, "AIMODEL"),
        version=text_of(cards, "AIMODVER"),
        identity=text_of(cards, "AIMODID"),
        trained_on=trained_on(cards.get("AITRAIN")),
        engine=text_of(cards, "AIENGINE"),
        precision=text_of(cards, "AIPREC"),
        saturation_gauss=number_if_any(cards, "AICLIP", 0, MAX_FIELD_GAUSS),
        skill=number_if_any(cards, "AISKILL", -1, 1),
        correlation_length_deg=number_if_any(cards, "AICORLEN", 0, 180),
    )


def _cards(made: Magnetogram) -> Iterator[Card]:
    yield from _view_cards(made)
    if isinstance(made.grid, NativeGrid):
        yield from _instrument_cards(made)
    else:
        yield "TIMESYS", "UTC", ""
    yield from _geometry_cards(made.grid, made.observer)
    yield from _generator_cards(made.generator)
    yield "QUALITY", int(made.quality), "sum of bits, 0 is good"
    if made.reference_age_days is not None:
        yield "REFAGE", round(made.reference_age_days, 6), "[d] mean age of the references"


def _view_cards(made: Magnetogram) -> Iterator[Card]:
    observer, time = made.observer, made.time
    yield "BUNIT", "Gauss", "line of sight, positive towards the observer"
    yield "CONTENT", "GENERATED MAGNETOGRAM", "made by a neural network, not measured"
    yield "INPUTDAT", made.spacecraft, "spacecraft whose view this is"
    yield "TELESCOP", made.spacecraft, "spacecraft whose view this is"
    yield "INSTRUME", "AISFM", "AI-generated solar farside magnetogram"
    yield "ORIGIN", f"Farside {__version__}", "software that wrote this file"
    yield "DATE-OBS", time.utc.isot, "mean time of the observations"
    yield "HGLN_OBS", observer.longitude_deg, "[deg] Stonyhurst longitude"
    yield "HGLT_OBS", observer.latitude_deg, "[deg] heliographic latitude"
    yield "CRLN_OBS", observer.carrington_longitude_deg(time), "[deg] Carrington longitude"
    yield "CRLT_OBS", observer.latitude_deg, "[deg] Carrington latitude"
    yield "DSUN_OBS", observer.distance_m, "[m] distance from the Sun's centre"
    yield "DSUN_REF", ASTRONOMICAL_UNIT_M, "[m] astronomical unit"


def _instrument_cards(made: Magnetogram) -> Iterator[Card]:
    """What makes readers of the instrument's own magnetograms take the product for one."""
    yield "CONTENT", "MAGNETOGRAM", "measured, then restored by a neural network"
    date, _, clock = made.time.tai.isot.partition("T")
    yield "T_OBS", f"{date.replace('-', '.')}_{clock}_TAI", "middle of the exposure"
    yield from made.kept


def _brightness_cards(view: Brightness) -> Iterator[Card]:
    instrument, wavelength = view.band.split(" ", 1)
    yield "CONTENT", "GENERATED BRIGHTNESS", "made by a neural network, not measured"
    yield "BUNIT", "", "in medians of the disk"
    yield "BAND", view.band, "what it shows"
    yield "LIKE", instrument, "instrument that would have taken it"
    yield "WAVELNTH", float(wavelength), "[angstrom]"


def _geometry_cards(grid: Grid | NativeGrid, observer: Observer) -> Iterator[Card]:
    radius_arcsec = math.degrees(math.asin(SOLAR_RADIUS_M / observer.distance_m)) * 3600
    yield "RSUN_REF", SOLAR_RADIUS_M, "[m] solar radius (IAU 2015)"
    yield "RSUN_OBS", radius_arcsec, "[arcsec] apparent solar radius"
    yield "RSUN", radius_arcsec, "[arcsec] apparent solar radius"
    yield "R_SUN", grid.disk_radius_px, "[pix] radius of the disk"
    yield "MASKRAD", grid.mask_radius, "[R_SUN] no values outside"
    yield "WCSNAME", "Helioprojective-cartesian", ""
    for axis, name, centre_px in zip(
        (1, 2), ("HPLN-TAN", "HPLT-TAN"), grid.sun_centre_px, strict=True
    ):
        yield f"CTYPE{axis}", name, ""
        yield f"CUNIT{axis}", "arcsec", ""
        # FITS counts pixels from 1.
        yield f"CRPIX{axis}", centre_px + 1, "[pix] centre of the Sun"
        yield f"CRVAL{axis}", 0.0, "[arcsec]"
        yield f"CDELT{axis}", radius_arcsec / grid.disk_radius_px, "[arcsec/pix]"
    if isinstance(grid, NativeGrid):
        yield "CROTA2", grid.roll_deg, "[deg] of solar north, as the instrument had it"
    else:
        yield "CROTA2", 0.0, "[deg] solar north is up"


def _generator_cards(generator: Generator) -> Iterator[Card]:
    yield "AIGEN", True, "generated by a neural network"
    yield "AIMODEL", generator.model, "name of the model"
    yield "AIMODVER", generator.version, "version of the model"
    yield "AIMODID", generator.identity, ""
    yield "AITRAIN", generator.trained_on, "data that the model was trained on"
    yield "AIENGINE", generator.engine, "what ran the model"
    yield "AIPREC", generator.precision, "its arithmetic"
    if generator.saturation_gauss is not None:
        yield "AICLIP", generator.saturation_gauss, "[Gauss] the model saturates here"
    if generator.skill is not None:
        yield "AISKILL", generator.skill, "correlation with the truth, when scored"
    if generator.correlation_length_deg is not None:
        yield "AICORLEN", generator.correlation_length_deg, "[deg] of the error, to 1/e"


def _add_texts(header: fits.Header, made: Magnetogram) -> None:
    header.add_comment("Generated by a neural network from the images in HDU INPUTS.")
    header.add_comment("AIMODID: sha256 of the model's tensors in sorted key order.")
    for bit in made.quality:
        header.add_comment(f"QUALITY bit {bit.value}: {bit.name}")
    for number, given in enumerate(made.inputs, start=1):
        origin = given.origin
        add_input(header, f"{number} {given.role} {origin}", origin.name, origin.sha256)


_COLUMNS: tuple[Column, ...] = (
    ("ROLE", None, None),
    ("INSTRUMENT", None, None),
    ("BAND", None, None),
    ("TIME", None, None),
    ("HGLN_OBS", "D", "deg"),
    ("HGLT_OBS", "D", "deg"),
    ("DSUN_OBS", "D", "m"),
    ("NAME", None, None),
    ("SHA256", None, None),
    ("QUALITY", "J", None),
    ("CLIPPED", "D", None),
    ("NOTES", None, None),
)


def _row(given: Input) -> tuple[Value, ...]:
    origin = given.origin
    return (
        given.role,
        origin.instrument,
        origin.band,
        origin.time.utc.isot,
        origin.observer.longitude_deg,
        origin.observer.latitude_deg,
        origin.observer.distance_m,
        quoted(origin.name),
        origin.sha256,
        int(origin.quality),
        given.clipped_fraction,
        json.dumps(origin.notes),
    )


def _from_hdus(hdus: Sequence[StoredHdu]) -> Magnetogram:
    cards = hdus[0].cards
    if cards.get("AIGEN") is not True or hdu_if_any(hdus, "INPUTS") is None:
        raise MissingMetadataError("not a product of Farside: expected AIGEN = T and an HDU INPUTS")
    check_unaltered(hdus)
    grid = _grid(cards)
    sigma = hdu_if_any(hdus, "SIGMA")
    return Magnetogram(
        image=_plane(hdus[0], grid, -MAX_FIELD_GAUSS),
        grid=grid,
        time=time_of(cards, "DATE-OBS"),
        observer=observer_of(cards),
        spacecraft=text_of(cards, "INPUTDAT"),
        quality=quality_of(cards),
        generator=generator_of(cards),
        inputs=tuple(map(_input, rows_of(hdu_of(hdus, "INPUTS"), MAX_INPUTS))),
        sigma=None if sigma is None else _plane(sigma, grid),
        brightness=tuple(
            Brightness(text_of(hdu.cards, "BAND"), _plane(hdu, grid))
            for hdu in hdus
            if "BAND" in hdu.cards
        ),
        kept=tuple((key, cards[key], note) for key, note in KEPT.items() if _is_kept(cards, key)),
    )


def _plane(
    hdu: StoredHdu, grid: Geometry, least: float = 0.0, most: float = MAX_FIELD_GAUSS
) -> Image:
    """Plane on the grid of the product, its values in their range or NaN."""
    image = plane_of(hdu)
    if image.shape != (grid.size_px, grid.size_px):
        raise ImplausibleGeometryError(
            f"{name_of(hdu)} has {image.shape} pixels, expected {grid.size_px} a side"
        )
    check_range(name_of(hdu), image, least, most)
    return image


def _grid(cards: Cards) -> Grid | NativeGrid:
    """Registered grid, whose masked disk lies inside it, or that of an instrument."""
    side = int(number_of(cards, "NAXIS1", 2))
    mask = number_of(cards, "MASKRAD", 0.01, 1.0)
    if not _is_native(cards):
        return Grid(side, number_of(cards, "R_SUN", 1.0, side / 2 / mask), mask)
    radius = number_of(cards, "R_SUN", 1.0, side)
    x, y = (number_of(cards, f"CRPIX{axis}", 1, side) - 1 for axis in (1, 2))
    return NativeGrid(side, radius, mask, (x, y), number_of(cards, "CROTA2", -360, 360))


def _is_native(cards: Cards) -> bool:
    return cards.get("CONTENT") == "MAGNETOGRAM"


def _is_kept(cards: Cards, key: str) -> bool:
    return _is_native(cards) and key in cards


def _input(row: Row) -> Input:
    origin = Origin(
        instrument=text_of(row, "INSTRUMENT"),
        band=text_of(row, "BAND"),
        time=time_of(row, "TIME"),
        observer=observer_of(row),
        name=unquoted(text_of(row, "NAME", MAX_ROW_BYTES)),
        sha256=text_of(row, "SHA256"),
        quality=quality_of(row),
        notes=_notes(text_of(row, "NOTES", MAX_ROW_BYTES)),
    )
    return Input(_role(text_of(row, "ROLE")), origin, number_of(row, "CLIPPED", 0, 1))


def _role(word: str) -> Role:
    known: Role
    for known in get_args(Role):
        if word == known:
            return known
    raise MissingMetadataError(f"ROLE of an input is {word!r}, expected one of {get_args(Role)}")


def _notes(written: str) -> tuple[str, ...]:
    try:
        return _NOTES.validate_json(written)
    except ValidationError as error:
        raise MissingMetadataError(
            f"NOTES is {written[:MAX_TEXT]!r}, expected a JSON list of texts"
        ) from error


def _same_description(one: Magnetogram, other: Magnetogram) -> bool:
    return (
        _described(one) == _described(other)
        and np.allclose(_place(one.observer), _place(other.observer), rtol=1e-12, atol=1e-9)
        and list(map(_row, one.inputs)) == list(map(_row, other.inputs))
    )


def _described(made: Magnetogram) -> tuple[object, ...]:
    return made.grid, made.time.utc.isot, made.spacecraft, made.quality, made.generator, made.kept


def _place(observer: Observer) -> tuple[float, float, float]:
    return observer.longitude_deg, observer.latitude_deg, observer.distance_m


def _same_pixels(one: Magnetogram, other: Magnetogram) -> bool:
    if one.sigma is None or other.sigma is None:
        same_sigma = one.sigma is other.sigma
    else:
        same_sigma = np.array_equal(one.sigma, other.sigma, equal_nan=True)
    shown = [(view.band, view.image.tobytes()) for view in one.brightness]
    return (
        same_sigma
        and np.array_equal(one.image, other.image, equal_nan=True)
        and shown == [(view.band, view.image.tobytes()) for view in other.brightness]
    )
