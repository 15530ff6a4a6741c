"""
A region for three rotations
============================

The flux of one active region, from the front side and the far side in turn.

As Jeong et al. (2022), Figs. 5 and 6: HMI shows the region for a week in each rotation; a far-side
magnetogram shows it half a rotation later. The simulated Sun has STEREO-A 150° west of Earth.
"""

from pathlib import Path

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.time import Time

import farside
from farside.simulation import SimulatedSun, write_set
from farside.simulation.grid import COARSE
from farside.simulation.instruments.files import SIZES, write_hmi
from farside.sun.observer import earth
from farside.tracking.inputs import read
from farside.tracking.track import TrackedRegion, TrackSettings, track_region

begin, west = Time("2013-11-01T00:00:00"), 150.0
sun, folder = SimulatedSun(11), Path("rotations")

# %%
# The largest young region of that day is followed with the differential rotation of its latitude.

young = [each for each in sun.regions(begin) if sun.day(begin) - each.day < 6]
chosen = max(young, key=lambda each: each.flux_mx)
region = TrackedRegion("the region", chosen.longitude_deg, chosen.latitude_deg, begin)
settings = TrackSettings(within_deg=55, rotation="differential", cell_deg=1.0, threshold_gauss=20)

# %%
# Two front-side magnetograms and one far-side magnetogram for each rotation.

ahead = (earth(begin).carrington_longitude_deg(begin) - chosen.longitude_deg) % 360
front = [begin + (ahead / 13.2 + 27.3 * n + d) * u.day for n in range(3) for d in (-2, 2)]
behind = [begin + (((ahead + west) % 360) / 13.2 + 27.3 * n) * u.day for n in range(3)]
rng, files = np.random.default_rng(1), []
folder.mkdir(exist_ok=True)
for time in front:
    moment = Time(time.isot)
    files.append(write_hmi(folder, sun.at(moment, COARSE), rng, SIZES["small"]))
for number, time in enumerate(behind):
    given = write_set(folder / f"far{number}", Time(time.isot), west, sun.seed, "small")
    far = farside.generate(given.observations, given.references, "farside-1")
    files.append(farside.write(far, folder / f"far{number}.fits"))
found = track_region(region, map(read, files), settings)

# %%
# The cut-outs show the same cells of the surface; the curve is their unsigned flux.

figure = plt.figure(figsize=(12, 6.4), layout="constrained")
layout = figure.add_gridspec(2, len(found.points), height_ratios=[1.7, 1])
curve = figure.add_subplot(layout[0, :])
for kind, colour, marker in (("observed", "tab:blue", "o"), ("generated", "tab:orange", "s")):
    points = [point for point in found.points if point.image_source.kind == kind]
    days = [(point.time - begin).to_value("day") for point in points]
    flux = [point.unsigned_flux_mx / 1e22 for point in points]
    sigma = [np.nan_to_num(point.sigma_mx) / 1e22 for point in points]
    label = "HMI, from Earth" if kind == "observed" else "farside-1, from STEREO-A"
    curve.errorbar(days, flux, sigma, fmt=marker, color=colour, ms=8, capsize=3, label=label)
days = [(point.time - begin).to_value("day") for point in found.points]
curve.plot(days, [p.unsigned_flux_mx / 1e22 for p in found.points], "0.7", lw=1, zorder=0)
curve.set(xlabel=f"days after {begin.isot[:10]}", ylabel="unsigned flux, 10²² Mx", ylim=(0, None))
curve.legend()
curve.grid(alpha=0.3)
curve.set_title("One region, front side and far side, through three rotations")
for column, point in enumerate(found.points):
    axes = figure.add_subplot(layout[1, column])
    axes.imshow(point.cut.field_gauss, cmap="gray", vmin=-150, vmax=150, origin="lower")
    axes.set_xticks([])
    axes.set_yticks([])
    colour = "tab:blue" if point.image_source.kind == "observed" else "tab:orange"
    for spine in axes.spines.values():
        spine.set(color=colour, linewidth=2.5)
    axes.set_title(f"day {(point.time - begin).to_value('day'):.0f}", fontsize=9, color=colour)
plt.show()
