"""Grouping, on files that are but a line of the index each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from farside.archive.index import Arrival
from farside.archive.sets import (
    FileSet,
    TimeIndex,
    file_sets,
    nearest_hmi,
    nearest_map,
    of_instrument,
)
from farside.quality import Quality
from tests.support.tiny_recipe import flexible_recipe, recipe

NOON = datetime(2026, 2, 14, 12, tzinfo=UTC)
LONGITUDE_DEG = 120.0
EPOCH = NOON - timedelta(days=LONGITUDE_DEG * 27.3 / 360)
HOUR = timedelta(hours=1)
OBSERVED = ("304", "195", "171")


def image(
    instrument: str,
    band: str,
    time: datetime,
    quality: Quality = Quality.GOOD,
    longitude_deg: float = LONGITUDE_DEG,
) -> Arrival:
    path = f"/in/{instrument} {band} {time} {quality} {longitude_deg}"
    return Arrival(path, "", path, instrument, band, time, longitude_deg, quality)


def euvi(
    time: datetime = NOON, quality: Quality = Quality.GOOD, name: str = "EUVI-A"
) -> list[Arrival]:
    return [
        image(name, band, time + number * timedelta(seconds=15), quality)
        for number, band in enumerate(OBSERVED)
    ]


def sdo(time: datetime = EPOCH, quality: Quality = Quality.GOOD) -> list[Arrival]:
    bands = [("AIA", "304"), ("AIA", "193"), ("AIA", "171"), ("HMI", "LOS")]
    return [image(*each, time, quality, 0.0) for each in bands]


def sets(*arrivals: Sequence[Arrival]) -> list[FileSet]:
    return list(file_sets([each for some in arrivals for each in some], recipe(), HOUR))


def test_the_files_of_one_moment_are_one_set() -> None:
    (found,) = sets(sdo(), euvi())
    assert (found.spacecraft, found.slot, found.quality) == ("STEREO_A", NOON, Quality.GOOD)
    assert [each.band for each in found.observations] == ["304", "195", "171"]
    assert [each.band for each in found.references] == ["304", "193", "171", "LOS"]


DAY = [
    *euvi(),
    *euvi(NOON + 3 * HOUR, Quality.BEACON),
    *euvi(NOON + 3 * HOUR + timedelta(minutes=4)),
    *euvi(NOON + timedelta(minutes=10)),
    *euvi(name="EUVI-B"),
    *sdo(EPOCH + 2 * HOUR),
    *sdo(EPOCH - HOUR, Quality.NEAR_REAL_TIME),
]


@given(st.permutations(DAY))
def test_the_order_of_arrival_changes_nothing(arrivals: list[Arrival]) -> None:
    assert sets(arrivals) == sets(DAY)
    assert [(each.spacecraft, each.slot) for each in sets(arrivals)] == [
        ("STEREO_A", NOON), ("STEREO_B", NOON), ("STEREO_A", NOON + 3 * HOUR)
    ]  # fmt: skip


def test_a_band_too_few_is_no_set() -> None:
    assert sets(sdo(), euvi()[:2]) == []
    assert sets(sdo()[1:], euvi()) == []


def test_spacecraft_are_not_mixed() -> None:
    assert sets(sdo(), euvi()[:2], euvi(name="EUVI-B")[2:]) == []


def test_aia_is_a_reference_and_no_observation_also_where_the_recipe_takes_it_as_one() -> None:
    known = recipe()
    both = (
        channel.model_copy(update={"accepts": (*channel.accepts, f"AIA {band}")})
        for channel, band in zip(known.channels[:3], ("304", "193", "171"), strict=True)
    )
    taking = known.model_copy(update={"channels": (*both, *known.channels[3:])})
    found = list(file_sets([*euvi(), *sdo(), *sdo(NOON)], taking, HOUR))
    assert [each.spacecraft for each in found] == ["STEREO_A"]


def test_images_further_apart_than_the_recipe_allows_are_no_set() -> None:
    late = image("EUVI-A", "171", NOON + timedelta(minutes=59))
    later = image("EUVI-A", "171", NOON + timedelta(minutes=61))
    assert len(sets(sdo(), euvi()[:2], [late])) == 1
    assert sets(sdo(), euvi()[:2], [later]) == []


def test_no_two_of_a_set_are_further_apart_though_both_are_near_the_first() -> None:
    before = image("EUVI-A", "195", NOON - timedelta(minutes=40))
    after = image("EUVI-A", "171", NOON + timedelta(minutes=40))
    assert sets(sdo(), euvi()[:1], [before, after]) == []


def test_a_set_around_midnight_is_not_cut() -> None:
    midnight = NOON + 12 * HOUR
    (found,) = sets(sdo(EPOCH + 12 * HOUR), euvi(midnight - timedelta(seconds=15)))
    assert found.slot == midnight


def test_of_two_of_one_moment_the_science_file_is_taken() -> None:
    beacon, science = euvi(quality=Quality.BEACON), euvi(NOON + timedelta(minutes=2))
    (found,) = sets(sdo(), beacon, science)
    assert set(found.observations) == set(science)


def test_science_files_of_some_bands_do_not_change_that_the_set_is_beacon() -> None:
    (found,) = sets(sdo(), euvi(quality=Quality.BEACON), euvi()[:1])
    assert found.quality == Quality.BEACON


def test_the_reference_is_the_nearest_to_eq_5() -> None:
    near = sdo(EPOCH - 2 * HOUR)
    (found,) = sets(euvi(), sdo(EPOCH + 4 * HOUR), near, sdo(EPOCH - 5 * HOUR), sdo(NOON))
    assert set(found.references) == set(near)


def test_definitive_references_go_before_nearer_provisional_ones() -> None:
    definitive = sdo(EPOCH + 4 * HOUR)
    (found,) = sets(euvi(), sdo(quality=Quality.NEAR_REAL_TIME), definitive)
    assert set(found.references) == set(definitive)


def test_an_old_reference_is_flagged_and_one_too_old_is_none() -> None:
    (found,) = sets(euvi(), sdo(EPOCH - 7 * HOUR))
    assert found.quality == Quality.OLD_REFERENCE
    assert sets(euvi(), sdo(EPOCH - 49 * HOUR)) == []


def flexible_set(*arrivals: Sequence[Arrival]) -> FileSet:
    (found,) = file_sets([each for some in arrivals for each in some], flexible_recipe(), HOUR)
    return found


def gong(time: datetime) -> Arrival:
    return image("MAP", "LOS", time, longitude_deg=0.0)


def test_of_optional_channels_the_set_with_the_most_is_taken() -> None:
    later = euvi(NOON + timedelta(minutes=20), Quality.BEACON)
    found = flexible_set(sdo(), euvi()[1:2], later)
    assert [each.band for each in found.observations] == ["304", "195", "171"]
    assert found.missing == 0
    alone = flexible_set(sdo(), euvi()[2:])
    assert [each.band for each in alone.observations] == ["171"]
    assert (alone.missing, alone.quality) == (2, Quality.MISSING_CHANNEL)


def test_references_are_replaced_by_rule() -> None:
    field = sdo(EPOCH + 3 * HOUR)[-1:]
    elsewhere, far, near = sdo(EPOCH - 5 * HOUR), sdo(EPOCH - 40 * HOUR), [gong(NOON - 2 * HOUR)]
    maps = [*near, gong(NOON - 9 * HOUR)]
    whole = flexible_set(euvi(), field, elsewhere, far, maps)
    assert set(whole.references) == set(elsewhere)
    alone = flexible_set(euvi(), sdo(EPOCH + 3 * HOUR)[1:], far, maps)
    assert [each.band for each in alone.references] == ["193", "171", "LOS"]
    assert (alone.missing, alone.quality) == (1, Quality.MISSING_CHANNEL)
    rendered = flexible_set(euvi(), far, maps)
    assert list(rendered.references) == near
    assert rendered.quality == Quality.MISSING_CHANNEL | Quality.MAP_REFERENCE
    nothing = flexible_set(euvi(), far, [gong(NOON - 80 * HOUR)])
    assert (nothing.references, nothing.missing) == ((), 4)


def test_a_map_does_not_replace_a_reference_that_the_recipe_needs() -> None:
    assert sets(euvi(), [gong(NOON)]) == []
    assert nearest_map(NOON, TimeIndex([gong(NOON - HOUR), gong(NOON)])) == gong(NOON)


def test_the_disk_of_the_day_is_the_nearest_within_half_a_day() -> None:
    near, far = sdo(NOON + HOUR)[-1], sdo(NOON - 13 * HOUR)[-1]
    provisional = sdo(NOON + HOUR, Quality.NEAR_REAL_TIME)[-1]
    assert nearest_hmi(NOON, TimeIndex([far, provisional, near])) == near
    assert nearest_hmi(NOON, TimeIndex([far])) is None
    assert nearest_hmi(NOON, of_instrument(sdo(NOON)[:3], "HMI")) is None
