"""
Coordinates
===========

Where a region of the far side is, in every coordinate system in use, and when Earth will see it.
"""

# %%
# A far-side magnetogram is a sunpy map: pixels have helioprojective coordinates as STEREO-A sees
# them, and these convert to any other frame.

from pathlib import Path

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.time import Time
from scipy.ndimage import gaussian_filter
from sunpy.coordinates import HeliographicCarrington, HeliographicStonyhurst, get_earth

import farside
from farside.simulation import write_set

inputs = Path("inputs")
if not (inputs / "truth" / "magnetogram.fits").exists():
    write_set(inputs, Time("2026-11-01T00:00:00"), 120.0, seed=7, size="small")
observations, references = sorted(inputs.glob("*.fts")), sorted(inputs.glob("*.fits"))
far = farside.generate(observations, references, "farside-1")
seen = far.to_map()

# %%
# The strongest region that Earth does not see: STEREO-A is 120° west of Earth, so that Earth sees
# what lies more than 30° east of STEREO-A's central meridian.

strength = gaussian_filter(np.nan_to_num(np.abs(far.image)), 4)
y, x = np.indices(strength.shape)
radius = np.hypot(x - (seen.data.shape[1] - 1) / 2, y - (seen.data.shape[0] - 1) / 2)
east = (seen.data.shape[1] - 1) / 2 - x
hidden = (radius < 0.87 * far.disk.disk_radius_px) & (east < 0.4 * far.disk.disk_radius_px)
strength[~hidden] = 0
row, column = np.unravel_index(strength.argmax(), strength.shape)
place = seen.pixel_to_world(column * u.pix, row * u.pix)
earth = get_earth(seen.date)
stonyhurst = place.transform_to(HeliographicStonyhurst(obstime=seen.date))
carrington = place.transform_to(HeliographicCarrington(observer=earth, obstime=seen.date))
print(f"as STEREO-A sees it   {place.Tx:.0f} {place.Ty:.0f}")
print(f"Stonyhurst            {stonyhurst.lon:.1f} {stonyhurst.lat:.1f}")
print(f"Carrington            {carrington.lon:.1f} {carrington.lat:.1f}")

# %%
# The Sun turns by 13.2° a day as seen from Earth: the region comes over the east limb when its
# Stonyhurst longitude is −90°.

days_to_limb = ((-90 - stonyhurst.lon.deg) % 360) / 13.2
limb = seen.date + days_to_limb * u.day
print(f"over the east limb    {limb.isot[:10]}, in {days_to_limb:.1f} days")

# %%
# On the disk of STEREO-A, and on the ecliptic from above: blue what Earth sees, orange what
# STEREO-A sees.

figure = plt.figure(figsize=(12, 5.6), layout="constrained")
axes = figure.add_subplot(121, projection=seen)
axes.imshow(seen.data, cmap="gray", vmin=-150, vmax=150, origin="lower")
seen.draw_grid(axes=axes, color="tab:cyan", alpha=0.5, lw=0.6, annotate=False)
seen.draw_limb(axes=axes, color="0.3", lw=0.8)
axes.plot_coord(place, "o", ms=34, mfc="none", mec="tab:orange", mew=2)
axes.set_title(f"{far.spacecraft}, {seen.date.isot[:16]}")
axes.set_xlabel(" ")
axes.set_ylabel(" ")

top = figure.add_subplot(122, projection="polar")
top.set_theta_zero_location("S")
west = np.radians(far.observer.longitude_deg)
half = np.linspace(-np.pi / 2, np.pi / 2, 60)
top.fill_between(half, 0, 0.32, color="tab:blue", alpha=0.45, lw=0, label="seen from Earth")
top.fill_between(
    half + west, 0, 0.26, color="tab:orange", alpha=0.45, lw=0, label="seen from STEREO-A"
)
top.plot(0, 1, "o", color="tab:blue", ms=11)
top.annotate("Earth", (0, 1), xytext=(10, 6), textcoords="offset points")
top.plot(west, far.observer.distance_m / 1.496e11, "D", color="tab:orange", ms=9)
top.annotate("STEREO-A", (west, 0.97), xytext=(8, 8), textcoords="offset points")
top.annotate(
    "region",
    (stonyhurst.lon.rad, 0.3),
    xytext=(stonyhurst.lon.rad, 0.62),
    arrowprops={"arrowstyle": "-|>", "color": "tab:red"},
    color="tab:red",
    ha="center",
)
top.set_rlim(0, 1.15)
top.set_rticks([])
top.set_title(f"from the north\nthe region comes into Earth's view on {limb.isot[:10]}")
top.legend(loc="lower left", bbox_to_anchor=(-0.12, -0.12), frameon=False)
plt.show()
