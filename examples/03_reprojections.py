"""
Reprojections
=============

The far side as a Carrington map beside what HMI saw, and as Earth will see it days later.

Onto a Carrington grid with sunpy, of our product and of a file in the layout of AISFM 3.0; and into
the view of another observer with differential rotation and the field taken as radial, which is
Farside's own.
"""

from dataclasses import replace
from pathlib import Path

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import sunpy.map
from astropy.io import fits
from astropy.time import Time
from sunpy.map.header_helper import make_heliographic_header

import farside
from farside.disk.registration import Disk
from farside.disk.reproject import reproject_disk
from farside.simulation import write_set
from farside.sun.observer import earth

inputs = Path("inputs")
if not (inputs / "truth" / "magnetogram.fits").exists():
    write_set(inputs, Time("2026-11-01T00:00:00"), 120.0, seed=7, size="small")
observations, references = sorted(inputs.glob("*.fts")), sorted(inputs.glob("*.fits"))
far = farside.generate(observations, references, "farside-1")
seen = far.to_map()

# %%
# A file in the layout of AISFM 3.0 is reprojected in the same way: its header has all that sunpy
# asks for.

truth = fits.getdata(inputs / "truth" / "magnetogram.fits")
header = seen.fits_header.copy(strip=True)
for axis in "12":
    header[f"CDELT{axis}"] *= far.disk.disk_radius_px / 450
    header[f"CRPIX{axis}"] = 512.5
released = sunpy.map.Map(truth, header).superpixel([4, 4] * u.pix, func=np.mean)

shape = (180, 360)
carrington = make_heliographic_header(
    seen.date, seen.observer_coordinate, shape, frame="carrington", projection_code="CAR"
)
maps = [each.reproject_to(carrington) for each in (seen, released)]

# %%
# A surface that STEREO-A sees 120° west of Earth faces Earth 240° of rotation later: 18 days.

later = Time((far.time + (360 - far.observer.longitude_deg) / 13.2 * u.day).isot)
disk = Disk(far.image, far.disk, replace(far.inputs[0].origin, band="LOS"))
future = reproject_disk(disk, earth(later), later)
coming = np.where(future.seen, future.image, np.nan)

# %%
# On top the Carrington maps of the product and of the truth in AISFM's layout.
# Below, the far side now and what Earth will see.

figure = plt.figure(figsize=(12, 8.6), layout="constrained")
layout = figure.add_gridspec(2, 2, height_ratios=[1, 1.7])
style = {"cmap": "gray", "vmin": -150, "vmax": 150, "origin": "lower"}
for column, (each, title) in enumerate(
    zip(maps, ("farside-1", "truth, layout of AISFM 3.0"), strict=True)
):
    axes = figure.add_subplot(layout[0, column], projection=each)
    axes.imshow(each.data, **style)
    axes.set_facecolor("#c8d8e8")
    axes.set_title(f"{title}, Carrington map (blue: not seen)", fontsize=10)
    axes.coords[0].set_axislabel("Carrington longitude")
    axes.coords[1].set_axislabel(" " if column else "latitude")
for column, (image, title) in enumerate(
    (
        (far.image, f"{far.spacecraft}, {far.time.isot[:10]}"),
        (coming, f"the same surface as seen from Earth, {later.isot[:10]}"),
    )
):
    axes = figure.add_subplot(layout[1, column])
    axes.imshow(image, **style)
    axes.set_facecolor("#c8d8e8")
    axes.set_axis_off()
    axes.set_title(title, fontsize=10)
plt.show()
