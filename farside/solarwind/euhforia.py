"""Inner boundary file of EUHFORIA's heliosphere: the solar wind on a sphere of 0.1 au, as text.

Lines: ``Time:`` and the time; ``Radius of sphere:`` and metres; the number of colatitudes and the
colatitudes; the number of longitudes and the longitudes; then blocks ``vr``, ``number_density``,
``temperature`` and ``Br``, one value a line, the colatitude varying fastest. Angles are in radians
in heliocentric Earth equatorial coordinates (HEEQ: longitude 0 is the Earth), all else in SI units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

from farside.errors import FormatError
from farside.io.atomic import NamedFile

Array = NDArray[np.float64]

RADIUS_M = 14_959_787_070.0
"""Radius of the sphere, 0.1 au."""

COUNTED = "colatitude", "longitude"

BLOCKS = "vr", "number_density", "temperature", "Br"


@dataclass(frozen=True, eq=False)
class Boundary:
    """Solar wind that crosses the sphere at one time.

    Attributes
    ----------
    time
        UTC.
    colatitude_rad, longitude_rad
        HEEQ coordinates of the nodes, rising.
    speed_m_s, number_density_m3, temperature_k, radial_field_t
        Plasma and field at the nodes, (colatitude, longitude).
    """

    time: Time
    colatitude_rad: Array
    longitude_rad: Array
    speed_m_s: Array
    number_density_m3: Array
    temperature_k: Array
    radial_field_t: Array

    @property
    def blocks(self) -> tuple[Array, ...]:
        """Speed, number density, temperature and radial field, in the order of the file."""
        return self.speed_m_s, self.number_density_m3, self.temperature_k, self.radial_field_t


def write(boundary: Boundary, folder: Path) -> Path:
    """Write a boundary as ``solar_wind_boundary_YYYYMMDDThhmmss.dat`` into a folder.

    Raises
    ------
    FormatError
        Coordinates do not rise, a block does not have their shape, or a value is not finite.
    """
    _check(boundary)
    name = f"solar_wind_boundary_{boundary.time.utc.strftime('%Y%m%dT%H%M%S')}.dat"
    return NamedFile(name, ("\n".join(_lines(boundary)) + "\n").encode("ascii")).write_to(folder)


def read(path: Path) -> Boundary:
    """Read a boundary file of :func:`write`.

    Raises
    ------
    FormatError
        The file is truncated, or differs from what :func:`write` writes.
    """
    lines = iter(path.read_text(encoding="ascii", errors="replace").splitlines())
    try:
        _expect(lines, "Time:")
        time = Time(next(lines), format="isot", scale="utc")
        _expect(lines, "Radius of sphere:")
        radius = float(next(lines))
        colatitude, longitude = (_axis(lines, name) for name in COUNTED)
        shape = len(longitude), len(colatitude)
        blocks = [_block(lines, name, shape) for name in BLOCKS]
        _expect_end(lines)
    except StopIteration as error:
        raise FormatError(f"{path.name}: truncated") from error
    except ValueError as error:
        raise FormatError(f"{path.name}: not a boundary file: {error}") from error
    if radius != RADIUS_M:
        raise FormatError(f"{path.name}: a sphere of {radius} m, expected {RADIUS_M} m")
    boundary = Boundary(time, colatitude, longitude, *blocks)
    _check(boundary)
    return boundary


def _lines(boundary: Boundary) -> Iterator[str]:
    yield from ("Time:", boundary.time.utc.isot[:19], "Radius of sphere:", str(RADIUS_M))
    for name, axis in zip(COUNTED, (boundary.colatitude_rad, boundary.longitude_rad), strict=True):
        yield from (f"Number of {name} grid points:", str(len(axis)))
        yield f"{name.capitalize()} grid points:"
        yield from _numbers(axis)
    for name, block in zip(BLOCKS, boundary.blocks, strict=True):
        yield name
        yield from _numbers(block.T.ravel())


def _numbers(values: Array) -> Iterator[str]:
    return (f"{value:.18e}" for value in values)


def _expect(lines: Iterator[str], expected: str) -> None:
    got = next(lines)
    if got != expected:
        raise ValueError(f"got {got!r}, expected {expected!r}")


def _expect_end(lines: Iterator[str]) -> None:
    more = next(lines, None)
    if more is not None:
        raise ValueError(f"got {more!r} after the last block, expected nothing")


def _axis(lines: Iterator[str], name: str) -> Array:
    _expect(lines, f"Number of {name} grid points:")
    count = int(next(lines))
    _expect(lines, f"{name.capitalize()} grid points:")
    return _values(lines, count)


def _block(lines: Iterator[str], name: str, shape: tuple[int, int]) -> Array:
    _expect(lines, name)
    return _values(lines, shape[0] * shape[1]).reshape(shape).T


def _values(lines: Iterator[str], count: int) -> Array:
    return np.array([float(next(lines)) for _ in range(count)])


def _check(boundary: Boundary) -> None:
    for name, axis in zip(COUNTED, (boundary.colatitude_rad, boundary.longitude_rad), strict=True):
        if not (np.isfinite(axis).all() and (np.diff(axis) > 0).all()):
            raise FormatError(
                f"{name} of the boundary does not rise, expected rising finite values"
            )
    shape = len(boundary.colatitude_rad), len(boundary.longitude_rad)
    for name, block in zip(BLOCKS, boundary.blocks, strict=True):
        if block.shape != shape:
            raise FormatError(f"{name} of the boundary has shape {block.shape}, expected {shape}")
        missing = np.count_nonzero(~np.isfinite(block))
        if missing:
            raise FormatError(
                f"{name} of the boundary has {missing} values that are not finite, expected none"
            )
