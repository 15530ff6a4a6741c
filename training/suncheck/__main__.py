"""``python -m training.suncheck``: compare the simulated with the real Sun.

Real images and maps are measured if present; otherwise values measured on them before are used.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path

from astropy.time import Time

from farside.simulation import VERSION
from training.suncheck.light import measured
from training.suncheck.page import light_table, persistence_table
from training.suncheck.persistence import persisted, quiet_oracles, real_maps, simulated_maps
from training.suncheck.pictures import STAND_INS, RealImages, real_sets, twin

MINIMUM_FROM, MINIMUM_UNTIL = "2018-06-01", "2021-01-01"

STARTS = ("2022-03-01", "2022-09-01", "2023-03-01")
"""Starts of the simulated maps: within the time span of GONG's."""


def page(real_sun: Path, suns: int) -> str:
    """Format the page as Markdown."""
    sets = real_sets(real_sun / "sets") or list(STAND_INS)
    active: list[RealImages] = []
    quiet: list[RealImages] = []
    for each in sets:
        at_minimum = MINIMUM_FROM < each.picture.time.isot < MINIMUM_UNTIL
        (quiet if at_minimum else active).append(each)
    parts = [HEAD.format(version=VERSION, suns=suns)]
    for title, chosen in (("Active years", active), ("Minimum", quiet)):
        real = [measured(each.picture) for each in chosen if each.picture.light]
        simulated = [
            measured(twin(each, 900 + seed)) for each, seed in product(chosen, range(suns))
        ]
        dates = ", ".join(each.picture.time.isot[:10] for each in chosen)
        parts += [f"## {title}\n\nDates: {dates}.", light_table(real, simulated)]
    runs = real_maps(real_sun / "wind" / "gong")
    maps = [
        persisted([simulated_maps(910 + number, Time(start), 2)])
        for number, start in product(range(suns), STARTS)
    ]
    parts += [PERSISTENCE, persistence_table(persisted(runs) if runs else None, maps)]
    parts += [ORACLE, quiet_oracles(range(920, 920 + suns))]
    return "\n\n".join(parts) + "\n"


HEAD = """# The simulated Sun beside the real one

Version {version} of the simulation, {suns} suns to a date; made by `make sun-check`. Real are AIA
304, 193 and 171 Å with HMI at one time, seven dates, recovered from figures of 8 bits and read from
`../shared/data/realsun/sets` where that is (its README has sources, licences and limits); without
it the table has what was measured there. Each simulated picture has the date, the pixels, the
clipping and the averaging of a real one, and both are measured by the same code
(`training/suncheck/light.py`) on a disk of 240 px. Two of the real dates have single native pixels
of AIA, the others means.

Measures: percentiles over the median within 0.8 radii; medians of rings over that of the inner
tenth of the disk; correlation of ln I with ln (|B| + 1 G) in means of 1, 4 and 8 px within 0.9
radii; scatter of ln I where 4 px have less than 8 G in blocks of 16 px; slope of the power of ln I
and its share in fine structure; coherence of direction by the structure tensor over 4 px; and the
shape of regions of more than 15 G in 5 px, weighted by area."""

PERSISTENCE = """## The field a rotation later

Synoptic maps of one rotation and the next, 180 rows of sin(latitude) by 360 columns, within 60° of
the equator, in means of 1, 5 and 9 px. Real: GONG's `mrzqs` maps, 22 pairs of 2022 and 2023.
Simulated: maps made the same way, of the same years."""

ORACLE = """## What can be known of the quiet Sun

Correlation at one degree where the mean absolute field over 11° is below 9 G. *Persistence*: the
field some days before, carried by differential rotation. *Oracle*: the absolute field of now with
the sign of that older field smoothed over 2°: as much as perfect light and that reference can give.
The AISFM 3.0 paper has 0.70 in its quiet regions of the real Sun, with references of up to 27 days;
version 2 of this simulation allowed 0.27."""


def main() -> None:
    """Run the command line: write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real-sun", type=Path, default=Path("../shared/data/realsun"))
    parser.add_argument("--suns", type=int, default=3, help="suns per date (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("docs/sun-check.md"))
    arguments = parser.parse_args()
    arguments.out.write_text(page(arguments.real_sun, arguments.suns), encoding="utf-8")


if __name__ == "__main__":
    main()
