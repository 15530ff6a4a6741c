"""
From a magnetogram to the wind at Earth
=======================================

Far side, map of the whole Sun, corona, and the speed of the solar wind at Earth.

Needs the extra ``corona``. The map is made from HMI's magnetograms of the last 18 days and the far
side of today; above it a potential field and Schatten's current sheet give the wind at 0.1 au, and
the scheme of HUXt carries it to Earth.
"""

from pathlib import Path

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from astropy.time import Time

import farside
from farside.corona import FITTED, corona
from farside.corona.heliosphere import propagate, sample, steps_between
from farside.corona.wind import OUTER_GRID
from farside.simulation import SimulatedSun, write_set
from farside.simulation.grid import COARSE
from farside.simulation.instruments.files import SIZES, write_hmi
from farside.sun.carrington_rotation import central_longitude_deg
from farside.sun.observer import earth

inputs = Path("inputs")
if not (inputs / "truth" / "magnetogram.fits").exists():
    write_set(inputs, Time("2026-11-01T00:00:00"), 120.0, seed=7, size="small")
observations, references = sorted(inputs.glob("*.fts")), sorted(inputs.glob("*.fits"))
far = farside.generate(observations, references, "farside-1")

# %%
# A base map from earlier magnetograms of HMI, then the map of today with the far side.

sun, rng, folder = SimulatedSun(7), np.random.default_rng(2), Path("hmi")
folder.mkdir(exist_ok=True)
made = None
for days in (18, 9, 0):
    time = Time((Time(far.time.isot[:19]) - days * u.day).isot)
    observed = write_hmi(folder, sun.at(time, COARSE), rng, SIZES["small"])
    made = farside.synchronic_map(observed, far if days == 0 else (), made)
made

# %%
# Corona and wind at 0.1 au.

found = corona(made, FITTED)

# %%
# At each moment the wind leaves 0.1 au at the longitude below Earth. Ten days before the map are
# computed too, so that the start has passed.

begin, end = made.time - 10 * u.day, made.time + 27 * u.day
days = steps_between(begin, end)
longitude = (central_longitude_deg(begin) - 13.2 * days) % 360
latitude = np.full_like(days, earth(made.time).latitude_deg)
inner = sample(found.wind.speed_km_s, OUTER_GRID, longitude, latitude)
speed = propagate(inner[:, None])[:, 0]

# %%
# The map, the wind at 0.1 au with the current sheet (black) and Earth's path (white), and the speed
# at Earth.

figure, (top, middle, bottom) = plt.subplots(3, 1, figsize=(10, 11), layout="constrained")
made.plot(top)
top.set_xlabel("")
shown = middle.imshow(
    found.wind.speed_km_s, origin="lower", extent=(0, 360, -90, 90), cmap="viridis", aspect="auto"
)
grid = found.wind.grid
middle.contour(grid.longitude_deg, grid.latitude_deg, found.wind.field_nt, [0], colors="k")
middle.axhline(latitude[0], color="w", ls="--", lw=1)
middle.set(xlabel="Carrington longitude, deg", ylabel="latitude, deg")
middle.set_title("speed at 0.1 au")
figure.colorbar(shown, ax=middle, label="km/s", pad=0.01)
after = days > 10
when = (made.time + (days[after] - 10) * u.day).to_datetime()
bottom.plot(when, speed[after], color="tab:green")
bottom.fill_between(when, speed[after], speed[after].min() - 20, color="tab:green", alpha=0.15)
bottom.set(ylabel="speed at Earth, km/s", xlim=(when[0], when[-1]))
bottom.set_title("the next rotation at Earth, if the Sun stayed as it is")
bottom.grid(alpha=0.3)
plt.show()
