"""Benchmark on the real Sun as a Markdown page, with the limits of its data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from farside.model.recipe import Recipe
from training.realsun.farview import FarView
from training.realsun.measures import (
    AMPLITUDES,
    AREAS,
    BY_FLUX,
    CORRELATIONS,
    MIDDLE_DEG,
    ORIENTATIONS,
    STRONG_GAUSS,
    UNSIGNED,
)
from training.realsun.places import Place, SeismicRegion
from training.realsun.run import (
    EXPECTED,
    GIVEN_REGIONS,
    GUESS,
    MIRRORED,
    PERSISTENCE,
    WITH_MAP,
    SkippedModel,
)
from training.realsun.sets import RealSet
from training.scoring.markdown import NONE, mean_and_spread, pivot, single, table, total
from training.scoring.table import Row

SCORES = (*CORRELATIONS, *UNSIGNED, *AMPLITUDES)


@dataclass(frozen=True, eq=False)
class Results:
    """Results shown on the page.

    Attributes
    ----------
    recipes
        Recipes of the scored models.
    rows
        Scores of all sets.
    pictures
        Paths of the pictures that may be published, relative to the page.
    """

    sets: Sequence[RealSet]
    recipes: Sequence[Recipe]
    rows: Sequence[Row]
    skipped: Sequence[SkippedModel]
    views: Sequence[FarView]
    pictures: Sequence[Path]

    @property
    def fit(self) -> list[str]:
        """Names of the sets in the mean."""
        return [each.name for each in self.sets if each.counts]

    @property
    def fit_rows(self) -> list[Row]:
        """Scores of the sets in the mean."""
        return [row for row in self.rows if row.unit in self.fit]


def markdown(found: Results) -> str:
    """Format the page as Markdown."""
    return "\n\n".join(_parts(found)) + "\n"


def _parts(found: Results) -> Iterator[str]:
    yield _HEAD
    yield table(["", "accepts", "trained on"], map(_model, found.recipes))
    for each in found.skipped:
        yield f"`{each.model}` was not run: it {each.reason}."
    yield _MEAN.format(sets=", ".join(found.fit), count=len(found.fit))
    for area in AREAS:
        yield f"### Within {area}"
        yield mean_table(found.fit_rows, area)
    yield _ORIENTATION
    yield orientation_table(found.fit_rows)
    if found.pictures:
        yield "## Pictures"
    yield from (f"![{path.stem}]({path.as_posix()})" for path in found.pictures)
    yield "## Per set, within 0.95 R"
    for real in found.sets:
        yield from _one_set(real, found.rows)
    yield from _far_sides(found.views)
    yield _LIMITS
    yield table(
        ["set", "time of HMI, UTC", "step, G", "clipped at, G", "in the mean", "from"],
        map(_set, found.sets),
    )
    yield _THANKS


_HEAD = """\
# The models on the real Sun

The shipped far-side models know a simulated Sun alone. Here they see the real one: images of AIA,
given as `observation` through the product's own path, and HMI's magnetogram of the same time and
view is the truth. **No model is trained or tuned on these sets.** The light of version 3 of the
simulated Sun was set by statistics of the same sets (docs/sun-check.md); all models know it and
version 2. The steps of their training were fixed before; that `farside-1` took the place of an
earlier version was decided with its scores here known (docs/farside-1.md).
Where the data are at hand `make real-sun` makes this page, its pictures and `real-sun.csv` (every
number) again; they are not part of this repository."""

_MEAN = f"""\
## The mean of the sets that are fit for it

{{count}} sets ({{sets}}): mean ± standard deviation over sets. They are few: the standard error of
a mean is the deviation over the square root of their number, so compare answers set by set.

- **CC**: Pearson's correlation of means over square blocks of the registered grid of 256 px (disk
  radius 112.5 px): 2, 4 and 8 px a side, which is 1.0°, 2.0° and 4.1° at disk centre and more
  towards the limb. Blocks begin at the edge of the grid. A block counts if at least half of its
  pixels lie in the area, and is the mean of those.
- **CC of abs B**: the same of the unsigned field, averaged after its sign is removed.
- **slope** Σgt/Σt² (generated on true, through 0), **RMS over true**, **RMS error** and **right
  signs**, all in blocks of {MIDDLE_DEG}°. Right signs: share of the blocks with |B| above
  {STRONG_GAUSS:g} G in the truth whose sign is right; a 0 is wrong.
- Both fields are first clipped where the truth ends.
- **{MIRRORED}**: mean of the answers to the images and to their north–south mirror image, whose
  sign is reversed: by Hale's and Joy's laws such a Sun is as likely. A model that has this symmetry
  by itself has no such line.
- **{GUESS}**: no learning. Bright regions of AIA 304, split at their middle, with the leading
  polarity of hemisphere and cycle in the west.
- **{EXPECTED}**: the product's HDU `UNSIGNED`, which does not depend on the sign, in place of |B|.
- **{WITH_MAP}**: that map is given to the model as its reference, in place of a magnetogram.
- **{PERSISTENCE}**: the newest synoptic map that saw nothing of the present passage of the disk,
  carried by differential rotation from the day on which it saw each place, and rendered as a disk.
  Only for sets with such a map: its line is the mean of fewer sets."""

_ORIENTATION = f"""\
### Which way round

Regions of the truth (smoothed |B| above 10 G within 0.95 R, both polarities, 2° or more apart
east–west) whose positive flux lies on the right side, east or west, of the negative flux, in all
sets together. *{GIVEN_REGIONS}* is the rule alone, told where the regions are."""

_FAR = """\
## The far side: places of regions

EUVI has no magnetogram to be scored against. These are the regions of the generated fields (as
above, with a radial flux of at least 10²¹ Mx), latitude and Carrington longitude, and whether
Stanford's helioseismic list of strong far-side regions has one within 15°. The list is of the half
that Earth does not see, and of strong regions: one without an entry is not proved absent. The
generated fields are shown above; beside their EUVI images they are in `build/real-sun/`, for the
source of those has no licence."""

_LIMITS = """\
## Limits of the data

The files were recovered from lossless 8-bit figures in public notebooks, and their headers were
rebuilt: time, centre, radius and roll were checked against GONG, the limb, and EUV against |B|.

- CC and signs are the scores; slope, RMS and fluxes only compare answers with one another. The
  truth of the *seg2023* sets is a mean of the signed logarithm and a third too weak in compact
  fields; those of 2023-04-28 and 2024-01-01 are clipped at 72 and 100 G.
- EUV is known up to a stretch (CC changes by at most 0.03, slope by up to 20 %), and saturates.
- Two renderings of the magnetogram of 2024 agree with CC 0.95, 0.97 and 0.99 in blocks of 1°, 2°
  and 4°.
- Sets whose truth comes in steps of more than 5 G show strong regions only; they are not in the
  mean.
- A region's orientation is uncertain where its bipole is short. Two to three of those counted come
  and go with the way in which the truth is resampled.
- These are views from Earth. On the far side the instrument is another (EUVI), and nobody knows
  the truth."""

_THANKS = """\
AIA and HMI: courtesy of NASA/SDO and the AIA, EVE and HMI science teams. EUVI: the STEREO/SECCHI
consortium. GONG: NSO/AURA/NSF. Helioseismic list: Stanford HMI/JSOC. Pictures of AIA and HMI were
made from figures of [Giov25/SDO_downstream](https://github.com/Giov25/SDO_downstream) (Apache
License 2.0), changed: recovered as FITS, registered and coloured. Of sources without a licence
there are only numbers, and what was generated."""


def mean_table(rows: Sequence[Row], area: str) -> str:
    """Table of the scores in one area: mean and spread over sets by prediction."""
    inside = [row for row in rows if row.area == area and row.prediction != GIVEN_REGIONS]
    return pivot(inside, _name_and_number(inside), SCORES, mean_and_spread)


def _name_and_number(rows: Sequence[Row]) -> Callable[[Row], str]:
    """Function that names a prediction, with the number of its sets if others have more."""
    sets: dict[str, set[str]] = {}
    for row in rows:
        sets.setdefault(row.prediction, set()).add(row.unit)
    most = max(map(len, sets.values()), default=0)

    def name(row: Row) -> str:
        count = len(sets[row.prediction])
        return row.prediction if count == most else f"{row.prediction} ({count} sets)"

    return name


def orientation_table(rows: Sequence[Row]) -> str:
    """Table of the number of regions by orientation, over all sets."""
    numbers = [row for row in rows if row.measure in ORIENTATIONS]
    return pivot(numbers, _name_and_number(numbers), ORIENTATIONS, total)


def _model(recipe: Recipe) -> list[str]:
    wants = "; ".join(map(str, recipe.channels))
    return [f"`{recipe.name}` {recipe.version}", wants, recipe.training.data]


def _one_set(real: RealSet, rows: Sequence[Row]) -> Iterator[str]:
    mine = [row for row in rows if row.unit == real.name and row.area == "0.95 R"]
    yield f"### {real.name}" + ("" if real.counts else " (not in the mean)")
    yield pivot(mine, lambda row: f"{row.prediction} ({row.case})", (*SCORES, BY_FLUX), single)


def _far_sides(views: Sequence[FarView]) -> Iterator[str]:
    if views:
        yield _FAR
        yield table(
            ["view", "model", "region", "from Earth's meridian", "flux, Mx", "peak, G", "listed"],
            [line for view in views for line in _regions_of(view)],
        )


def _regions_of(view: FarView) -> Iterator[list[str]]:
    for made, places in view.products:
        seen = f"{made.spacecraft.replace('_', '-')}, {made.time.isot[:16]}"
        for place in places:
            yield [seen, made.generator.model, *_described(place, view.seismic)]


def _described(place: Place, seismic: Sequence[SeismicRegion]) -> list[str]:
    known = [region.designation for region in seismic if region.is_near(place)]
    listed = ", ".join(known) or f"no, of {len(seismic)} on the list"
    return [
        f"{place.latitude_deg:+.0f}°, {place.longitude_deg:.0f}°",
        f"{place.from_earth_deg:+.0f}°, {'far' if place.is_far else 'near'} side",
        f"{place.unsigned_flux_mx:.1e}",
        f"{place.peak_gauss:.0f}",
        listed if place.is_far else NONE,
    ]


def _set(real: RealSet) -> list[str]:
    clip = real.truth.clip_gauss
    return [
        real.name,
        real.truth.view.time.isot[:16],
        f"{real.level_gauss:g}",
        f"{clip:g}",
        "yes" if real.counts else "no",
        f"{real.source} ({real.licence})" if real.source else "–",
    ]
