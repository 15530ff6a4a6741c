"""Solar cycles, and Hale's law: the leading polarity reverses from cycle to cycle."""

from __future__ import annotations

from bisect import bisect_right

from astropy.time import Time

CYCLE_STARTS = {
    1: "1755-02-01",
    2: "1766-06-01",
    3: "1775-06-01",
    4: "1784-09-01",
    5: "1798-04-01",
    6: "1810-07-01",
    7: "1823-05-01",
    8: "1833-11-01",
    9: "1843-07-01",
    10: "1855-12-01",
    11: "1867-03-01",
    12: "1878-12-01",
    13: "1890-03-01",
    14: "1902-01-01",
    15: "1913-07-01",
    16: "1923-08-01",
    17: "1933-09-01",
    18: "1944-02-01",
    19: "1954-04-01",
    20: "1964-10-01",
    21: "1976-03-01",
    22: "1986-09-01",
    23: "1996-08-01",
    24: "2008-12-01",
    25: "2019-12-01",
    26: "2030-12-01",
}
"""Start of each cycle: minimum of the 13-month smoothed sunspot number (SILSO); cycle 26 predicted.

Polarities were first measured in cycle 14 (Hale 1908, ApJ 28, 315); earlier ones follow by
counting, and are reversed before 1793 if a cycle was lost there (Usoskin et al. 2009, ApJ 700,
L154).
"""

_MINIMA = [(date, cycle) for cycle, date in CYCLE_STARTS.items()]


def cycle_of(time: Time) -> int:
    """Number of the solar cycle at `time`, limited to the cycles of :data:`CYCLE_STARTS`.

    Before 1755 it is 1, which carries no information: earlier cycles are not numbered.
    """
    index = bisect_right(_MINIMA, (time.isot[:10], 1000)) - 1
    return _MINIMA[max(index, 0)][1]


def leading_sign(time: Time) -> int:
    """Sign of the leading polarity in the northern hemisphere (Hale's law): -1 in even cycles.

    Hale & Nicholson (1925, ApJ 62, 270). Around a minimum, when regions of both cycles emerge, it
    is the sign of the new cycle.
    """
    return -1 if cycle_of(time) % 2 == 0 else 1
