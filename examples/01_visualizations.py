"""
Visualizations
==============

A far-side magnetogram, what the model says beside it, and the truth of the simulated Sun.

A product has up to four planes: the line-of-sight field, its error σ (68.3 % of the errors are
within it), the expected strength, and the probability that the field points at the observer. The
truth beside them is a file in the layout of the AISFM 3.0 data release: 1024 by 1024 pixels, NaN
off the disk, the spacecraft in INPUTDAT.
"""

# %%
# Seven instrument files of a simulated Sun, seen by STEREO-A 120° west of Earth.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import sunpy.map
from astropy.io import fits
from astropy.time import Time

import farside
from farside.simulation import write_set

inputs = Path("inputs")
if not (inputs / "truth" / "magnetogram.fits").exists():
    write_set(inputs, Time("2026-11-01T00:00:00"), 120.0, seed=7, size="small")
observations, references = sorted(inputs.glob("*.fts")), sorted(inputs.glob("*.fits"))

far = farside.generate(observations, references, "farside-1")
far

# %%
# The truth in the layout of AISFM 3.0. Its headers name the observer as sunpy expects, so that
# both files open as maps with coordinates.

truth = fits.getdata(inputs / "truth" / "magnetogram.fits")
header = far.to_hdus()[0].header
aisfm = fits.PrimaryHDU(truth.astype(np.float32))
for key in ("INPUTDAT", "DATE-OBS", "BUNIT", "HGLN_OBS", "HGLT_OBS", "CRLN_OBS", "CRLT_OBS"):
    aisfm.header[key] = header[key]
for key in ("DSUN_OBS", "DSUN_REF", "RSUN_OBS", "RSUN_REF", "CTYPE1", "CTYPE2", "CUNIT1", "CUNIT2"):
    aisfm.header[key] = header[key]
scale = np.degrees(np.arcsin(header["RSUN_REF"] / header["DSUN_OBS"])) * 3600 / 450
aisfm.header.update(CDELT1=scale, CDELT2=scale, CRPIX1=512.5, CRPIX2=512.5, CRVAL1=0, CRVAL2=0)
aisfm.header.update(R_SUN=450.0)
aisfm.writeto("aisfm3.fits", overwrite=True)

generated, released = far.to_map(), sunpy.map.Map("aisfm3.fits")
released.observer_coordinate

# %%
# Field, truth, expected strength and probability of positive polarity. Where the probability is
# near one half, the model knows the strength but not the sign.

figure = plt.figure(figsize=(10.5, 9.2), layout="constrained")
panels = (
    (generated, generated.data, "generated field", "gray", -150, 150, "G"),
    (released, released.data, "true field, layout of AISFM 3.0", "gray", -150, 150, "G"),
    (generated, far.unsigned, "expected |B|", "magma", 0, 150, "G"),
    (generated, far.positive, "probability of positive polarity", "RdBu_r", 0, 1, ""),
)
for number, (seen, image, title, colours, low, high, unit) in enumerate(panels, 1):
    axes = figure.add_subplot(2, 2, number, projection=seen)
    shown = axes.imshow(image, cmap=colours, vmin=low, vmax=high, origin="lower")
    seen.draw_limb(axes=axes, color="0.3", lw=0.8)
    seen.draw_grid(axes=axes, color="tab:cyan", alpha=0.35, lw=0.6, annotate=False)
    axes.set_title(title)
    axes.set_xlabel(" ")
    axes.set_ylabel(" ")
    figure.colorbar(shown, ax=axes, shrink=0.75, label=unit)
figure.suptitle(
    f"{far.spacecraft}, {far.time.isot[:16]}, {far.observer.longitude_deg:.0f}° west of Earth"
)
plt.show()
