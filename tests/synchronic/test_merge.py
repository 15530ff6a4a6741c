"""One map from disks and a base map: what outranks what, what is refused, what degrades."""

from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.errors import (
    DuplicateChannelError,
    IncompleteSetError,
    SaturatingModelError,
    TimesApartError,
)
from farside.quality import Quality
from farside.sun.angles import wrap_deg
from farside.sun.carrington_grid import CarringtonGrid, Map
from farside.sun.carrington_rotation import SYNODIC_DAYS
from farside.sun.grid import Image
from farside.sun.heliographic import differential_rotation_deg_per_day, lines_of_sight, trace
from farside.synchronic.disk import MapDisk
from farside.synchronic.fill import EVOLUTION_GAUSS
from farside.synchronic.map import BaseMap, SynchronicMap
from farside.synchronic.merge import BASE_CORRELATION_DEG, balance_flux, synchronic
from farside.synchronic.weights import quality_factor
from tests.support.bipoles import GRID, LATITUDE, LONGITUDE, MODEL, TIME, disk, image_of, view_of

ONE_DEGREE = CarringtonGrid()
SKILLED = replace(MODEL, skill=0.6, correlation_length_deg=0.5)


def far(meridian_deg: float = -10.0, time: Time = TIME, name: str = "far.fits") -> MapDisk:
    return disk(meridian_deg, time, name, "STEREO_A", SKILLED)


def base(
    gauss: float = 3.0,
    time: Time = TIME,
    quality: Quality = Quality.GOOD,
    age_days: float = 0.0,
) -> BaseMap:
    field = gauss * np.sign(ONE_DEGREE.latitude_deg)[:, None] * np.ones(ONE_DEGREE.shape)
    age = np.full(ONE_DEGREE.shape, age_days)
    return BaseMap(field, ONE_DEGREE, time, "NSO-GONG", "gong.fits", "ab", age, quality=quality)


def scene(disk: MapDisk, scale: float, seed: int = 0) -> MapDisk:
    """A disk of noise that is the same on the surface wherever it is seen from."""
    points = trace(*lines_of_sight(GRID, disk.view.observer), disk.view.observer, disk.view.time)
    rng = np.random.default_rng(seed)
    waves = np.zeros(points.mu.shape)
    for _ in range(30):
        order, degree, phase = rng.integers(3, 20), rng.integers(3, 20), rng.uniform(0, 7)
        waves += np.cos(np.radians(order * points.longitude_deg) + phase) * np.cos(
            np.radians(degree * points.latitude_deg) + 2 * phase
        )
    field: Image = np.where(GRID.on_disk(), scale * waves * points.mu, np.nan).astype(np.float32)
    return replace(disk, image=field)


def place(made: SynchronicMap, sign: int) -> tuple[float, float]:
    """Where the flux of one polarity near the bipole lies."""
    east = wrap_deg(ONE_DEGREE.longitude_deg - LONGITUDE)
    field: Map = np.where(np.abs(east) < 20, np.maximum(sign * made.field_gauss - 5, 0), 0)
    field = np.where(np.abs(ONE_DEGREE.latitude_deg - LATITUDE)[:, None] < 15, field, 0)
    field = field / field.sum()
    return (
        LONGITUDE + float((field.sum(axis=0) * east).sum()),
        float((field.sum(axis=1) * ONE_DEGREE.latitude_deg).sum()),
    )


@pytest.mark.parametrize(
    ("disks", "hours"),
    [
        ([disk(20.0)], 0),
        ([far()], 0),
        ([disk(20.0), far(-40.0, TIME - 6 * u.hour)], 0),
        ([disk(30.0, TIME + 6 * u.hour), far(-30.0)], 6),
        ([far(0.0, TIME - 60 * u.hour)], 0),
    ],
)
def test_an_active_region_lands_within_half_a_degree(disks: list[MapDisk], hours: float) -> None:
    """Each disk shows the region where it was then: at its own time it has drifted to there."""
    time = TIME + hours * u.hour
    rate = float(differential_rotation_deg_per_day(np.array(LATITUDE)))
    drifted = []
    for each in disks:
        days = float((each.view.time - TIME).to_value("day"))
        image = image_of(each.view, each.grid, LONGITUDE + rate * days)
        drifted.append(replace(each, image=image))
    made = synchronic(drifted, base(), time)
    for sign in (1, -1):
        longitude, latitude = place(made, sign)
        assert longitude == pytest.approx(LONGITUDE + 4 * sign + rate * hours / 24, abs=0.5)
        assert latitude == pytest.approx(LATITUDE, abs=0.5)


def test_every_plane_is_finite_and_every_pixel_knows_its_source() -> None:
    made = synchronic([disk(60.0), far(-60.0)], base(age_days=12.0), TIME)
    for plane in (made.field_gauss, made.age_days, made.sigma_gauss):
        assert np.isfinite(plane).all()
    assert (made.sigma_gauss >= 0).all()
    assert [source.kind for source in made.sources] == ["observed", "generated", "base"]
    assert made.source.max() < len(made.sources)
    shares = [made.share(kind) for kind in ("observed", "generated", "base")]
    assert min(shares) > 0.1


def test_an_observed_disk_outranks_a_generated_one_where_both_see_well() -> None:
    true, wrong = scene(disk(0.0), 20), scene(far(0.0), 20, seed=1)
    made = synchronic([true, wrong], base(), TIME)
    alone = synchronic([true], base(), TIME)
    near = np.abs(wrap_deg(ONE_DEGREE.longitude_deg - LONGITUDE)) < 30
    tropics = np.abs(ONE_DEGREE.latitude_deg) < 30
    inside = np.ix_(tropics, near)
    assert (made.provenance()[inside] == 1).all()
    rms = np.sqrt(((made.field_gauss - alone.field_gauss)[inside] ** 2).mean())
    assert rms < 0.1 * alone.field_gauss[inside].std()


def test_the_weight_is_the_skill_of_the_model_where_no_observed_disk_overlaps() -> None:
    made = synchronic([far()], base(), TIME)
    source = made.sources[0]
    assert source.overlap is None
    assert source.skill == 0.6
    assert source.weight == pytest.approx(quality_factor(0.6))


def test_a_score_above_the_skill_does_not_raise_the_weight_and_one_below_lowers_it() -> None:
    like, unlike = scene(far(0.0), 15), scene(far(0.0), 15, seed=1)
    good, bad = (
        synchronic([scene(disk(30.0), 20), each], base(), TIME).sources[1]
        for each in (like, unlike)
    )
    assert good.overlap is not None
    assert bad.overlap is not None
    assert good.overlap.correlation > 0.99
    assert good.overlap.slope == pytest.approx(0.75, abs=0.02)
    assert good.weight == pytest.approx(quality_factor(0.6))
    assert bad.weight < 0.2 * good.weight
    assert Quality.OVERLAP_LOW not in good.quality
    assert Quality.OVERLAP_LOW in bad.quality


def test_a_model_without_a_score_has_a_skill_of_a_half() -> None:
    unknown = replace(far(), generator=MODEL)
    assert synchronic([unknown], base(), TIME).sources[0].weight == pytest.approx(
        quality_factor(0.5)
    )


def test_the_net_flux_is_balanced_and_both_are_told() -> None:
    made = synchronic([disk(0.0)], base(), TIME)
    net = float((made.field_gauss * ONE_DEGREE.area).sum())
    assert made.balance.after_gauss == pytest.approx(net)
    assert abs(net) < 1e-9
    field = np.array([[4.0, 4.0], [-1.0, -1.0]])
    even, balance = balance_flux(field, CarringtonGrid(2, 2))
    np.testing.assert_allclose(even, [[2, 2], [-2, -2]])
    assert (balance.before_gauss, balance.after_gauss) == (1.5, 0)
    positive = np.ones((2, 2))
    assert balance_flux(positive, CarringtonGrid(2, 2))[0] is positive


def test_balancing_blows_no_field_up_beyond_tenfold() -> None:
    field = np.array([[1e4, 1e4], [1e4, -1e-9]])
    even, balance = balance_flux(field, CarringtonGrid(2, 2))
    assert np.abs(even).max() <= 1e5
    assert abs(even[1, 1]) == pytest.approx(1e-8)
    assert balance.after_gauss > 0


def test_a_large_imbalance_is_flagged() -> None:
    lopsided = replace(base(), field_gauss=base().field_gauss + 1.0)
    assert Quality.FLUX_IMBALANCE in synchronic([], lopsided, TIME).quality
    assert Quality.FLUX_IMBALANCE not in synchronic([], base(), TIME).quality


@pytest.mark.parametrize(
    ("observed", "made_up", "based", "flags"),
    [
        (1, 1, 1, Quality.GOOD),
        (1, 0, 1, Quality.NO_STEREO),
        (0, 1, 1, Quality.NO_OBSERVED),
        (0, 0, 1, Quality.NO_STEREO | Quality.NO_OBSERVED),
        (1, 1, 0, Quality.NO_BASE),
        (1, 0, 0, Quality.NO_STEREO | Quality.NO_BASE),
        (0, 1, 0, Quality.NO_OBSERVED | Quality.NO_BASE),
    ],
)
def test_a_missing_kind_of_input_is_flagged_and_the_map_is_complete(
    observed: int, made_up: int, based: int, flags: Quality
) -> None:
    disks = [scene(disk(60.0), 20)] * observed + [scene(far(-60.0), 20)] * made_up
    made = synchronic(disks, base(age_days=12.0) if based else None, TIME)
    missing = Quality.NO_STEREO | Quality.NO_OBSERVED | Quality.NO_BASE
    assert made.quality & missing == flags
    for plane in (made.field_gauss, made.age_days, made.sigma_gauss):
        assert np.isfinite(plane).all()
    assert (made.share("generated") > 0.1) == bool(made_up)
    assert (made.share("observed") > 0.1) == bool(observed)


def test_without_a_base_map_the_rest_is_the_mean_of_its_parallel_and_is_flagged() -> None:
    made = synchronic([scene(disk(0.0), 20)], None, TIME)
    assert Quality.NO_BASE in made.quality
    assert made.sources[-1].instrument == "NONE"
    unseen = made.source == len(made.sources) - 1
    assert 0.5 < unseen.mean() < 0.65
    row = unseen[90]
    assert np.ptp(made.field_gauss[90, row]) < 1e-9
    assert made.sigma_gauss[90, row].min() > 5


def test_with_nothing_but_a_base_map_it_is_rotated() -> None:
    given = replace(base(), field_gauss=np.roll(np.eye(180, 360) - np.eye(180, 360, 9), 3) * 50)
    made = synchronic([], given, TIME + 10 * u.day)
    assert made.share("base") == 1
    np.testing.assert_allclose(made.age_days, 10)
    rows = [30, 90, 150]
    moved = [
        wrap_deg(made.field_gauss[row].argmax() - given.field_gauss[row].argmax()) for row in rows
    ]
    expected = 10 * differential_rotation_deg_per_day(ONE_DEGREE.latitude_deg[rows])
    np.testing.assert_allclose(moved, expected, atol=1)


def test_two_disks_of_one_view_are_refused() -> None:
    for one in (disk(0.0), disk(100.0, generator=MODEL)):
        with pytest.raises(DuplicateChannelError, match="got two disks of one view"):
            synchronic([one, replace(one, name="copy.fits")])


def test_no_inputs_are_refused() -> None:
    with pytest.raises(IncompleteSetError, match="got no disk and no base map"):
        synchronic([])


@pytest.mark.parametrize(("days", "stale"), [(0.5, False), (3.5, True)])
def test_an_old_base_map_is_flagged(days: float, stale: bool) -> None:
    made = synchronic([disk(0.0)], base(time=TIME - days * u.day), TIME)
    assert (Quality.BASE_STALE in made.quality) == stale


def test_bits_of_the_inputs_reach_the_map() -> None:
    beacon = replace(disk(0.0), quality=Quality.BEACON)
    made = synchronic([beacon], base(quality=Quality.NEAR_REAL_TIME), TIME)
    assert made.quality >= Quality.BEACON | Quality.NEAR_REAL_TIME


def test_a_product_of_a_model_that_saturates_is_refused_unless_asked_for() -> None:
    saturating = replace(far(), generator=replace(SKILLED, saturation_gauss=1000.0))
    with pytest.raises(SaturatingModelError, match=r"far\.fits.*saturates at 1000 G"):
        synchronic([saturating], base(), TIME)
    synchronic([saturating], base(), TIME, allow_saturating=True)


@pytest.mark.parametrize("days", [4.0, -2.0])
def test_a_disk_too_far_in_time_is_refused_by_name(days: float) -> None:
    with pytest.raises(
        TimesApartError, match=r"HMI .*\(a\.fits\): its age .* expected -1 d to \+3"
    ):
        synchronic([disk(0.0, TIME - days * u.day)], base(), TIME)


@pytest.mark.parametrize("days", [61.0, -2.0])
def test_a_base_map_too_far_in_time_is_refused_by_name(days: float) -> None:
    with pytest.raises(TimesApartError, match=r"base map NSO-GONG .*\(gong\.fits\): its age"):
        synchronic([disk(0.0)], base(time=TIME - days * u.day), TIME)


def test_the_time_is_that_of_the_youngest_disk_unless_it_is_given() -> None:
    disks = [disk(0.0), far(time=TIME - 3 * u.hour)]
    assert synchronic(disks, base()).time == TIME
    assert synchronic([], base()).time == TIME
    assert synchronic(disks, base(), TIME + 1 * u.hour).time == TIME + 1 * u.hour


def test_age_is_that_of_what_is_seen() -> None:
    made = synchronic([disk(0.0, TIME - 12 * u.hour)], base(time=TIME - 2 * u.day), TIME)
    column = int(view_of(0.0).observer.carrington_longitude_deg(TIME))
    assert made.age_days[90, column] == pytest.approx(0.5, abs=0.3)
    assert made.age_days[90, (column + 180) % 360] == pytest.approx(2)


def day_by_day(days: int, far_sigma_gauss: float | None = None) -> list[SynchronicMap]:
    """Yesterday's map is today's base; the place of the bipole is central on the first day."""
    maps: list[SynchronicMap] = []
    for day in range(days):
        time, west_deg = TIME + day * u.day, 360 / SYNODIC_DAYS * day
        disks = [scene(disk(west_deg, time), 20)]
        if far_sigma_gauss is not None:
            sigma = np.full(GRID.on_disk().shape, far_sigma_gauss, np.float32)
            disks.append(replace(scene(far(west_deg + 180, time), 20, seed=1), sigma=sigma))
        maps.append(synchronic(disks, maps[-1].to_base_map() if maps else None, time))
    return maps


def test_a_map_that_is_based_on_the_one_before_it_ages_by_the_day_and_grows_less_certain() -> None:
    maps = day_by_day(16)
    here = 90, int(LONGITUDE)  # 105° west of the meridian on the eighth day, 198° on the last
    ages, sigmas, fields = (
        [float(plane[here]) for plane in planes]
        for planes in zip(
            *((made.age_days, made.sigma_gauss, made.field_gauss) for made in maps), strict=True
        )
    )
    assert ages[:4] == pytest.approx([0, 0, 0, 0], abs=0.25)
    assert 1 < ages[8] < 4
    np.testing.assert_allclose(np.diff(ages[8:]), 1, atol=0.02)
    assert (np.diff(sigmas[8:]) > 0).all()
    assert sigmas[-1] < 1.2 * np.hypot(EVOLUTION_GAUSS, max(np.abs(fields)))
    unseen = maps[15].age_days > 7
    rms = [float(np.sqrt((made.field_gauss[unseen] ** 2).mean())) for made in maps[-2:]]
    assert rms[1] == pytest.approx(rms[0], rel=0.02)


def test_a_disk_that_is_generated_each_day_does_not_make_the_map_surer_than_it_is() -> None:
    maps = day_by_day(8, far_sigma_gauss=60.0)
    for day, made in enumerate(maps[1:], 1):
        column = int(LONGITUDE - 180 - 360 / SYNODIC_DAYS * day) % 360
        near = np.ix_(np.arange(60, 120), np.arange(column - 20, column + 21) % 360)
        assert 55 < made.sigma_gauss[near].mean() < 90
        assert 0 < made.age_days[near].mean() < 2


def test_the_longest_correlation_length_stands_for_the_map() -> None:
    assert synchronic([far()], base(), TIME).correlation_length_deg == BASE_CORRELATION_DEG
    wide = replace(far(), generator=replace(SKILLED, correlation_length_deg=5.0))
    assert synchronic([wide], base(), TIME).correlation_length_deg == 5


def test_the_order_of_the_disks_does_not_matter() -> None:
    disks = [scene(disk(40.0), 20), scene(far(-40.0), 20)]
    one, other = (synchronic(each, base(), TIME) for each in (disks, disks[::-1]))
    np.testing.assert_allclose(one.field_gauss, other.field_gauss, atol=1e-9)


def test_poles_that_no_disk_sees_well_are_smooth() -> None:
    made = synchronic([scene(disk(0.0), 20)], None, TIME)
    cap = made.field_gauss[-1]
    assert np.abs(np.diff(cap)).max() < 0.1 * max(1.0, np.abs(cap).max())
