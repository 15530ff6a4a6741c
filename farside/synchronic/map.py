"""Synchronic map: the whole Sun at one time, with the source, age and error of each pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from astropy.io.fits import HDUList
from astropy.time import Time
from astropy.units import Quantity
from numpy.typing import NDArray

from farside.evaluation.statistics import ratio
from farside.magnetogram.magnetogram import ModelProvenance
from farside.quality import Quality
from farside.sun.carrington_grid import CarringtonGrid, Map, resample
from farside.sun.observer import Observer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from sunpy.map import GenericMap

SourceKind = Literal["base", "observed", "generated"]

OWN_INSTRUMENT = "FARSIDE"
"""Instrument of a base map that is an earlier synchronic map."""

NO_INSTRUMENT = "NONE"
"""Instrument of a row of the source table without a file: filled cells."""


@dataclass(frozen=True)
class Overlap:
    """Agreement of a generated disk with an observed one where both see the same surface.

    Attributes
    ----------
    correlation
        Correlation of the radial fields (OVL_CC).
    slope
        Slope of the generated field on the observed one (OVL_SLOP).
    sign_agreement
        Fraction of the strong cells that have the same sign.
    area
        Fraction of the sphere that both see.
    """

    correlation: float
    slope: float
    sign_agreement: float
    area: float


@dataclass(frozen=True)
class MapSource:
    """Image or map that a synchronic map was made from: a row of its source table.

    Attributes
    ----------
    kind
        Base map, observed disk or generated disk.
    instrument
        As in ``"SDO HMI"``, ``"STEREO_A"``, ``"NSO-GONG"``, ``"ADAPT"``; ``"NONE"`` for a row
        without a file.
    name, sha256
        Name and hash of the file; empty where there is none.
    time
        Time of the observation; for a base map the time that it describes.
    observer
        Position of the observer; None for a base map.
    quality
        Quality bits of this source.
    weight
        Quality factor that multiplied μ⁴, 0 to 1; for a base map the mean of its weights.
    generator
        Provenance of a generated disk.
    overlap
        Agreement of a generated disk with an observed one that sees some of the same surface.
    skill
        Correlation with the truth in the Recipe of the model, for a generated disk.
    """

    kind: SourceKind
    instrument: str
    name: str
    sha256: str
    time: Time
    observer: Observer | None = None
    quality: Quality = Quality.GOOD
    weight: float = 1.0
    generator: ModelProvenance | None = None
    overlap: Overlap | None = None
    skill: float | None = None


@dataclass(frozen=True)
class FluxBalance:
    """Net flux through the sphere as mean field, gauss, before and after flux balancing."""

    before_gauss: float
    after_gauss: float


@dataclass(frozen=True, eq=False, repr=False)
class SynchronicMap:
    """Radial field of the whole Sun at one time, without NaN; planes are (row, column) on `grid`.

    Attributes
    ----------
    field_gauss
        Radial field, positive outwards: row 0 south, Carrington longitude rising from half a step.
    grid
        Grid of all planes.
    time
        UTC to which all sources were advected.
    source
        Index into `sources` of the one with the greatest weight in each pixel.
    age_days
        Days from the observation of each pixel to `time`, negative after it; weighted mean.
    sigma_gauss
        Standard deviation of the error of each pixel.
    correlation_length_deg
        Distance at which that error's correlation is 1/e.
    sources
        Images and maps that it was made from.
    balance
        Net flux before and after balancing.
    quality
        Bits of all sources and of the map.
    generated
        Share of generated disks in each pixel, 0 to 1, also through the base map; None if only the
        source with the greatest weight is known.
    positive
        Probability of positive polarity of each pixel, from the p(+) of generated disks; None if
        only the field and `sigma_gauss` are known.
    seed
        Of a realisation, see :meth:`sample`; None for the map itself.
    """

    field_gauss: Map
    grid: CarringtonGrid
    time: Time
    source: NDArray[np.uint8]
    age_days: Map
    sigma_gauss: Map
    correlation_length_deg: float
    sources: tuple[MapSource, ...]
    balance: FluxBalance
    quality: Quality
    generated: Map | None = None
    positive: Map | None = None
    seed: int | None = None

    def __repr__(self) -> str:
        kinds: tuple[SourceKind, ...] = ("observed", "generated", "base")
        shares = ", ".join(f"{kind} {self.share(kind):.0%}" for kind in kinds)
        return f"<SynchronicMap {self.time.isot[:19]}: {shares}>"

    def _repr_html_(self) -> str:
        from farside.plots.products import html

        return html(self)

    @property
    def field(self) -> Quantity:
        """The radial field, (row, column), gauss; positive outwards, row 0 south."""
        return Quantity(self.field_gauss, "G")

    def to_hdus(self) -> HDUList:
        """Build the FITS product: the field, PROVENANCE, SOURCE, AGE, SIGMA and SOURCES.

        Raises
        ------
        FormatError
            A pixel is not finite.
        """
        from farside.synchronic.fits import to_hdus

        return to_hdus(self)

    def to_map(self) -> GenericMap:
        """Convert to a sunpy Map in Carrington coordinates, with Earth as the observer."""
        import sunpy.map  # takes seconds

        field = self.to_hdus()[0]
        return sunpy.map.Map(field.data, field.header)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the field at ±100 G, with what each part is and who looks at it.

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

    def provenance(self) -> NDArray[np.uint8]:
        """Kind of the source of each pixel, (row, column): 0 base, 1 observed, 2 generated."""
        code = {"base": 0, "observed": 1, "generated": 2}
        return np.array([code[s.kind] for s in self.sources], np.uint8)[self.source]

    def generated_share(self) -> Map:
        """Share of generated disks in each pixel, (row, column), 0 to 1."""
        if self.generated is not None:
            return self.generated
        return np.asarray(self.provenance() == 2, np.float64)

    def sample(self, seed: int) -> SynchronicMap:
        """Draw a realisation: a map that may be true as well, by the doubt that this one states.

        The polarity of each generated region is reversed as a whole as often as its probability of
        being right says, and noise of `sigma_gauss` is added, see
        :func:`~farside.synchronic.ensemble.realise`.

        Raises
        ------
        UnexpectedImageError
            The map is a realisation itself.
        """
        from farside.synchronic.ensemble import realise

        return realise(self, seed)

    def share(self, kind: SourceKind) -> float:
        """Fraction of the sphere where sources of one kind have the greatest weight."""
        chosen = np.array([s.kind == kind for s in self.sources])[self.source]
        return float((chosen * self.grid.area).sum())

    def imbalance(self) -> float:
        """Ratio of net to unsigned flux before balancing; NaN if the field is zero everywhere."""
        unsigned = float((np.abs(self.field_gauss) * self.grid.area).sum())
        return ratio(self.balance.before_gauss, unsigned)

    @classmethod
    def of_base(cls, base: BaseMap) -> Self:
        """Map that consists of a base map alone, resampled to cells of equal area."""
        grid = CarringtonGrid(base.grid.columns, base.grid.rows)
        sigma = np.zeros(base.grid.shape) if base.sigma_gauss is None else base.sigma_gauss
        field, age_days, sigma = (
            plane if grid == base.grid else resample(plane, base.grid, grid)  # NaN would spread
            for plane in (base.field_gauss, base.age_days, sigma)
        )
        mean = float(np.nanmean(field))
        return cls(
            field_gauss=field,
            grid=grid,
            time=base.time,
            source=np.zeros(grid.shape, np.uint8),
            age_days=age_days,
            sigma_gauss=sigma,
            correlation_length_deg=0.0,
            sources=(MapSource("base", base.instrument, base.name, base.sha256, base.time),),
            balance=FluxBalance(mean, mean),
            quality=base.quality,
        )

    def to_base_map(self, name: str = "", sha256: str = "") -> BaseMap:
        """Base map for a later synchronic map.

        Parameters
        ----------
        name, sha256
            Name and hash of its file, where it has one.
        """
        return BaseMap(
            field_gauss=self.field_gauss,
            grid=self.grid,
            time=self.time,
            instrument=OWN_INSTRUMENT,
            name=name,
            sha256=sha256,
            age_days=self.age_days,
            sigma_gauss=self.sigma_gauss,
            synchronic=True,
            generated=self.generated_share(),
            positive=self.positive,
        )


@dataclass(frozen=True, eq=False)
class BaseMap:
    """Global map that fills the part of the Sun that no disk shows.

    Attributes
    ----------
    field_gauss
        Radial field, (row, column) on `grid`; NaN where the file has no value.
    time
        Time that the map describes: for a synoptic map the end of its rotation.
    age_days
        Age of each pixel at `time`.
    sigma_gauss
        Standard deviation, if the file has it (STDDEV of ADAPT, SIGMA of Farside).
    synchronic
        Whether every cell lies where it was at `time`, as in maps of ADAPT and Farside; otherwise
        it lies where it was when it was seen, `age_days` earlier, as in maps of GONG and HMI.
    generated
        Share of generated disks in each pixel, of an earlier map of Farside.
    positive
        Probability of positive polarity of each pixel, of an earlier map of Farside.
    """

    field_gauss: Map
    grid: CarringtonGrid
    time: Time
    instrument: str
    name: str
    sha256: str
    age_days: Map
    sigma_gauss: Map | None = None
    quality: Quality = Quality.GOOD
    synchronic: bool = False
    generated: Map | None = None
    positive: Map | None = None
