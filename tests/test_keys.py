"""API keys and their lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farside.keys import ENDPOINTS, PREFIX, ApiKey, digest_of, make_key

NUMBERS = st.none() | st.integers(1, 999_999)
WORDS = st.lists(st.sampled_from(ENDPOINTS), max_size=3).map(tuple)


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,31}", fullmatch=True), NUMBERS, NUMBERS, WORDS)
def test_a_line_says_all_of_a_key(
    name: str, per_minute: int | None, places: int | None, only: tuple[str, ...]
) -> None:
    key, known = make_key(name, per_minute, places, only)
    assert ApiKey.parse(known.line()) == known
    assert (known.name, known.per_minute, known.places, known.only) == (
        name,
        per_minute,
        places,
        only,
    )
    assert known.digest == digest_of(key)
    assert key not in known.line()


def test_no_key_is_made_twice_and_each_is_known_by_its_beginning() -> None:
    keys = {make_key("a")[0] for _ in range(100)}
    assert len(keys) == 100
    assert all(key.startswith(PREFIX) and len(key) == len(PREFIX) + 43 for key in keys)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "name",
        "sha256:" + 64 * "0",
        "name sha256:" + 63 * "0",
        "name sha256:" + 64 * "0" + " places=0",
        "name sha256:" + 64 * "0" + " rate=1",
        "two words sha256:" + 64 * "0",
        "name secret",
    ],
)
def test_another_text_is_refused_and_not_repeated(line: str) -> None:
    with pytest.raises(ValueError, match="expected NAME sha256:HASH") as refused:
        ApiKey.parse(line)
    assert not line or line not in str(refused.value)


@pytest.mark.parametrize("name", ["", "a b", "a;b", "ä", 33 * "a", "1.2.3.4"])
def test_a_name_that_does_not_fit_a_line_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected NAME"):
        make_key(name)
