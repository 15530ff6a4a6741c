"""Tables of the page that compares the simulated with the real Sun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Measures = Mapping[str, float]

BAR = "\\|"
"""Escaped bar for Markdown tables."""

PUBLISHED: Mapping[str, str] = {
    "304 10 % / median": "0.47 to 0.63",
    "304 95 % / median": "2.2 to 3.1",
    "304 99 % / median": "4.7 to 6.2",
    "304 99.9 % / median": "5.6 to 11.8",
    "304 log I, log |B| at 1 px": "0.47 to 0.68",
    "304 log I, log |B| at 4 px": "0.68 to 0.79",
    "304 log I, log |B| at 8 px": "0.71 to 0.84",
    "193 log I, log |B| at 1 px": "0.27 to 0.48",
    "193 log I, log |B| at 4 px": "0.46 to 0.62",
    "193 log I, log |B| at 8 px": "0.54 to 0.70",
    "171 log I, log |B| at 1 px": "0.35 to 0.55",
    "171 log I, log |B| at 4 px": "0.54 to 0.67",
    "171 log I, log |B| at 8 px": "0.58 to 0.72",
    "304 scatter of ln I, quiet": "0.29 to 0.47",
}
"""Values of this module for seven sets of AIA and HMI pictures of 2012 to 2024, used if the
pictures are not present."""

PUBLISHED_PERSISTENCE: Mapping[str, float] = {
    "signed, 1 px": 0.10,
    "signed, 5 px": 0.20,
    "signed, 9 px": 0.32,
    "unsigned, 1 px": 0.17,
    "unsigned, 5 px": 0.31,
    "unsigned, 9 px": 0.42,
    "sign kept above 15 G": 0.75,
}
"""Values for 22 pairs of GONG's synoptic maps (mrzqs), February 2022 to November 2023."""


def light_table(real: Sequence[Measures], simulated: Sequence[Measures]) -> str:
    """Table of every measure: range on real dates, mean and scatter of simulated suns."""
    rows = ["| measure | real | simulated, mean (scatter) |", "|---|---|---|"]
    for key in dict.fromkeys(key for each in simulated for key in each):
        found = np.array([each[key] for each in simulated if np.isfinite(each.get(key, np.nan))])
        if found.size:
            ours = f"{found.mean():.2f} ({found.std():.2f})"
            rows.append(f"| {key.replace('|', BAR)} | {_range(key, real)} | {ours} |")
    return "\n".join(rows)


def _range(key: str, real: Sequence[Measures]) -> str:
    found = [each[key] for each in real if np.isfinite(each.get(key, np.nan))]
    if not found:
        return PUBLISHED.get(key, "")
    return f"{min(found):.2f} to {max(found):.2f}" if len(found) > 1 else f"{found[0]:.2f}"


def persistence_table(real: Measures | None, simulated: Sequence[Measures]) -> str:
    """Table of maps a rotation apart: GONG's, and mean and scatter of simulated ones."""
    rows = ["| one rotation later | real | simulated, mean (scatter) |", "|---|---|---|"]
    for key in simulated[0]:
        theirs = (real or PUBLISHED_PERSISTENCE).get(key)
        found = np.array([each[key] for each in simulated])
        shown = "" if theirs is None else f"{theirs:.2f}"
        rows.append(f"| {key} | {shown} | {found.mean():.2f} ({found.std():.2f}) |")
    return "\n".join(rows)
