"""
A product in plain astropy
==========================

Reading, checking and drawing a far-side magnetogram without Farside: it is a FITS file.
"""

from pathlib import Path

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS

# %%
# A product to read; everything below uses astropy alone.
import farside
from farside.simulation import write_set

inputs = Path("inputs")
if not (inputs / "truth" / "magnetogram.fits").exists():
    write_set(inputs, Time("2026-11-01T00:00:00"), 120.0, seed=7, size="small")
observations, references = sorted(inputs.glob("*.fts")), sorted(inputs.glob("*.fits"))
farside.write(farside.generate(observations, references, "farside-1"), "far.fits")

# %%
# The planes, and who made them from what. Checksums are verified while opening.

with fits.open("far.fits", checksum=True) as hdus:
    hdus.info()
    header = hdus[0].header
    field, sigma = hdus[0].data.astype(float), hdus["SIGMA"].data.astype(float)
    inputs_used = [
        (row["ROLE"], row["INSTRUMENT"], row["BAND"], row["TIME"]) for row in hdus["INPUTS"].data
    ]
for key in ("INPUTDAT", "DATE-OBS", "AIMODEL", "AIMODVER", "AITRAIN", "QUALITY", "REFAGE"):
    print(f"{key:8} {header[key]!s:24} {header.comments[key]}")
for given in inputs_used:
    print(*given)

# %%
# QUALITY is a sum of bits, and a COMMENT names each that is set.

print(*(line for line in header["COMMENT"] if line.startswith("QUALITY")), sep="\n")

# %%
# Coordinates are those of FITS: helioprojective, as the spacecraft saw the Sun.

wcs = WCS(header)
radius = header["RSUN_OBS"] * u.arcsec
significant = np.abs(field) > sigma
share = np.nansum(significant) / np.isfinite(field).sum()
print(f"{share:.1%} of the disk is above its error σ; 68.3% of the errors are within σ")

# %%
# The field, outlined where it exceeds its error σ, and σ: it is large where the model knows the
# strength of a region but not its sign.

figure = plt.figure(figsize=(12, 5.6), layout="constrained")
left = figure.add_subplot(121, projection=wcs)
left.imshow(field, cmap="gray", vmin=-150, vmax=150, origin="lower")
left.contour(significant & (sigma > 5), [0.5], colors="tab:orange", linewidths=0.9)
left.set_title("field; orange: above its error σ")
right = figure.add_subplot(122, projection=wcs)
shown = right.imshow(sigma, cmap="magma", vmin=0, vmax=60, origin="lower")
right.set_title("error σ")
figure.colorbar(shown, ax=right, label="G", shrink=0.8)
for axes in (left, right):
    for coordinate in axes.coords:
        coordinate.set_format_unit("arcsec")
        coordinate.set_major_formatter("s")
        coordinate.set_axislabel(" ")
figure.suptitle(f"{header['INPUTDAT']}, {header['DATE-OBS'][:16]}, {radius:.0f} apparent radius")
plt.show()
