"""Drawings of the simulated Sun: accuracy of the limb fit, sunspot statistics, and run time.

``python -m benchmarks.drawings``; the spots are those of the visible hemisphere.
"""

from __future__ import annotations

import argparse
from time import process_time

import numpy as np
from astropy.time import Time

from farside.disk.registration import register
from farside.observation.drawing.limb_fit import find_disk
from farside.observation.drawing.read import read_drawing
from farside.observation.drawing.scan import open_picture
from farside.simulation import SimulatedSun
from farside.simulation.drawings.drawing import draw, draw_on_grid
from farside.simulation.drawings.files import encoded
from farside.simulation.drawings.styles import DRAWING_STYLES
from farside.simulation.magnetic.spots import Spot, spots_of
from farside.sun.angles import wrap_deg
from farside.sun.grid import Grid
from farside.sun.observer import earth

TIME = Time("2014-04-01T15:00:00")
GRID = Grid(256, 112.5)
YEARS = range(1999, 2020, 2)
RADII_PX = (150.0, 300.0, 480.0, 900.0)


def disk_errors(hand: str, sheets: int) -> tuple[float, float]:
    """Maximum error of centre and of radius over some sheets, as fractions of the radius."""
    errors = []
    for seed in range(sheets):
        radius = RADII_PX[seed % len(RADII_PX)]
        drawing = draw(
            SimulatedSun(seed), TIME, DRAWING_STYLES[hand], np.random.default_rng(seed), radius
        )
        picture = open_picture(encoded(drawing, TIME, "jpeg"))
        found, true = find_disk(picture), drawing.disk
        x, y = found.x_px - true.x_px, picture.shape[0] - 1 - found.y_px - true.y_px
        errors.append((np.hypot(x, y) / radius, abs(found.radius_px / radius - 1)))
    centre, size = np.max(errors, axis=0)
    return float(centre), float(size)


def visible(sun: SimulatedSun, time: Time) -> list[Spot]:
    """Spots within 90° of the central meridian."""
    middle = earth(time).carrington_longitude_deg(time)
    spots = spots_of(sun, time)
    return [s for s in spots if abs(wrap_deg(s.longitude_deg - middle)) < 90]


def year(number: int, seeds: int) -> str:
    """Line on the mean sunspot groups, spots and area of a year."""
    days = [
        visible(SimulatedSun(seed), Time(f"{number}-{month}-15T00:00:00"))
        for seed in range(seeds)
        for month in ("03", "09")
    ]
    area = np.mean([sum(spot.area_msh for spot in day) for day in days])
    spots = np.mean([len(day) for day in days])
    groups = np.mean([len({spot.group for spot in day}) for day in days])
    blank = np.mean([not day for day in days])
    return f"{number}: {groups:.1f} groups, {spots:.0f} spots, {area:.0f} MSH, {blank:.0%} blank"


def seconds(hand: str, repetitions: int) -> tuple[float, float]:
    """CPU time of one drawing on the grid, and of reading and registering one scan, seconds."""
    sun = SimulatedSun(0)
    drawing = draw(sun, TIME, DRAWING_STYLES[hand], np.random.default_rng(0))
    scan, side_car = encoded(drawing, TIME, "png"), drawing.side_car.to_json()
    start = process_time()
    for seed in range(repetitions):
        draw_on_grid(sun, TIME, DRAWING_STYLES[hand], GRID, np.random.default_rng(seed))
    middle = process_time()
    for _ in range(repetitions):
        register(read_drawing(scan, side_car), GRID)
    return (middle - start) / repetitions, (process_time() - middle) / repetitions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheets", type=int, default=12, help="sheets for each drawing style")
    parser.add_argument("--seeds", type=int, default=8, help="seeds for each year")
    options = parser.parse_args()
    for hand in DRAWING_STYLES:
        centre, radius = disk_errors(hand, options.sheets)
        drawn, read = seconds(hand, 5)
        print(
            f"{hand}: centre within {centre:.3%}, radius within {radius:.3%}; on the grid of 256² "
            f"{drawn:.2f} s, a scan read and registered {read:.2f} s"
        )
    for number in YEARS:
        print(year(number, options.seeds))


if __name__ == "__main__":
    main()
