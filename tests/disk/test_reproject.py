"""Disks in another view: against Komm et al. (1993), sunpy, and fields known everywhere."""

from collections.abc import Callable

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from numpy.typing import NDArray
from sunpy.coordinates import HeliographicCarrington, Helioprojective

from farside.disk.registration import Disk
from farside.disk.reproject import LEAST_MU, reproject_disk, reproject_disks
from farside.evaluation.metrics import persistence
from farside.observation.image import Origin
from farside.sun.angles import wrap_deg
from farside.sun.grid import Grid
from farside.sun.heliographic import SurfacePoints, lines_of_sight, trace
from farside.sun.observer import SOLAR_RADIUS_M, Observer, View

GRID = Grid(256, 112.5)
ON_DISK = GRID.on_disk()
EARTH = Observer(0.0, -4.0, 1.5e11)
STEREO = Observer(70.0, 6.0, 1.43e11)
THEN = Time("2024-06-01T00:00:00.000", scale="utc")
NOW = Time("2024-06-06T07:12:00.000", scale="utc")
DAYS = 5.3

Degrees = NDArray[np.float64]


def disk_of(image: NDArray[np.floating], band: str = "LOS", time: Time = THEN) -> Disk:
    masked = np.where(ON_DISK, image, np.nan).astype(np.float32)
    return Disk(masked, GRID, Origin("SDO", band, time, EARTH, "", ""))


def surface(observer: Observer, time: Time) -> SurfacePoints:
    return trace(*lines_of_sight(GRID, observer), observer, time)


def seen(
    pattern: Callable[[Degrees, Degrees], Degrees], observer: Observer, time: Time
) -> tuple[Degrees, Degrees]:
    """A pattern (longitude, latitude) on the surface as it looks from there, and μ."""
    points = surface(observer, time)
    return pattern(points.longitude_deg, points.latitude_deg), points.mu


def drift_deg(latitude: Degrees | float) -> Degrees:
    s2 = np.sin(np.radians(latitude)) ** 2
    return np.asarray(DAYS * (14.42 - 2.00 * s2 - 2.09 * s2**2 - 14.1844))


def waves(longitude: Degrees, latitude: Degrees) -> Degrees:
    return np.asarray(np.cos(np.radians(3 * longitude)) * np.cos(np.radians(2 * latitude)))


def drifted_waves(longitude: Degrees, latitude: Degrees) -> Degrees:
    return waves(longitude - drift_deg(latitude), latitude)


def seen_by_both() -> NDArray[np.bool_]:
    """Well inside both views."""
    points = surface(STEREO, NOW)
    then = np.radians(points.longitude_deg - drift_deg(points.latitude_deg))
    centre = np.radians(EARTH.carrington_longitude_deg(THEN))
    latitude, tilt = np.radians(points.latitude_deg), np.radians(EARTH.latitude_deg)
    mu = np.sin(latitude) * np.sin(tilt)
    mu += np.cos(latitude) * np.cos(tilt) * np.cos(then - centre)
    inside: NDArray[np.bool_] = ON_DISK & (mu > 0.3) & (points.mu > 0.1)
    return inside


def test_a_radial_field_comes_back_along_the_new_line_of_sight() -> None:
    field, mu = seen(waves, EARTH, THEN)
    expected, new_mu = seen(drifted_waves, STEREO, NOW)
    rotated = reproject_disk(disk_of(1000 * field * mu), STEREO, NOW)
    inside = seen_by_both()
    assert inside.sum() > 0.8 * ON_DISK.sum()
    np.testing.assert_allclose(
        rotated.image[inside], (1000 * expected * new_mu)[inside], rtol=0, atol=5
    )


def test_euv_keeps_its_brightness() -> None:
    brightness, _ = seen(waves, EARTH, THEN)
    expected, _ = seen(drifted_waves, STEREO, NOW)
    rotated = reproject_disk(disk_of(1000 * (2 + brightness), "304"), STEREO, NOW)
    inside = seen_by_both()
    np.testing.assert_allclose(
        rotated.image[inside], 1000 * (2 + expected[inside]), rtol=0, atol=10
    )


@pytest.mark.parametrize("latitude", [-25.0, 0.0, 10.0, 50.0])
def test_a_spot_lands_where_komm_and_sunpy_put_it(latitude: float) -> None:
    longitude = EARTH.carrington_longitude_deg(THEN) - 15

    def spot(longitudes: Degrees, latitudes: Degrees) -> Degrees:
        east = wrap_deg(longitudes - longitude)
        east = east * np.cos(np.radians(latitude))
        return np.asarray(np.exp(-(east**2 + (latitudes - latitude) ** 2) / (2 * 1.2**2)))

    field, mu = seen(spot, EARTH, THEN)
    image = np.nan_to_num(reproject_disk(disk_of(1000 * field * mu), STEREO, NOW).image)
    y, x = np.indices(image.shape)
    place = SkyCoord(
        (longitude + float(drift_deg(latitude))) * u.deg,
        latitude * u.deg,
        SOLAR_RADIUS_M * u.m,
        frame=HeliographicCarrington(obstime=NOW, observer=STEREO.coordinate(NOW)),
    ).transform_to(Helioprojective(obstime=NOW, observer=STEREO.coordinate(NOW)))
    limb = np.tan(np.arcsin(SOLAR_RADIUS_M / STEREO.distance_m))
    for index, angle in ((x, place.Tx), (y, place.Ty)):
        found_px = float((index * image).sum() / image.sum()) - GRID.centre_px
        wanted_px = float(np.tan(angle.to_value(u.rad)) / limb) * GRID.disk_radius_px
        assert found_px == pytest.approx(wanted_px, abs=0.3)


def test_what_was_not_seen_is_zero_in_a_magnetogram_and_the_median_in_euv() -> None:
    opposite = Observer(180.0, 4.0, 1.5e11)
    values = np.random.default_rng(0).gamma(2.0, 100.0, ON_DISK.shape).astype(np.float32)
    field, brightness = (
        reproject_disk(disk_of(values, band), opposite, THEN).image for band in ("LOS", "171")
    )
    np.testing.assert_array_equal(field[ON_DISK], 0)
    np.testing.assert_allclose(brightness[ON_DISK], np.median(values[ON_DISK]), rtol=1e-4)


def test_part_of_the_view_is_unseen_after_a_rotation() -> None:
    rotated = reproject_disk(disk_of(np.full(ON_DISK.shape, 100.0)), EARTH, THEN + 4 * u.day)
    tropics = slice(64, 192)
    east, west = (
        rotated.image[tropics, half][ON_DISK[tropics, half]]
        for half in (slice(128), slice(128, 256))
    )
    assert (east == 0).mean() > 0.3
    assert not (west == 0).any()


def test_the_same_view_is_the_same_disk() -> None:
    disk = disk_of(np.ones(ON_DISK.shape))
    assert reproject_disk(disk, EARTH, THEN) is disk
    assert reproject_disk(disk, EARTH, THEN + 20 * u.s) is disk
    assert reproject_disk(disk, EARTH, THEN + 2 * u.hour) is not disk


def test_a_rotated_disk_knows_its_view_and_its_origin() -> None:
    disk = disk_of(np.ones(ON_DISK.shape))
    rotated = reproject_disk(disk, STEREO, NOW)
    assert disk.view == View(EARTH, THEN)
    assert rotated.view == View(STEREO, NOW)
    assert rotated.origin is disk.origin


def test_a_disk_is_never_rotated_twice() -> None:
    rotated = reproject_disk(disk_of(np.ones(ON_DISK.shape)), STEREO, NOW)
    assert reproject_disk(rotated, STEREO, NOW) is rotated
    with pytest.raises(ValueError, match="got a disk rotated to 2024-06-06"):
        reproject_disk(rotated, EARTH, NOW)


def test_persistence_of_a_rotated_magnetogram_is_that_magnetogram() -> None:
    disk = disk_of(np.random.default_rng(1).normal(0, 50, ON_DISK.shape))
    rotated = reproject_disk(disk, STEREO, NOW)
    assert persistence(rotated, STEREO, NOW) is rotated.image
    np.testing.assert_array_equal(persistence(disk, STEREO, NOW), rotated.image)


def test_off_the_disk_there_is_no_value_whatever_stood_there() -> None:
    image = np.random.default_rng(2).gamma(2.0, 1.0, ON_DISK.shape).astype(np.float32)
    disk = disk_of(image, "193")
    stored = Disk(np.where(ON_DISK, image, np.float32(0)), GRID, disk.origin)
    one, other = (reproject_disk(each, STEREO, NOW).image for each in (disk, stored))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(np.isfinite(one), ON_DISK)


def test_a_damaged_pixel_is_not_hidden() -> None:
    image = np.ones(ON_DISK.shape)
    image[128, 100:110] = np.nan
    assert not np.isfinite(
        reproject_disk(disk_of(image), EARTH, THEN + 1 * u.day).image[ON_DISK]
    ).all()


def test_disks_of_different_times_are_reprojected_each_from_its_own() -> None:
    field, mu = seen(waves, EARTH, THEN)
    image = 1000 * field * mu
    disks = [
        disk_of(image),
        disk_of(image, time=THEN + 12 * u.s),
        disk_of(image, time=THEN + 1 * u.day),
        disk_of(image, time=NOW),
    ]
    together = reproject_disks(disks, EARTH, NOW)
    for disk, rotated in zip(disks, together, strict=True):
        alone = reproject_disk(disk, EARTH, NOW).image
        # A pixel on the border of what was seen may fall on either side.
        assert (np.abs(rotated.image - alone)[ON_DISK] > 1).sum() < 5
    assert np.abs(together[0].image - together[2].image)[ON_DISK].max() > 100
    assert together[3] is disks[3]


def test_least_mu_separates_seen_from_unseen() -> None:
    rotated = reproject_disk(
        disk_of(np.full(ON_DISK.shape, 100.0), "304"), EARTH, THEN + 6 * u.hour
    )
    np.testing.assert_allclose(rotated.image[ON_DISK], 100)
    field = reproject_disk(disk_of(np.full(ON_DISK.shape, 100.0)), EARTH, THEN + 6 * u.hour)
    assert np.nanmax(field.image) <= 100 / LEAST_MU
