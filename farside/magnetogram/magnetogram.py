"""Generated magnetogram and its FITS product: all header cards, writing and reading."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, get_args

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
from farside.io.atomic import atomic_path
from farside.io.cards import (
    Card,
    Column,
    Value,
    add_cards,
    add_input,
    quote_name,
    table,
    unquote_name,
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
    word_of,
)
from farside.io.source import Source
from farside.io.wcs import disk_radius_arcsec, helioprojective_cards
from farside.magnetogram.error_distribution import (
    LEAST_DEGREES,
    MOST_DEGREES,
    deviation,
    interval_95,
)
from farside.magnetogram.substitutes import describe_substitutes
from farside.model.recipe import Role, TrainedOn
from farside.observation.image import KEPT_CARDS, Origin
from farside.quality import Quality
from farside.sun.grid import Geometry, Grid, Image
from farside.sun.observer import ASTRONOMICAL_UNIT_M, SOLAR_RADIUS_M, Observer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from sunpy.map import GenericMap

MAX_INPUTS = 64
"""Maximum number of inputs of a product; the published models take up to ten."""

MAX_SEED = 2**31 - 1
"""Greatest seed of a realisation."""

_NOTES = TypeAdapter(tuple[str, ...])


@dataclass(frozen=True)
class ModelProvenance:
    """Provenance of a generated magnetogram: model, engine and known errors.

    Attributes
    ----------
    model, version, identity
        Name and version from the Recipe, sha256 of the tensors.
    trained_on
        Kind of training data: ``"SIMULATED"``, ``"OBSERVED"`` or ``"NONE"``.
    engine, precision
        Inference engine and its arithmetic, such as ``"torch"``, ``"float32"``.
    saturation_gauss
        Field strength at which the model saturates, if it does.
    skill
        Correlation with the truth from the Recipe's scores, if known.
    correlation_length_deg
        Correlation length of the field's error from the Recipe's error model, if known, degrees.
    degrees_of_freedom
        Of Student's t-distribution of the field's error; None if it is taken to be Gaussian.
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
    degrees_of_freedom: float | None = None


@dataclass(frozen=True)
class Input:
    """Input image of a generated magnetogram.

    Attributes
    ----------
    role
        Role of the image: observation or reference.
    origin
        Instrument, band, time, observer and file of the image.
    clipped_fraction
        Fraction of the disk clipped by the model's scaling.
    distance
        Distance from the model's training images of this band, 1 at the limit, if it is known.
    """

    role: Role
    origin: Origin
    clipped_fraction: float = 0.0
    distance: float | None = None


def reference_age_days(time: Time, inputs: Iterable[Input]) -> float | None:
    """Mean age of the references among `inputs` at `time`, days; None without any."""
    times = [given.origin.time for given in inputs if given.role == "reference"]
    ages = [float((time - taken).to_value("day")) for taken in times]
    return math.fsum(ages) / len(ages) if ages else None


@dataclass(frozen=True, eq=False)
class Brightness:
    """Synthetic brightness image generated with the field.

    Attributes
    ----------
    band
        Instrument and wavelength, such as ``"AIA 193"``.
    image
        Brightness in units of the disk median, (y, x) on the grid of the field, NaN outside the
        mask.
    """

    band: str
    image: Image


@dataclass(frozen=True, eq=False, repr=False)
class Magnetogram:
    """Generated line-of-sight magnetic field as a magnetograph at the observer would measure it.

    Two magnetograms are equal if their written products are: times to the millisecond, observers
    to 1e-9 degree.

    Attributes
    ----------
    image
        Field in gauss, positive towards the observer, (y, x) on `grid`, NaN outside the mask.
    grid
        Grid of registered disks, or of the instrument's own pixels.
    time
        Mean time of the observations, UTC, to the millisecond.
    observer
        Position from which the observations were taken: STEREO, SDO, or Earth for drawings.
    spacecraft
        ``"STEREO_A"``, ``"STEREO_B"``, ``"SDO"`` or ``"EARTH"``.
    quality
        Quality flags of the product.
    generator
        Provenance of the field.
    inputs
        Input images in the order of the Recipe's channels.
    sigma
        Error of the field in gauss, where the model or its Recipe's error model gives it: 68.3 %
        of the errors are within ±σ. See :attr:`deviation`.
    unsigned
        Expected strength of the field in gauss, where the model gives it: also where its polarity
        is not known.
    positive
        Probability that the field points at the observer, where the model gives it.
    missing
        Optional channels of the Recipe that had no image.
    brightness
        Synthetic brightness images generated with the field.
    kept
        Header cards of the instrument that a product in native pixels keeps.
    seed
        Of a realisation, see :meth:`sample`; None for the model's answer, the mean.
    """

    image: Image
    grid: Grid | NativeGrid
    time: Time
    observer: Observer
    spacecraft: str
    quality: Quality
    generator: ModelProvenance
    inputs: tuple[Input, ...]
    sigma: Image | None = None
    brightness: tuple[Brightness, ...] = ()
    kept: tuple[Card, ...] = ()
    unsigned: Image | None = None
    positive: Image | None = None
    missing: tuple[str, ...] = ()
    seed: int | None = None

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
        """Grid of a registered product.

        Raises
        ------
        UnexpectedImageError
            The product is in the pixels of its instrument.
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
        """Mean age of the references at the time of the observations, days; None without any."""
        return reference_age_days(self.time, self.inputs)

    @property
    def field(self) -> Quantity:
        """The line-of-sight field, (y, x), gauss; positive towards the observer."""
        return Quantity(self.image, "G")

    @property
    def deviation(self) -> Image | None:
        """Standard deviation of the error, gauss, (y, x): that of the t-distribution of `sigma`."""
        if self.sigma is None:
            return None
        return self.sigma * np.float32(deviation(self.generator.degrees_of_freedom))

    def sample(self, seed: int) -> Magnetogram:
        """Draw a realisation: a field that looks like a magnetogram, instead of the mean.

        The mean is what scores best and what maps and coronal models want; it is weak where the
        polarity is not known. Realisations have full strength, and differ as the field may.

        Parameters
        ----------
        seed : int
            Zero or more; the same seed gives the same field.

        Returns
        -------
        Magnetogram
            Its mean and standard deviation over many seeds are `image` and `deviation`.

        Raises
        ------
        UnexpectedImageError
            The product is a realisation itself, or its model gives no σ and no expected strength.
        """
        from farside.magnetogram.realisation import realise

        return realise(self, seed)

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
        """Build the FITS product: the field, its sigma and brightness if any, and table INPUTS.

        Parameters
        ----------
        created
            Time for the DATE card, by default now. Nothing else depends on the clock.
        """
        date = (created or Time.now()).utc.isot[:19]
        field = fits.PrimaryHDU(self.image)
        add_cards(field.header, [("DATE", date, "time of creation, UTC"), *_cards(self)])
        _add_texts(field.header, self)
        hdus = [field, table("INPUTS", _COLUMNS, map(_row, self.inputs))]
        for name, image, cards in _statistics(self):
            hdu = fits.ImageHDU(image, name=name)
            add_cards(hdu.header, [*_cards(self), *cards])
            hdus.insert(-1, hdu)
        for view in self.brightness:
            hdu = fits.ImageHDU(view.image, name=view.band)
            add_cards(hdu.header, [*_cards(self), *_brightness_cards(view)])
            hdus.insert(-1, hdu)
        for hdu in hdus:
            hdu.add_checksum(when=date)
        return fits.HDUList(hdus)

    def to_bytes(self, created: Time | None = None) -> bytes:
        """FITS product as bytes (see :meth:`to_hdus`)."""
        file = BytesIO()
        self.to_hdus(created).writeto(file)
        return file.getvalue()

    def write(self, path: Path) -> None:
        """Write the FITS product to a file, atomically."""
        with atomic_path(path) as temporary:
            temporary.write_bytes(self.to_bytes())

    @classmethod
    def read(cls, source: Source) -> Magnetogram:
        """Read a product from a FITS file, plain or gzip.

        Raises
        ------
        NotFitsError, FileTooLargeError, UnsupportedImageError
            The file is not FITS, is truncated, or has a structure that no product has.
        MissingMetadataError
            The FITS file is not a product of Farside.
        DamagedImageError
            Header or pixels were altered since it was written, or a field is out of range.
        ImplausibleGeometryError
            The parts of the file contradict each other, or a number is out of range.
        """
        return _from_hdus(open_product(source))


def read_model_provenance(cards: Cards) -> ModelProvenance:
    """Read the provenance of a field from header cards or from a row of a table.

    Raises
    ------
    MissingMetadataError, ImplausibleGeometryError
        A card is missing, or its value is not allowed.
    """
    return ModelProvenance(
        model=text_of(cards, "AIMODEL"),
        version=text_of(cards, "AIMODVER"),
        identity=text_of(cards, "AIMODID"),
        trained_on=word_of(cards, "AITRAIN", get_args(TrainedOn)),
        engine=text_of(cards, "AIENGINE"),
        precision=text_of(cards, "AIPREC"),
        saturation_gauss=number_if_any(cards, "AICLIP", 0, MAX_FIELD_GAUSS),
        skill=number_if_any(cards, "AISKILL", -1, 1),
        correlation_length_deg=number_if_any(cards, "AICORLEN", 0, 180),
        degrees_of_freedom=number_if_any(cards, "AIDOF", LEAST_DEGREES, MOST_DEGREES),
    )


def _cards(made: Magnetogram) -> Iterator[Card]:
    yield from _view_cards(made)
    if isinstance(made.grid, NativeGrid):
        yield from _instrument_cards(made)
    else:
        yield "TIMESYS", "UTC", ""
    yield from _geometry_cards(made.grid, made.observer)
    yield from _model_cards(made.generator)
    yield "QUALITY", int(made.quality), "sum of bits, 0 is good"
    if made.seed is not None:
        yield "AISEED", made.seed, "seed of this realisation; not the mean"
    if made.reference_age_days is not None:
        yield "REFAGE", round(made.reference_age_days, 6), "[d] mean age of the references"
    for index, channel in enumerate(made.missing, 1):
        yield f"AIMISS{index}", channel, "had no image"


def _statistics(made: Magnetogram) -> Iterator[tuple[str, Image, tuple[Card, ...]]]:
    """Name, pixels and cards of what is known of the field beside its mean."""
    if made.sigma is not None:
        content = ("CONTENT", "SIGMA", "68.3 % of the errors are within it")
        width = interval_95(made.generator.degrees_of_freedom)
        within = ("SIGMA95", round(width, 3), "times SIGMA: 95 % of the errors are within it")
        yield "SIGMA", made.sigma, (content, within)
    if made.unsigned is not None:
        content = ("CONTENT", "UNSIGNED", "expected strength of the field")
        yield "UNSIGNED", made.unsigned, (content,)
    if made.positive is not None:
        content = ("CONTENT", "P_POSITIVE", "probability of positive polarity")
        yield "P_POSITIVE", made.positive, (content, ("BUNIT", "", "between 0 and 1"))


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
    """Cards by which readers of the instrument's own magnetograms accept the product."""
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
    radius_arcsec = disk_radius_arcsec(observer.distance_m)
    yield "RSUN_REF", SOLAR_RADIUS_M, "[m] solar radius (IAU 2015)"
    yield "RSUN_OBS", radius_arcsec, "[arcsec] apparent solar radius"
    yield "RSUN", radius_arcsec, "[arcsec] apparent solar radius"
    yield "R_SUN", grid.disk_radius_px, "[pix] radius of the disk"
    yield "MASKRAD", grid.mask_radius, "[R_SUN] no values outside"
    yield "WCSNAME", "Helioprojective-cartesian", ""
    yield from helioprojective_cards(grid.sun_centre_px, radius_arcsec / grid.disk_radius_px)
    if isinstance(grid, NativeGrid):
        yield "CROTA2", grid.roll_deg, "[deg] of solar north, as the instrument had it"
    else:
        yield "CROTA2", 0.0, "[deg] solar north is up"


def _model_cards(generator: ModelProvenance) -> Iterator[Card]:
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
    if generator.degrees_of_freedom is not None:
        yield "AIDOF", generator.degrees_of_freedom, "of Student's t-distribution of the error"


def _add_texts(header: fits.Header, made: Magnetogram) -> None:
    header.add_comment("Generated by a neural network from the images in HDU INPUTS.")
    header.add_comment("AIMODID: sha256 of the model's tensors in sorted key order.")
    for bit in made.quality:
        header.add_comment(f"QUALITY bit {bit.value}: {bit.name}")
    for number, given in enumerate(made.inputs, start=1):
        origin = given.origin
        add_input(header, f"{number} {given.role} {origin}", origin.name, origin.sha256)
    for sentence in describe_substitutes(made):
        header.add_history(sentence)


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
    ("DISTANCE", "D", None),
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
        quote_name(origin.name),
        origin.sha256,
        int(origin.quality),
        given.clipped_fraction,
        math.nan if given.distance is None else given.distance,
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
        generator=read_model_provenance(cards),
        inputs=tuple(map(_input, rows_of(hdu_of(hdus, "INPUTS"), MAX_INPUTS))),
        sigma=None if sigma is None else _plane(sigma, grid),
        unsigned=_plane_if_any(hdus, "UNSIGNED", grid),
        positive=_plane_if_any(hdus, "P_POSITIVE", grid, 1.0),
        missing=tuple(_texts(cards, "AIMISS")),
        seed=_seed(cards),
        brightness=tuple(
            Brightness(text_of(hdu.cards, "BAND"), _plane(hdu, grid))
            for hdu in hdus
            if "BAND" in hdu.cards
        ),
        kept=tuple(
            (key, cards[key], note) for key, note in KEPT_CARDS.items() if _is_kept(cards, key)
        ),
    )


def _plane(
    hdu: StoredHdu, grid: Geometry, least: float = 0.0, most: float = MAX_FIELD_GAUSS
) -> Image:
    """Pixels of an HDU, checked to be on the product's grid and in range or NaN."""
    image = plane_of(hdu)
    if image.shape != (grid.size_px, grid.size_px):
        raise ImplausibleGeometryError(
            f"{name_of(hdu)} has {image.shape} pixels, expected {grid.size_px} a side"
        )
    check_range(name_of(hdu), image, least, most)
    return image


def _plane_if_any(
    hdus: Sequence[StoredHdu], name: str, grid: Geometry, most: float = MAX_FIELD_GAUSS
) -> Image | None:
    hdu = hdu_if_any(hdus, name)
    return None if hdu is None else _plane(hdu, grid, most=most)


def _seed(cards: Cards) -> int | None:
    value = number_if_any(cards, "AISEED", 0, MAX_SEED)
    return None if value is None else int(value)


def _texts(cards: Cards, key: str) -> Iterator[str]:
    """Texts of the cards ``KEY1``, ``KEY2`` and so on."""
    for index in count(1):
        if f"{key}{index}" not in cards:
            return
        yield text_of(cards, f"{key}{index}")


def _grid(cards: Cards) -> Grid | NativeGrid:
    """Read the grid: registered, with the masked disk inside it, or of the instrument's pixels."""
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
        name=unquote_name(text_of(row, "NAME", MAX_ROW_BYTES)),
        sha256=text_of(row, "SHA256"),
        quality=quality_of(row),
        notes=_notes(text_of(row, "NOTES", MAX_ROW_BYTES)),
    )
    return Input(
        word_of(row, "ROLE", get_args(Role)),
        origin,
        number_of(row, "CLIPPED", 0, 1),
        number_if_any(row, "DISTANCE", 0),
    )


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
    return (
        made.grid,
        made.time.utc.isot,
        made.spacecraft,
        made.quality,
        made.generator,
        made.kept,
        made.missing,
        made.seed,
    )


def _place(observer: Observer) -> tuple[float, float, float]:
    return observer.longitude_deg, observer.latitude_deg, observer.distance_m


def _same_pixels(one: Magnetogram, other: Magnetogram) -> bool:
    shown = [(view.band, view.image.tobytes()) for view in one.brightness]
    return (
        all(map(_same_plane, _planes(one), _planes(other)))
        and np.array_equal(one.image, other.image, equal_nan=True)
        and shown == [(view.band, view.image.tobytes()) for view in other.brightness]
    )


def _planes(made: Magnetogram) -> tuple[Image | None, ...]:
    return made.sigma, made.unsigned, made.positive


def _same_plane(one: Image | None, other: Image | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other, equal_nan=True)
