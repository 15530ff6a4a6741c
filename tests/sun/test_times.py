import pytest

from farside.sun.times import format_duration, parse_time


@pytest.mark.parametrize(
    ("text", "isot"),
    [
        ("2026-11-01T00:00:00", "2026-11-01T00:00:00.000"),
        ("2026-11-01T06:30Z", "2026-11-01T06:30:00.000"),
        ("2026-11-01", "2026-11-01T00:00:00.000"),
        ("2016-12-31T23:59:60", "2016-12-31T23:59:60.000"),
    ],
)
def test_a_time_is_utc(text: str, isot: str) -> None:
    found = parse_time(text)
    assert (found.isot, found.scale) == (isot, "utc")


@pytest.mark.parametrize("text", ["", "yesterday", "J2000", "01.11.2026", "2026-13-01", "2026"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is not a time; expected e.g. 2026-11-01"):
        parse_time(text)


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0.25, "0.2 h"), (48.12, "48.1 h"), (72, "72 h"), (-3, "-3 h"), (118557.0, "4939.9 d")],
)
def test_long_durations_are_in_days(hours: float, text: str) -> None:
    assert format_duration(hours) == text
