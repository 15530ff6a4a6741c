"""Hale's law: the leading polarity of each hemisphere reverses from cycle to cycle."""

from __future__ import annotations

from bisect import bisect_right

from astropy.time import Time

CYCLE_BEGINS = {
    21: "1976-03-01",
    22: "1986-09-01",
    23: "1996-08-01",
    24: "2008-12-01",
    25: "2019-12-01",
    26: "2030-12-01",
}
"""Minima of the 13-month smoothed sunspot number (SILSO); that before cycle 26 is a guess."""

_MINIMA = [(date, cycle) for cycle, date in CYCLE_BEGINS.items()]


def cycle_of(time: Time) -> int:
    """Number of the solar cycle; the first or last known one outside of all."""
    index = bisect_right(_MINIMA, (time.isot[:10], 1000)) - 1
    return _MINIMA[max(index, 0)][1]


def leading_sign(time: Time) -> int:
    """Sign of the leading polarity of the northern hemisphere: negative in even cycles.

    Hale & Nicholson (1925, ApJ 62, 270). About a minimum regions of both cycles emerge; the sign
    is that of the cycle which begins.
    """
    return -1 if cycle_of(time) % 2 == 0 else 1
