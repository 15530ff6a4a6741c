"""Score report: all numbers as JSON, and tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

import numpy as np

from farside import __version__
from farside.evaluation.flux import pixel_area_cm2
from farside.model.engine import Model
from farside.model.recipe import ErrorModel, Score, Table
from farside.sun.grid import Grid
from training.score.calibration import SIGNED_GAUSS, Calibration
from training.score.cases import Cases
from training.score.measures import AR, CC, COMMON, FULL, QR
from training.score.predictions import PERSISTENCE, ZERO
from training.score.regions import DETECTABLE_MX, GREATEST_DISTANCE_DEG
from training.score.run import MODEL, CaseScores, Outcome
from training.score.summary import (
    MAIN_AGES,
    LeakCheck,
    RegionRow,
    leak_check,
    means,
    predictions_of,
    region_rows,
    regressions,
)
from training.scoring.markdown import (
    by_measure,
    crossed,
    number,
    regression_table,
    table,
    text,
    write_page,
)
from training.scoring.table import ENOUGH_UNITS, Key, Scores

JSON, MARKDOWN = "report.json", "report.md"

AREAS = (FULL, COMMON, AR, QR)


@dataclass(frozen=True)
class Options:
    """Options of a scoring run, besides model and data."""

    command: str
    split: str = "test"
    threshold_gauss: float = 0.0
    controls: bool = True


@dataclass(frozen=True)
class DiskRow:
    """Full-disk correlation of blocks of 8 paper pixels in one case."""

    unit: str
    time: str
    age_days: float
    model: float | None
    persistence: float | None


@dataclass(frozen=True, kw_only=True)
class Report(Scores):
    """Numbers of a score report.

    Attributes
    ----------
    model, version, identity
        Name, version and identity of the scored model.
    data, simulation
        Name of the data set, and version of the simulated Sun; None for real images.
    units
        Resampling units of the bootstrap: seeds, or months.
    scores, errors
        Scores and error model for the Recipe.
    """

    options: Options
    farside: str
    model: str
    version: str
    identity: str
    data: str
    simulation: int | None
    grid: Grid
    pixel_area_cm2: float
    units: tuple[str, ...]
    warnings: tuple[str, ...]
    regions: tuple[RegionRow, ...]
    leak: LeakCheck | None
    errors: ErrorModel
    calibration: Calibration
    scores: tuple[Score, ...]
    disks: tuple[DiskRow, ...]


def make_report(outcome: Outcome, cases: Cases, model: Model, options: Options) -> Report:
    """Summarise all cases."""
    records, simulated = outcome.records, cases.simulation is not None
    regressed = (each for each in predictions_of(records) if each != ZERO)
    found = Scores(means=tuple(means(records)), regressions=tuple(regressions(records, regressed)))
    regions = tuple(region_rows(records)) if simulated else ()
    leak = leak_check(records) if simulated else None
    units = tuple(sorted({record.label.unit for record in records}, key=_in_order))
    return Report(
        options=options,
        farside=__version__,
        model=model.recipe.name,
        version=model.recipe.version,
        identity=model.identity,
        data=cases.name,
        simulation=cases.simulation,
        grid=cases.grid,
        pixel_area_cm2=pixel_area_cm2(cases.grid),
        units=units,
        warnings=tuple(_warnings(units, leak)),
        means=found.means,
        regressions=found.regressions,
        regions=regions,
        leak=leak,
        errors=outcome.errors.model(),
        calibration=outcome.calibration.calibration(),
        scores=tuple(_scores(found, regions, units, options.command)),
        disks=tuple(_disk_row(record) for record in records),
    )


def write_report(report: Report, figures: Sequence[str], folder: Path) -> None:
    """Write ``report.json`` and ``report.md`` atomically."""
    write_page(report, markdown(report, figures), folder / MARKDOWN)


def _in_order(unit: str) -> tuple[int, str]:
    return (int(unit.split()[1]), "") if unit.startswith("seed ") else (0, unit)


def _warnings(units: Sequence[str], leak: LeakCheck | None) -> Iterator[str]:
    if len(units) < ENOUGH_UNITS:
        yield (
            f"{len(units)} independent suns or months: got fewer than {ENOUGH_UNITS}, so the "
            "intervals are unreliably narrow"
        )
    if leak and leak.leak:
        yield leak_sentence(leak)


def leak_sentence(leak: LeakCheck) -> str:
    """Describe a leak of the polarity in one sentence."""
    return (
        f"a leak: the polarity of {leak.right} of {leak.regions} newly emerged regions is right, "
        f"expected no more than the {leak.hale_share:.0%} that Hale's law gives "
        f"(chance {leak.chance:.2g}): something shows the model the sign of the field"
    )


def _scores(
    found: Scores, regions: Iterable[RegionRow], units: Sequence[str], command: str
) -> Iterator[Score]:
    """Yield the scores for the Recipe."""
    among = f"{len(units)} {'suns' if units[0].startswith('seed ') else 'months'} not trained on"
    for area, (minus, name) in product(AREAS, (("", ""), (PERSISTENCE, ", less persistence"))):
        estimate = found.estimate(Key(CC, area, MAIN_AGES, MODEL, minus))
        if estimate:
            where = f"correlation 8×8, {area}, {among}, references {MAIN_AGES}{name}"
            yield Score(measure=where, value=_short(estimate.mean), command=command)
    for kind in regions:
        if kind.polarity_accuracy:
            name = f"polarity of regions {kind.kind}, {among}"
            share = _short(kind.polarity_accuracy.mean)
            yield Score(measure=name, value=share, command=command)
        if np.isfinite(kind.flux_correlation):
            name = f"unsigned flux CC of regions {kind.kind}, {among}"
            yield Score(measure=name, value=_short(kind.flux_correlation), command=command)


def _short(value: float) -> float:
    return float(f"{value:.4f}")


def _disk_row(record: CaseScores) -> DiskRow:
    disk = [row for row in record.rows if (row.measure, row.area) == (CC, FULL)]
    found = {row.prediction: row.value for row in disk}
    label = record.label
    return DiskRow(
        label.unit, label.time.isot, label.age_days, found.get(MODEL), found.get(PERSISTENCE)
    )


def markdown(report: Report, figures: Sequence[str] = ()) -> str:
    """Format the report as Markdown."""
    correlations = [each for each in report.measured if each[0].startswith("CC")]
    others = [each for each in report.measured if each not in correlations]
    parts = [
        f"# Scores of {report.model} {report.version}",
        _facts(report),
        *(f"**Warning: {warning}.**" for warning in report.warnings),
        "## Correlation by age of the reference",
        _BY_AGE,
        *(_age_table(report, area) for area in AREAS),
        "## Resolutions, baselines and controls",
        _CONTROLS,
        by_measure(report, correlations, MAIN_AGES),
        "## Other measures",
        _OTHERS,
        by_measure(report, others, MAIN_AGES),
        "## Fluxes and polar field",
        _flux_text(report),
        regression_table(report),
        *(_region_part(report) if report.regions else ()),
        "## Error of the model",
        _error_text(report.errors),
        *(f"{name}\n\n{_error_table(report.errors, sigmas)}" for name, sigmas in _tables(report)),
        *_calibration_part(report.calibration),
        *(f"![{name}]({name})" for name in figures),
    ]
    return "\n\n".join(parts) + "\n"


_BY_AGE = """\
Pearson's, of blocks of 8×8 paper pixels (one degree at disk centre), mean over suns with its 95 %
bootstrap interval, drawn over suns and not over disks. Persistence is the reference magnetogram
rotated differentially into view; it is 0 where the reference did not see, which the second table
leaves out. A constant field scores 0. The difference is paired. All following scores, except the
leak check, are for references of at least 5 days: a younger one nearly shows the truth."""

_CONTROLS = """\
Controls: the model with the reference, or the EUV, of another Sun of about the same reference age,
which must lower its score. – : the grid is too coarse."""

_OTHERS = """\
SSIM with the range ±1500 G, of pixels and of 8×8 blocks (Jeong et al. 2022); R1, R2, RMSE–SSIM and
PSNR by Alshehhi (2020), full disk; polarity of the pixels whose true field is above 50 G."""


def _facts(report: Report) -> str:
    origin = "real images"
    if report.simulation is not None:
        origin = f"simulated suns, version {report.simulation}, not the real Sun"
    grid = report.grid
    return "\n".join(
        [
            f"- model `{report.identity}`",
            f"- data `{report.data}`, split {report.options.split}: {origin}",
            f"- {len(report.disks)} pairs of {len(report.units)} independent suns or months",
            f"- grid {grid.size_px}², disk radius {grid.disk_radius_px:g} px",
            f"- `{report.options.command}`, Farside {report.farside}",
        ]
    )


def _age_table(report: Report, area: str) -> str:
    lines = {ages: Key(CC, area, ages) for ages in report.cases}
    columns = (
        Key(prediction=MODEL),
        Key(prediction=PERSISTENCE),
        Key(prediction=MODEL, minus=PERSISTENCE),
    )
    rows = []
    for ages, *cells in crossed(report, lines, columns):
        estimate = report.estimate(Key(CC, area, ages, MODEL))
        if estimate:
            rows.append([ages, *cells, f"{estimate.units} / {estimate.values}"])
    names = [f"{area}, age", "model", "persistence", "model − persistence", "suns / images"]
    return table(names, rows)


def _flux_text(report: Report) -> str:
    return (
        "TUMF Σ|B|A and NMF ΣBA of the line-of-sight field, with the area of a pixel on the plane "
        f"of the sky, {report.pixel_area_cm2:.4g} cm²; fields below "
        f"{report.options.threshold_gauss:g} G left out. Polar field: mean B_los/μ poleward of 60° "
        "and within 45° of the meridian, both caps. R² is for the line generated = true."
    )


def _region_part(report: Report) -> Iterator[str]:
    yield "## Regions"
    yield (
        f"True regions of at least {DETECTABLE_MX:.0e} Mx, both polarities together, within "
        f"{GREATEST_DISTANCE_DEG:g}° of disk centre, unless a stronger one hides their polarity "
        "in the true field too. Polarity: whether the generated field over the leading elements "
        "is greater, or smaller, than over the following ones, as in truth; flux: correlation "
        "of generated and true unsigned flux in the neighbourhood; place: median distance of the "
        "centroids of |B|."
    )
    rows = [
        [
            row.kind,
            text(row.polarity_accuracy),
            text(row.persistence_accuracy),
            number(row.flux_correlation),
            number(row.persistence_flux_correlation),
            f"{number(row.place_error_deg)}°",
            f"{row.regions} / {row.sightings}",
        ]
        for row in report.regions
    ]
    names = ["", "polarity right", "by persistence", "flux CC", "by persistence", "place"]
    yield table([*names, "regions / sightings"], rows)
    if report.leak:
        check = report.leak
        yield (
            f"Leak check: of {check.regions} newly emerged regions {check.right} have the right "
            f"polarity. Hale's law alone gives {check.hale_share:.0%}; the chance of as many or "
            f"more by that law is {check.chance:.2g}: {'**a leak**' if check.leak else 'no leak'}."
        )


def _error_text(errors: ErrorModel) -> str:
    return (
        "Root mean squared difference of generated and true field, gauss, by generated |B| "
        "(columns) and μ (rows). Known: the reference showed field there too; new: it showed none, "
        "or did not see the place. Correlation length "
        f"{errors.correlation_length_deg:.2f}° (autocorrelation 1/e)."
    )


def _calibration_part(calibration: Calibration) -> Iterator[str]:
    if calibration.coverage:
        yield "## Coverage of σ"
        yield (
            "Share of the true field within σ of the generated one, and within the interval of "
            "95 % (SIGMA95 times σ), by |B|: 68.3 % and 95.0 % if they are right. Where the true "
            "field is strong the mean is mostly too weak, so the bins of the true |B| cannot all "
            "be right."
        )
        rows = [
            [f"{row.by} |B| {_range(row.low_gauss, row.high_gauss)}"]
            + [f"{share:.1%}" for share in (row.within_68, row.within_95)]
            + [str(row.pixels)]
            for row in calibration.coverage
        ]
        yield table(["", "within σ", "within 95 %", "pixels"], rows)
    if calibration.reliability:
        yield "## Reliability of p(+)"
        yield (
            f"Pixels with a true field of at least {SIGNED_GAUSS:g} G: mean p(+) in bins, and "
            "share that is positive. Mean difference over pixels "
            f"{number(calibration.reliability_error or 0.0)}."
        )
        rows = [
            [number(row.probability), number(row.positive), str(row.pixels)]
            for row in calibration.reliability
        ]
        yield table(["p(+)", "positive", "pixels"], rows)


def _range(low: float, high: float | None) -> str:
    return f"from {low:g} G" if high is None else f"{low:g}–{high:g} G"


def _tables(report: Report) -> list[tuple[str, Table]]:
    errors = report.errors
    return [
        ("Known", errors.known_gauss),
        ("New", errors.new_gauss),
        ("Either", errors.either_gauss),
    ]


def _error_table(errors: ErrorModel, sigmas: Table) -> str:
    names = [f"{low:g}–{high:g} G" for low, high in pairwise(errors.field_edges_gauss)]
    last = f"from {errors.field_edges_gauss[-1]:g} G"
    ends = (*errors.mu_edges[1:], 1.0)
    rows = [
        [f"{low:g}–{high:g}", *(f"{sigma:.3g}" for sigma in row)]
        for low, high, row in zip(errors.mu_edges, ends, sigmas, strict=True)
    ]
    return table(["μ", *names, last], rows)
