"""Regions followed: what counts, what is passed over, and the flux against the simulated Sun."""

from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.errors import RegionNotSeenError
from farside.magnetogram.magnetogram import ModelProvenance
from farside.quality import Quality
from farside.simulation.grid import COARSE
from farside.simulation.instruments.camera import Detector, line_of_sight_field, trace_shell
from farside.simulation.instruments.registered import noise_gauss
from farside.simulation.scene import stereo
from farside.simulation.sun import SimulatedSun, Surface
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid
from farside.sun.grid import Grid
from farside.sun.heliographic import differential_rotation_deg_per_day
from farside.sun.observer import SOLAR_RADIUS_M, Observer, View, earth
from farside.synchronic.disk import MapDisk
from farside.synchronic.map import FluxBalance, MapSource, SynchronicMap
from farside.tracking.inputs import NamedMap, Skipped
from farside.tracking.track import TrackedRegion, TrackSettings, track_region
from tests.support.bipoles import (
    GRID,
    LATITUDE,
    LONGITUDE,
    MODEL,
    TIME,
    bipole,
    disk,
    image_of,
    observer_at,
    pole_flux_mx,
    view_of,
)

REGION = TrackedRegion("NOAA 1", LONGITUDE, LATITUDE, TIME)


def days_later(days: float) -> Time:
    return TIME + days * u.day


def test_points_come_in_the_order_of_time_whatever_the_files_did() -> None:
    given = [disk(10 * n, days_later(n), f"{n}.fits") for n in (2, 0, 1)]
    names = [point.image_source.name for point in track_region(REGION, given).points]
    assert names == ["0.fits", "1.fits", "2.fits"]


def test_of_two_of_the_same_the_better_counts_and_the_other_is_reported() -> None:
    worse = disk(0, name="nrt.fits", quality=Quality.NEAR_REAL_TIME)
    track = track_region(REGION, [worse, disk(0, name="definitive.fits")])
    assert [point.image_source.name for point in track.points] == ["definitive.fits"]
    assert track.skipped == (Skipped("nrt.fits", "shows the same as definitive.fits"),)


def test_observed_and_generated_at_one_time_are_two_points() -> None:
    given = [disk(40), disk(-40, instrument="STEREO_A", generator=MODEL)]
    track = track_region(REGION, given)
    assert [point.image_source.kind for point in track.points] == ["observed", "generated"]
    assert not track.skipped


def test_a_view_from_which_it_is_not_seen_is_skipped_with_the_reason() -> None:
    track = track_region(REGION, [disk(0), disk(75, days_later(1), "late.fits")])
    (skipped,) = track.skipped
    assert skipped.name == "late.fits"
    assert "from disk centre of HMI at 2024-06-02T00:00:00, expected at most 60°" in skipped.reason


def test_seen_nowhere_is_an_error_that_names_each_file() -> None:
    with pytest.raises(RegionNotSeenError, match=r"none of 2 files.*a\.fits.*b\.fits: unread"):
        track_region(REGION, [disk(180), Skipped("b.fits", "unread")])


def test_the_limit_is_the_distance_from_disk_centre() -> None:
    wide = TrackSettings(within_deg=80)
    assert track_region(REGION, [disk(70)], wide).points[0].meridian_deg == pytest.approx(
        70, abs=0.1
    )
    with pytest.raises(RegionNotSeenError):
        track_region(REGION, [disk(56)])  # 23° of latitude besides


def test_a_position_seen_from_earth_becomes_carrington() -> None:
    observer = observer_at(-12.0)
    region = TrackedRegion.seen_from(observer, "NOAA 2", -12.0, LATITUDE, TIME)
    assert region.longitude_deg == pytest.approx(LONGITUDE, abs=0.01)


def test_at_the_carrington_rate_the_frame_stays() -> None:
    assert REGION.longitude_at(days_later(27), "carrington") == LONGITUDE


def test_by_differential_rotation_the_frame_goes_with_the_field() -> None:
    time = days_later(20)
    moved = float(LONGITUDE + 20 * differential_rotation_deg_per_day(np.array(LATITUDE)))
    view = view_of(0, time)
    given = MapDisk(image_of(view, lon_deg=moved), GRID, view, "HMI")
    narrow = TrackSettings(size_deg=14, rotation="differential")
    (point,) = track_region(REGION, [given], narrow).points
    assert point.cut.frame.longitude_deg == pytest.approx(moved)
    middle = np.abs(point.cut.field_gauss).sum(axis=0) @ np.arange(28)
    assert middle / np.abs(point.cut.field_gauss).sum() == pytest.approx(13.5, abs=0.1)


def test_weak_cells_carry_no_flux() -> None:
    whole, strong = (
        track_region(REGION, [disk(0)], TrackSettings(threshold_gauss=each)).points[0]
        for each in (0, 100)
    )
    # Of a Gaussian, the part above a quarter of its height holds three quarters.
    assert strong.unsigned_flux_mx == pytest.approx(0.75 * whole.unsigned_flux_mx, rel=0.05)


def test_sigma_of_hmi_is_the_scatter_that_its_noise_gives_the_net_flux() -> None:
    observer, rng = observer_at(40), np.random.default_rng(1)
    detector = Detector.of_grid(GRID, observer)
    view = View(observer, TIME)
    points = [
        track_region(
            REGION,
            [MapDisk(noise_gauss(detector, rng), GRID, view, "HMI")],
            TrackSettings(cell_deg=2.0),
        ).points[0]
        for _ in range(100)
    ]
    scatter = np.std([point.net_flux_mx for point in points])
    assert points[0].sigma_mx == pytest.approx(scatter, rel=0.25)


def test_a_generated_field_errs_as_its_model_says() -> None:
    sigma = np.full((256, 256), 8, np.float32)
    given = replace(disk(0, generator=MODEL), sigma=sigma)
    (whole,) = track_region(REGION, [given]).points
    # One error for the whole frame, where nothing else is known; 1 / μ besides.
    assert whole.sigma_mx == pytest.approx(8 * whole.cut.area_cm2, rel=0.2)
    apart = replace(given, generator=replace(MODEL, correlation_length_deg=1.0))
    (part,) = track_region(REGION, [apart]).points
    assert part.sigma_mx == pytest.approx(whole.sigma_mx * np.sqrt(2 * np.pi) / 20, rel=0.05)


def test_without_sigma_the_error_is_not_known() -> None:
    (point,) = track_region(REGION, [disk(0, generator=MODEL)]).points
    assert np.isnan(point.sigma_mx)


def synchronic(kind_at_region: int) -> SynchronicMap:
    grid = CarringtonGrid()
    sources = (
        MapSource("base", "NSO-GONG", "gong.fits", "", TIME),
        MapSource("observed", "SDO HMI", "hmi.fits", "", TIME, observer_at(0)),
        MapSource("generated", "STEREO_A", "far.fits", "", TIME, observer_at(30), generator=MODEL),
    )
    return SynchronicMap(
        field_gauss=bipole(*np.meshgrid(grid.longitude_deg, grid.latitude_deg)),
        grid=grid,
        time=TIME,
        source=np.full(grid.shape, kind_at_region, np.uint8),
        age_days=np.zeros(grid.shape),
        sigma_gauss=np.full(grid.shape, 5.0),
        correlation_length_deg=2.0,
        sources=sources,
        balance=FluxBalance(0.0, 0.0),
        quality=Quality.GOOD,
    )


def test_a_map_gives_a_point_of_the_source_that_shows_the_region() -> None:
    (point,) = track_region(REGION, [NamedMap("map.fits", synchronic(2))]).points
    assert (point.image_source.kind, point.image_source.model) == ("generated", "pix2pixcc 1")
    assert point.meridian_deg == pytest.approx(30, abs=0.1)
    # One degree smooths the poles against each other, by little at 8° apart.
    assert point.unsigned_flux_mx == pytest.approx(2 * pole_flux_mx(), rel=0.02)


def test_a_map_that_has_the_region_from_its_base_gives_no_point() -> None:
    with pytest.raises(RegionNotSeenError, match="base map, NSO-GONG"):
        track_region(REGION, [NamedMap("map.fits", synchronic(0))])


@pytest.fixture(scope="module")
def sun() -> SimulatedSun:
    return SimulatedSun(11)


def test_on_the_simulated_sun_the_curve_is_that_of_the_true_flux(sun: SimulatedSun) -> None:
    start = Time("2014-03-01T00:00:00.000", scale="utc")
    born = max(sun.regions(start), key=lambda region: region.flux_mx)
    region = TrackedRegion("largest", born.longitude_deg, born.latitude_deg, start)
    given, truth = [], {}
    for days in range(0, 16, 3):
        time = start + days * u.day
        surface = sun.at(time, COARSE)
        truth[time.isot] = true_flux_mx(surface, region)
        given += [
            seen(surface, earth(time), "HMI"),
            seen(surface, stereo(time, 120), "STEREO_A", MODEL),
            seen(surface, stereo(time, -120), "STEREO_B", MODEL),
        ]
    track = track_region(region, given, TrackSettings(cell_deg=1.0, threshold_gauss=15.0))
    assert len(track.points) >= 5
    assert len({point.image_source.instrument for point in track.points}) >= 2
    for point in track.points:
        assert point.unsigned_flux_mx == pytest.approx(truth[point.time.isot], rel=0.08)


def seen(
    surface: Surface, observer: Observer, instrument: str, generator: ModelProvenance | None = None
) -> MapDisk:
    """The disk with HMI's noise."""
    grid = Grid(512, 225.0)
    detector = Detector.of_grid(grid, observer)
    image = line_of_sight_field(surface.radial_field, trace_shell(detector, observer, surface.time))
    image += noise_gauss(detector, np.random.default_rng(0))
    view = View(observer, surface.time)
    return MapDisk(image, grid, view, instrument, generator=generator)


def true_flux_mx(surface: Surface, region: TrackedRegion) -> float:
    """Σ |B_r| A over the whole sphere's cells of one degree, 20° square about the region."""
    lattice = surface.lattice
    lon, lat = np.meshgrid(lattice.longitude_deg, lattice.latitude_deg)
    flux = surface.radial_field * lattice.cell_cm2
    half = 10 / np.cos(np.radians(region.latitude_deg))
    west = wrap_deg(lon - region.longitude_deg)
    south, north = (np.sin(np.radians(region.latitude_deg + each)) for each in (-10, 10))
    edges = [
        np.linspace(-half, half, 21),
        np.linspace(south, north, 21),
    ]
    places = west.ravel(), np.sin(np.radians(lat)).ravel()
    cells, _, _ = np.histogram2d(*places, bins=edges, weights=flux.ravel().astype(np.float64))
    area_cm2 = np.radians(edges[0][1] - edges[0][0]) * (edges[1][1] - edges[1][0])
    area_cm2 *= (100 * SOLAR_RADIUS_M) ** 2
    return float(np.abs(cells[np.abs(cells) >= 15.0 * area_cm2]).sum())
