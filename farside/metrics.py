"""How well a generated magnetogram agrees with a true one, by the measures of the papers.

Images are in gauss, (y, x) on one :class:`~farside.grid.Grid`. A pixel off the disk, or NaN in
either image, does not count. Lengths in paper pixels are those of the papers' grid, where the
solar radius is 450 pixels: 8 of them are about one degree at disk centre. A measure that the given
pixels do not define, such as the correlation of a constant field, is NaN; one that the grid is too
coarse for is None.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from farside.grid import Grid, Image
from farside.heliographic import drift_deg_per_day, project, trace
from farside.observer import SOLAR_RADIUS_M, Observer
from farside.registration import Disk

PAPER_DISK_RADIUS_PX = 450.0
"""Solar radius on the grid of Jeong et al. (2022)."""

FIELD_RANGE_GAUSS = 3000.0
"""From -1500 G to 1500 G: the data range of SSIM in Jeong et al. (2022), Sect. 4.1."""

Box = tuple[slice, slice]
"""Rows and columns of a part of the grid."""

WHOLE: Box = (slice(None), slice(None))

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Correlations:
    """Pearson correlation at the three resolutions of Jeong et al. (2022), Table 1.

    Attributes
    ----------
    blocks_of_8, blocks_of_4, blocks_of_1
        After averaging over square blocks of so many paper pixels a side; None where such a block
        is not a whole number of the grid's pixels.
    """

    blocks_of_8: float | None
    blocks_of_4: float | None
    blocks_of_1: float | None


@dataclass(frozen=True)
class Regression:
    """How generated values follow true ones over many disks or patches.

    Attributes
    ----------
    correlation
        Pearson's.
    r_squared
        Coefficient of determination of "generated = true": 1 - Σ(generated - true)² / Σ(true -
        mean)². It falls below the squared correlation where slope or mean are wrong, as the
        paper's do: its quiet regions' 0.94 and slope 1.05 give 0.85, as printed, and not 0.88.
    slope
        Of the least-squares line of generated on true, with an intercept.
    """

    correlation: float
    r_squared: float
    slope: float


@dataclass(frozen=True)
class PolarField:
    """Mean radial field of the visible part of the two polar caps, gauss."""

    north_gauss: float
    south_gauss: float


@dataclass(frozen=True)
class Interval:
    """The mean of paired differences and its bootstrap interval.

    Attributes
    ----------
    mean
        Mean of a - b.
    low, high
        Ends of the interval.
    level
        Share of such intervals that hold the true mean.
    seeds
        Independent pairs.
    """

    mean: float
    low: float
    high: float
    level: float
    seeds: int


def pixels_per_degree(grid: Grid) -> int:
    """Pixels that make one heliographic degree at disk centre: 8 on the papers' grid of 1024."""
    return max(1, round(grid.disk_radius_px * np.pi / 180))


def paper_block_px(paper_px: float, grid: Grid) -> int | None:
    """Convert a block's side from paper pixels; None where it is no whole number of pixels.

    A side within 5 % of a whole number is rounded to it.
    """
    side = paper_px * grid.disk_radius_px / PAPER_DISK_RADIUS_PX
    whole = round(side)
    return whole if whole >= 1 and abs(side - whole) <= 0.05 * side else None


def binned(image: Image, grid: Grid, pixels: int, box: Box = WHOLE) -> Image:
    """Means of square blocks, NaN where a block is not wholly on the disk.

    Blocks are those of the papers' "8×8 binning"; what they leave over of the box is left out at
    its edges.

    Raises
    ------
    ValueError
        The image is not on the grid; so for all measures.
    """
    inside = _masked(image, grid)[box]
    (row, rows), (column, columns) = (_blocks_along(side, pixels) for side in inside.shape)
    kept = inside[row : row + rows * pixels, column : column + columns * pixels]
    blocks: Image = kept.reshape(rows, pixels, columns, pixels).mean(axis=(1, 3))
    return blocks


def correlation(
    generated: Image, truth: Image, grid: Grid, pixels: int | None = None, box: Box = WHOLE
) -> float:
    """Pearson correlation after binning (Jeong et al. 2022, Sect. 4.1).

    Parameters
    ----------
    generated, truth
        Gauss, (y, x) on `grid`.
    pixels
        Side of a block; one degree at disk centre where it is not given.
    box
        The full disk, or a patch.
    """
    return _pearson(*_common(generated, truth, grid, pixels or pixels_per_degree(grid), box))


def correlations(generated: Image, truth: Image, grid: Grid, box: Box = WHOLE) -> Correlations:
    """Correlate the full disk or a patch at the papers' three resolutions."""
    blocks_px = (paper_block_px(paper_px, grid) for paper_px in (8, 4, 1))
    return Correlations(
        *(pixels and correlation(generated, truth, grid, pixels, box) for pixels in blocks_px)
    )


def pixel_area_cm2(grid: Grid) -> float:
    """Area of a pixel on the plane of the sky, cm², with the solar radius of IAU 2015 B3.

    The surface that a pixel covers is larger by 1/μ; the fluxes here leave that out, as they leave
    out the 1/μ between the line-of-sight and the radial field.
    """
    return (100 * SOLAR_RADIUS_M / grid.disk_radius_px) ** 2


def unsigned_flux_mx(
    image: Image, grid: Grid, box: Box = WHOLE, threshold_gauss: float = 0.0
) -> float:
    """Total unsigned line-of-sight flux in maxwell: Σ|B| A (TUMF of the papers).

    Parameters
    ----------
    box
        The full disk, or a patch.
    threshold_gauss
        A weaker field is taken as noise and left out. At 0, the default, all pixels count and the
        noise of a measured magnetogram adds to the flux: √(2/π) σ for each pixel without field.
    """
    return float(np.abs(_field(image, grid, box, threshold_gauss)).sum() * pixel_area_cm2(grid))


def net_flux_mx(image: Image, grid: Grid, box: Box = WHOLE, threshold_gauss: float = 0.0) -> float:
    """Net line-of-sight flux in maxwell: Σ B A (NMF); parameters as for the unsigned flux."""
    return float(_field(image, grid, box, threshold_gauss).sum() * pixel_area_cm2(grid))


def regress(generated: ArrayLike, truth: ArrayLike) -> Regression:
    """Compare one value a disk or patch, such as TUMF, over many (Jeong et al. 2022, Sect. 4.1).

    Raises
    ------
    ValueError
        The two are not equally many, or a value is not finite.
    """
    made, true = _paired(generated, truth)
    scatter, spread = true - true.mean(), made - made.mean()
    variance = float(scatter @ scatter)
    return Regression(
        correlation=_pearson(made, true),
        r_squared=1 - _ratio(float(np.sum((made - true) ** 2)), variance),
        slope=_ratio(float(scatter @ spread), variance),
    )


def similarity(
    generated: Image, truth: Image, grid: Grid, pixels: int = 1, box: Box = WHOLE
) -> float:
    """Structural similarity, SSIM, with the data range -1500…1500 G (Jeong et al. 2022, Sect. 4.1).

    Uniform windows of 7×7 blocks; stronger fields are not clipped. What does not count is set to 0
    in both images, and only windows centred on blocks that count are averaged.

    Raises
    ------
    ValueError
        The box has fewer than 7 blocks along a side.
    """
    from skimage.metrics import structural_similarity

    made, true = (
        binned(image, grid, pixels, box).astype(np.float64) for image in (generated, truth)
    )
    counted = np.isfinite(made) & np.isfinite(true)
    _, local = structural_similarity(  # type: ignore[no-untyped-call]  # scikit-image has no types
        np.where(counted, made, 0),
        np.where(counted, true, 0),
        win_size=7,
        data_range=FIELD_RANGE_GAUSS,
        full=True,
    )
    whole_window = (slice(3, -3), slice(3, -3))
    return _mean(local[whole_window][counted[whole_window]])


def polar_field(image: Image, grid: Grid, observer: Observer, time: Time) -> PolarField:
    """Mean B_r = B_los / μ poleward of 60° and within 45° of the central meridian.

    Jeong et al. (2022), Sect. 4.1. Pixels count alike; a cap without any is NaN.
    """
    points = trace(*_plane(grid, observer), observer, time)
    meridian = observer.carrington_longitude_deg(time)
    from_meridian = np.abs((points.longitude_deg - meridian + 180) % 360 - 180)
    inside = np.isfinite(_masked(image, grid)) & (points.mu > 0) & (from_meridian <= 45)
    north, south = (
        _mean(image[cap] / points.mu[cap])
        for cap in (inside & (sign * points.latitude_deg > 60) for sign in (1, -1))
    )
    return PolarField(north, south)


def relative_flux_error(generated: Image, truth: Image, grid: Grid, box: Box = WHOLE) -> float:
    """Relative error of TUMF, without sign: R1 of Alshehhi (2020)."""
    made, true = (np.abs(field).sum() for field in _common(generated, truth, grid, 1, box))
    return _ratio(float(abs(made - true)), float(true))


def normalised_square_error(generated: Image, truth: Image, grid: Grid, box: Box = WHOLE) -> float:
    """Σ(generated - true)² / Σ true² of the field: R2 of Alshehhi (2020). A zero field has 1."""
    made, true = _common(generated, truth, grid, 1, box)
    return _ratio(float(np.sum((made - true) ** 2)), float(np.sum(true**2)))


def rms_error_gauss(generated: Image, truth: Image, grid: Grid, box: Box = WHOLE) -> float:
    """Root of the mean squared difference, gauss."""
    made, true = _common(generated, truth, grid, 1, box)
    return float(np.sqrt(_mean((made - true) ** 2)))


def rms_similarity_error(generated: Image, truth: Image, grid: Grid, box: Box = WHOLE) -> float:
    """E = (RMSE + (1 - |SSIM|)) / 2 (Alshehhi 2020, Eq. 9).

    The paper's images lie in [-1, 1]; so RMSE is in units of 1500 G, which maps the range of SSIM
    onto [-1, 1].
    """
    rmse = rms_error_gauss(generated, truth, grid, box) / (FIELD_RANGE_GAUSS / 2)
    return (rmse + 1 - abs(similarity(generated, truth, grid, box=box))) / 2


def peak_signal_to_noise_db(generated: Image, truth: Image, grid: Grid, box: Box = WHOLE) -> float:
    """PSNR = 20 log10(3000 G / RMSE), decibel (Alshehhi 2020); infinite where images are equal."""
    rmse = rms_error_gauss(generated, truth, grid, box)
    return float(20 * np.log10(FIELD_RANGE_GAUSS / rmse)) if rmse else np.inf


def polarity_accuracy(
    generated: Image,
    truth: Image,
    grid: Grid,
    threshold_gauss: float = 50.0,
    among: NDArray[np.bool_] | None = None,
) -> float:
    """Share of pixels whose sign is right, among those of a true field above a threshold.

    Parameters
    ----------
    threshold_gauss
        On |B| of the truth; the default is eight times the noise of HMI's 720-s magnetograms.
    among
        Only these pixels, (y, x), such as those of newly emerged regions.

    Returns
    -------
    float
        A generated 0 is wrong; NaN where no pixel is that strong.
    """
    chosen = truth if among is None else np.where(among, truth, np.float32(np.nan))
    made, true = _common(generated, chosen, grid, 1, WHOLE)
    strong = np.abs(true) > threshold_gauss
    return _mean(np.sign(made[strong]) == np.sign(true[strong]))


def interval(
    values_a: ArrayLike,
    values_b: ArrayLike,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Paired percentile bootstrap of the mean of a - b (Efron & Tibshirani 1993, Ch. 13).

    Parameters
    ----------
    values_a, values_b
        One value each for every independent seed, in the same order; not one for every disk, for
        the disks of one simulated Sun are not independent.

    Raises
    ------
    ValueError
        Fewer than two pairs, unequal numbers, a value that is not finite, or a level outside 0…1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    a, b = _paired(values_a, values_b)
    chosen = np.random.default_rng(seed).integers(a.size, size=(resamples, a.size))
    means = (a - b)[chosen].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float((a - b).mean()), float(low), float(high), level, a.size)


def persistence(reference: Disk, observer: Observer, time: Time) -> Image:
    """The reference magnetogram as it would look to `observer` at `time`, if nothing changed.

    Each pixel of the view is followed back by differential rotation to where the reference saw it;
    the field is taken as radial. Pixels that the reference did not see are 0.

    Returns
    -------
    Image
        Gauss along the new line of sight, (y, x) on the reference's grid, NaN off the disk.
    """
    grid, origin = reference.grid, reference.origin
    points = trace(*_plane(grid, observer), observer, time)
    days = float((time - origin.time).to_value("day"))
    then = points.longitude_deg - drift_deg_per_day(points.latitude_deg) * days
    west, north, mu = project(then, points.latitude_deg, origin.observer, origin.time)
    scale = grid.disk_radius_px / _limb_tangent(origin.observer)
    x, y = west * scale + grid.centre_px, north * scale + grid.centre_px
    field = cv2.remap(
        np.nan_to_num(reference.image),
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
    )
    # Near the limb of the reference the division by μ would only raise noise.
    radial = np.where(mu > 0.1, field / np.maximum(mu, 0.1), 0)
    seen = (radial * points.mu).astype(np.float32)
    return np.where(grid.on_disk(), seen, np.float32(np.nan))


def _limb_tangent(observer: Observer) -> float:
    return float(np.tan(np.arcsin(SOLAR_RADIUS_M / observer.distance_m)))


def _plane(grid: Grid, observer: Observer) -> tuple[np.ndarray, np.ndarray]:
    """Tangents towards solar west and north of every pixel of a registered view."""
    index = (np.arange(grid.size_px) - grid.centre_px) * _limb_tangent(observer)
    tangent = index / grid.disk_radius_px
    west, north = np.broadcast_arrays(tangent[None, :], tangent[:, None])
    return west, north


def _masked(image: Image, grid: Grid) -> Image:
    """The image with NaN off the disk."""
    if image.shape != (grid.size_px, grid.size_px):
        raise ValueError(f"image must fill its grid, got {image.shape}, wanted {grid.size_px}²")
    return np.where(grid.on_disk(), image, np.float32(np.nan))


def _blocks_along(side_px: int, pixels: int) -> tuple[int, int]:
    """First pixel and number of the blocks that fit, centred."""
    return side_px % pixels // 2, side_px // pixels


def _common(
    generated: Image, truth: Image, grid: Grid, pixels: int, box: Box
) -> tuple[Values, Values]:
    """The binned values of both images where both have one."""
    made, true = (binned(image, grid, pixels, box) for image in (generated, truth))
    both = np.isfinite(made) & np.isfinite(true)
    return made[both].astype(np.float64), true[both].astype(np.float64)


def _field(image: Image, grid: Grid, box: Box, threshold_gauss: float) -> Values:
    """What counts towards the flux, gauss."""
    field = _masked(image, grid)[box].astype(np.float64)
    return field[np.isfinite(field) & (np.abs(field) >= threshold_gauss)]


def _paired(a: ArrayLike, b: ArrayLike) -> tuple[Values, Values]:
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.ndim != 1 or first.shape != second.shape or first.size < 2:
        raise ValueError(
            f"values must come in pairs, got shapes {first.shape} and {second.shape},"
            " wanted two rows of equal length, at least 2"
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("values must be finite, got NaN or infinity")
    return first, second


def _pearson(a: Values, b: Values) -> float:
    if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else np.nan


def _mean(values: ArrayLike) -> float:
    numbers = np.asarray(values, np.float64)
    return float(numbers.mean()) if numbers.size else np.nan
