"""
Observations
============

What a far-side magnetogram is made from: which images, taken where and when.

Three EUV images of the far side, and four images of the front side from the epoch when SDO saw the
same Carrington longitude (Eq. 5 of Jeong et al. 2022). Every product lists them with their hashes
in a table; the files of AISFM 3.0 name theirs in HISTORY.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from astropy.io import fits
from astropy.time import Time
from matplotlib.colors import LogNorm

import farside
from farside.simulation import write_set

inputs = Path("inputs")
if not (inputs / "truth" / "magnetogram.fits").exists():
    write_set(inputs, Time("2026-11-01T00:00:00"), 120.0, seed=7, size="small")
observations, references = sorted(inputs.glob("*.fts")), sorted(inputs.glob("*.fits"))

# %%
# Each file is checked, calibrated and named by its own header, whatever its name.

images = [farside.read(path) for path in (*observations, *references)]
for image in images:
    print(image, f"{image.origin.observer.longitude_deg:+7.2f}°", image.origin.quality.names())

# %%
# The epoch of the reference follows from the longitude of the spacecraft.

first = images[0].origin
print(farside.reference_time(first.time, first.observer.longitude_deg).isot)

# %%
# The product remembers its inputs: a table of ours, and the HISTORY that readers of AISFM 3.0
# know.

far = farside.generate(images[:3], images[3:], "farside-1")
hdus = far.to_hdus()
table = fits.BinTableHDU.from_columns(hdus["INPUTS"].columns).data
for row in table:
    print(row["ROLE"], row["INSTRUMENT"], row["BAND"], row["TIME"], row["SHA256"][:12])
print(*hdus[0].header["HISTORY"][:3], sep="\n")

# %%
# All seven inputs, and what is made of them.

figure, panels = plt.subplots(2, 4, figsize=(13, 6.8), layout="constrained")
colours = {"304": "afmhot", "171": "copper", "193": "pink", "195": "pink", "LOS": "gray"}
for axes, image in zip(panels.flat, images, strict=False):
    origin = image.origin
    if origin.is_magnetogram:
        axes.imshow(image.pixels[::-1, ::-1], cmap="gray", vmin=-150, vmax=150, origin="lower")
    else:
        low, high = np.nanpercentile(np.maximum(image.pixels, 1e-3), (30, 99.8))
        norm = LogNorm(max(low, high / 300), high, clip=True)
        axes.imshow(
            np.maximum(image.pixels, 1e-3), cmap=colours[origin.band], norm=norm, origin="lower"
        )
    axes.set_title(f"{origin.instrument} {origin.band}\n{origin.time.isot[:16]}", fontsize=10)
panels.flat[7].imshow(far.image, cmap="gray", vmin=-150, vmax=150, origin="lower")
panels.flat[7].set_title(f"generated: {far.spacecraft}\n{far.time.isot[:16]}", fontsize=10)
for axes in panels.flat:
    axes.set_axis_off()
plt.show()
