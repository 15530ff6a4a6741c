"""A map of the whole Sun at one time, with what each of its pixels comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from astropy.io.fits import HDUList
from astropy.time import Time
from astropy.units import Quantity
from numpy.typing import NDArray

from farside.evaluation.statistics import ratio
from farside.magnetogram.magnetogram import Generator
from farside.quality import Quality
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.observer import Observer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from sunpy.map import GenericMap

Kind = Literal["base", "observed", "generated"]

OWN_INSTRUMENT = "FARSIDE"
"""Of a base map that is an earlier synchronic map."""

NO_INSTRUMENT = "NONE"
"""Of a row of the source table that no file stands behind."""


@dataclass(frozen=True)
class Overlap:
    """How a generated disk compares with the observed one where both see the same surface.

    Attributes
    ----------
    correlation
        Of the radial fields (OVL_CC).
    slope
        Of the generated field on the observed one (OVL_SLOP).
    sign_agreement
        Part of the strong pixels that have the same sign.
    area
        Part of the sphere that both see.
    """

    correlation: float
    slope: float
    sign_agreement: float
    area: float


@dataclass(frozen=True)
class MapSource:
    """One image or map that a synchronic map was made from: a row of its source table.

    Attributes
    ----------
    kind
        Base map, observed disk or generated disk.
    instrument
        As in ``"SDO HMI"``, ``"STEREO_A"``, ``"NSO-GONG"``, ``"ADAPT"``; ``"NONE"`` for the rows
        that no file stands behind.
    name, sha256
        Of the file; empty where there is none.
    time
        When it was observed; of a base map, the time that it describes.
    observer
        From where; None for a base map.
    quality
        Its own bits.
    weight
        Quality factor that multiplied its μ⁴, 0 to 1; of a base map, the mean of its weights.
    generator
        The model, of a generated disk.
    overlap
        Of a generated disk, where an observed one sees some of the same surface.
    skill
        Correlation with the truth by the Recipe of its model, of a generated disk.
    """

    kind: Kind
    instrument: str
    name: str
    sha256: str
    time: Time
    observer: Observer | None = None
    quality: Quality = Quality.GOOD
    weight: float = 1.0
    generator: Generator | None = None
    overlap: Overlap | None = None
    skill: float | None = None


@dataclass(frozen=True)
class FluxBalance:
    """Net flux through the sphere, as mean field in gauss, before and after it was balanced."""

    before_gauss: float
    after_gauss: float


@dataclass(frozen=True, eq=False, repr=False)
class SynchronicMap:
    """Radial field of the whole Sun at one time; no pixel is NaN.

    Attributes
    ----------
    field_gauss
        Radial, positive outwards, (row, column) on `grid`: row 0 south, Carrington longitude
        rising from half a step.
    time
        UTC: the moment all disks were brought to.
    source
        Index into `sources` of what weighed most in each pixel.
    age_days
        How long before (or, negative, after) `time` each pixel was seen; weighted mean.
    sigma_gauss
        One standard deviation of the error of each pixel.
    correlation_length_deg
        Over which that error is correlated.
    quality
        Bits of all sources and of the map.
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

    def __repr__(self) -> str:
        kinds: tuple[Kind, ...] = ("observed", "generated", "base")
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
        """What each pixel is: 0 base, 1 observed, 2 generated."""
        code = {"base": 0, "observed": 1, "generated": 2}
        return np.array([code[s.kind] for s in self.sources], np.uint8)[self.source]

    def share(self, kind: Kind) -> float:
        """Part of the sphere's area that comes from sources of one kind."""
        chosen = np.array([s.kind == kind for s in self.sources])[self.source]
        return float((chosen * self.grid.area).sum())

    def imbalance(self) -> float:
        """Net over unsigned flux through the sphere before it was balanced; NaN without a field."""
        unsigned = float((np.abs(self.field_gauss) * self.grid.area).sum())
        return ratio(self.balance.before_gauss, unsigned)

    def as_base(self, name: str = "", sha256: str = "") -> BaseMap:
        """The map as a later one starts from it.

        Parameters
        ----------
        name, sha256
            Of its file, where it has one.
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
        )


@dataclass(frozen=True, eq=False)
class BaseMap:
    """A global map as a file gives it: what fills the part of the Sun that no disk shows.

    Attributes
    ----------
    field_gauss
        Radial, (row, column) on `grid`; NaN where the file has no value.
    time
        Of what it describes. A synoptic map of a whole rotation has an age by longitude besides.
    age_days
        How old each pixel was at `time`.
    sigma_gauss
        Where the file has it (STDDEV of ADAPT, SIGMA of ours).
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
