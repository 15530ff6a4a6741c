from datetime import UTC, datetime, timedelta

from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from farside.archive.times import isoformat, parse_datetime, slot_of, to_datetime

MOMENTS = st.datetimes(datetime(2006, 10, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


@given(MOMENTS, st.sampled_from([1, 12, 60, 720, 1440]))
def test_a_slot_is_the_nearest_part_of_the_day(moment: datetime, minutes: int) -> None:
    cadence = timedelta(minutes=minutes)
    slot = slot_of(moment, cadence)
    assert -cadence / 2 <= moment - slot < cadence / 2
    midnight = slot.replace(hour=0, minute=0, second=0, microsecond=0)
    assert (slot - midnight) % cadence == timedelta()


def test_the_last_second_of_a_day_belongs_to_the_next_midnight() -> None:
    slot = slot_of(datetime(2026, 2, 13, 23, 59, 59, tzinfo=UTC), timedelta(hours=1))
    assert slot == datetime(2026, 2, 14, tzinfo=UTC)


@given(MOMENTS)
def test_what_is_written_reads_back_to_the_millisecond(moment: datetime) -> None:
    assert moment - parse_datetime(isoformat(moment)) < timedelta(milliseconds=1)


def test_a_leap_second_counts_as_the_one_before() -> None:
    leap = Time("2016-12-31T23:59:60.5", scale="utc")
    assert isoformat(to_datetime(leap)) == "2016-12-31T23:59:59.500"
