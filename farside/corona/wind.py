"""Solar wind at 0.1 au from flux tube expansion and the distance to the coronal hole boundary.

Two speed laws of the form of Arge et al. (2004, J. Atmos. Sol.-Terr. Phys. 66, 1295), each with its
own coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from farside.corona.current_sheet import OUTER_RADIUS, current_sheet
from farside.corona.field import Array, SphericalPoints, sphere_points
from farside.corona.open_field import OpenField, hole_boundary_distance_deg
from farside.corona.pfss import PotentialField
from farside.corona.tracing import LineEnds, trace_to_sphere
from farside.sun.carrington_grid import CarringtonGrid, Map

OUTER_GRID = CarringtonGrid(180, 90, "uniform")
"""Grid of 2° in longitude and latitude, as of WSA's maps at 21.5 solar radii."""

NT_PER_GAUSS = 1e5


@dataclass(frozen=True)
class SpeedLaw:
    """Law of the solar wind's speed at 0.1 au.

    v = slow + gain (1 + f)^-α (1 - 0.8 exp(-(d / w)^β))³ - later, within limits, with the expansion
    factor f and the distance d of the footpoint from the boundary of its coronal hole.

    Attributes
    ----------
    name
        As in ``"WSA"``.
    slow_km_s, gain_km_s
        Speed of the slowest wind, and the gain at f = 0 deep in a hole.
    expansion_power
        α.
    width_deg, width_power
        w and β.
    later_km_s
        Part of the speed that the wind gains only beyond 0.1 au.
    limits_km_s
        Least and greatest speed.
    smoothing_deg
        σ of the Gaussian by which its map at 0.1 au is smoothed.
    """

    name: str
    slow_km_s: float
    gain_km_s: float
    expansion_power: float
    width_deg: float
    width_power: float
    later_km_s: float = 0.0
    limits_km_s: tuple[float, float] = (0.0, np.inf)
    smoothing_deg: float = 0.0

    def speed_map(self, expansion: Map, distance_deg: Map, grid: CarringtonGrid) -> Map:
        """Speed at 0.1 au on a grid of uniform latitude, smoothed as the law wants, (row, column).

        Parameters are those of :meth:`speed_km_s`, on `grid`.
        """
        speed = self.speed_km_s(expansion, distance_deg)
        return smoothed(speed, self.smoothing_deg, grid) if self.smoothing_deg else speed

    def speed_km_s(self, expansion: Array, distance_deg: Array) -> Array:
        """Speed at 0.1 au; an infinite expansion factor gives the slowest wind.

        Parameters
        ----------
        expansion
            Expansion factor f, any shape.
        distance_deg
            Distance d of the footpoint from the hole boundary, of the same shape.
        """
        depth = 1 - 0.8 * np.exp(-((distance_deg / self.width_deg) ** self.width_power))
        gain = self.gain_km_s * (1 + expansion) ** -self.expansion_power * depth**3
        return np.clip(self.slow_km_s + gain - self.later_km_s, *self.limits_km_s)


def smoothed(plane: Map, sigma_deg: float, grid: CarringtonGrid) -> Map:
    """Smooth a map of uniform latitude by a Gaussian, (row, column)."""
    cells = sigma_deg / grid.step_deg
    return np.asarray(gaussian_filter(plane, cells, mode=("nearest", "wrap")))


WSA = SpeedLaw("WSA", 285.0, 625.0, 2 / 9, 2.0, 2.0)
"""Law in the headers of NOAA's WSA 4.5 maps (keyword VELEQN)."""

EUHFORIA = SpeedLaw(
    "EUHFORIA", 240.0, 675.0, 0.222, float(np.degrees(0.02)), 1.25, 50.0, (275.0, 625.0)
)
"""Law of Pomoell & Poedts (2018, J. Space Weather Space Clim. 8, A35), Sect. 2.2."""

FITTED = SpeedLaw("FITTED", 319.0, 296.0, 0.110, 2.37, 0.722, smoothing_deg=6.7)
"""Law fitted to the wind at Earth in 2022: GONG's map of each rotation, heights of 2.5, the scheme
of HUXt, its map smoothed by 6.7° (``python -m benchmarks.wind --fit``; docs/wind-scores.md)."""


@dataclass(frozen=True)
class Heights:
    """Radii at which the potential field ends and the current sheet begins, solar radii.

    By default both are 2.5; NOAA's WSA 4.5 has 2.51 and 2.49 (RADSS, RADINT).
    """

    source_surface: float = 2.5
    interface: float = 2.5


EUHFORIA_HEIGHTS = Heights(2.6, 2.3)
"""Heights of EUHFORIA (Pomoell & Poedts 2018; Asvestari et al. 2019, JGR 124, 8280)."""


@dataclass(frozen=True, eq=False)
class SolarWind:
    """Solar wind at 0.1 au in the frame that rotates with the Sun; maps are (row, column).

    Attributes
    ----------
    grid
        Grid of Carrington longitude and latitude at 0.1 au.
    time
        Time of the photospheric map.
    law
        Law of the speed.
    speed_km_s
        Speed by `law`.
    field_nt
        Radial field of the current sheet, positive outwards.
    expansion
        Expansion factor f = (1 / R)² |B(1)| / |B(R)| of the line that arrives there, with R the
        source surface; infinite where the line does not come from R.
    distance_deg
        Distance of the line's footpoint from the middle of the nearest closed cell.
    """

    grid: CarringtonGrid
    time: Time
    law: SpeedLaw
    speed_km_s: Map
    field_nt: Map
    expansion: Map
    distance_deg: Map


def solar_wind(
    potential: PotentialField,
    opened: OpenField,
    law: SpeedLaw = WSA,
    interface: float | None = None,
    grid: CarringtonGrid = OUTER_GRID,
) -> SolarWind:
    """Derive the solar wind by tracing lines from 0.1 au through the current sheet to the Sun.

    Parameters
    ----------
    interface
        Radius at which the current sheet begins, solar radii; by default the source surface.
    grid
        Grid of the wind at 0.1 au.

    Raises
    ------
    DegenerateFieldError
        All field is open, or all is closed.
    ValueError
        The interface is not between the photosphere and the source surface.
    """
    begins = potential.source_surface if interface is None else interface
    sheet = current_sheet(potential, begins)
    outer = sphere_points(
        OUTER_RADIUS, np.radians(grid.longitude_deg), np.radians(grid.latitude_deg)
    )
    crossing = trace_to_sphere(sheet, outer, outwards=False).places
    ends = trace_to_sphere(potential.shell, crossing, outwards=False)
    feet = ends.places
    # A line that grazes the neutral line may leave upwards again: slowest wind, as of a streamer.
    expansion = np.where(ends.outside, np.inf, _expansion(potential, feet, crossing))
    distance = hole_boundary_distance_deg(opened, feet)
    polarity = np.sign(potential.shell.field_at(crossing)[:, 2])
    strength = sheet.field_at(outer)[:, 2] * NT_PER_GAUSS

    def on_grid(values: Array) -> Map:
        return values.reshape(grid.shape)

    expansion_map, distance_map = on_grid(expansion), on_grid(distance)
    return SolarWind(
        grid=grid,
        time=potential.time,
        law=law,
        speed_km_s=law.speed_map(expansion_map, distance_map, grid),
        field_nt=on_grid(polarity * strength),
        expansion=expansion_map,
        distance_deg=distance_map,
    )


def _expansion(
    potential: PotentialField, feet: SphericalPoints, crossing: SphericalPoints
) -> Array:
    """Expansion factor of flux tubes up to the source surface (Wang & Sheeley 1990, Eq. 1)."""
    top = _source_surface(potential, crossing)
    below = np.linalg.norm(potential.shell.field_at(feet), axis=1)
    above = np.abs(potential.shell.field_at(top.places)[:, 2])
    arrived: NDArray[np.bool_] = top.outside & (above > 0)
    ratio = np.divide(below, above, out=np.full_like(below, np.inf), where=arrived)
    return np.asarray(ratio / potential.source_surface**2)


def _source_surface(potential: PotentialField, crossing: SphericalPoints) -> LineEnds:
    """Points at which lines that cross the interface meet the source surface."""
    if crossing[0, 2] >= np.log(potential.source_surface):
        return LineEnds(crossing, np.ones(len(crossing), np.bool_))
    return trace_to_sphere(potential.shell, crossing, outwards=True)
