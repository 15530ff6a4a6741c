"""A small series of HMI's 45 s frames, with a pattern that the Sun's rotation carries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.time import Time, TimeDelta
from numpy.typing import NDArray

from farside.sun.heliographic import differential_rotation_deg_per_day, trace
from farside.sun.observer import Observer, earth
from tests.support.instrument_files import Camera, Card, file_bytes, hmi_cards, integers

MIDDLE = Time("2013-11-01T00:00:10", scale="utc")  # 00:00:45 TAI, a slot
SIZE_PX, RADIUS_PX = 512, 200.0
HURRY = 80.0
"""The frames are so many times 45 s apart, so that small pixels see the Sun turn."""

CADENCE_S = 45.0 * HURRY


def camera_of(observer: Observer, offset_px: tuple[float, float] = (3.0, -2.0)) -> Camera:
    return Camera(SIZE_PX, RADIUS_PX, 179.93, offset_px, observer.distance_m)


def pattern(camera: Camera, observer: Observer, time: Time) -> NDArray[np.float64]:
    """Stripes along the meridians that drift from where they were at MIDDLE; NaN off the disk."""
    index = np.arange(camera.size_px)
    dx, dy = index - camera.centre_px[0], (index - camera.centre_px[1])[:, None]
    step = np.radians(camera.scale_arcsec / 3600)
    (a, b), (c, d) = camera.rotation * step
    points = trace(a * dx + b * dy, c * dx + d * dy, observer, time)
    days = float((time - MIDDLE).to_value("day"))
    longitude = points.longitude_deg - differential_rotation_deg_per_day(points.latitude_deg) * days
    field = 100 * np.sin(np.radians(longitude) * 90)
    return np.where(points.impact < 1, field, np.nan)


def frame(
    folder: Path, step: int, noise_gauss: float = 0.0, camera: Camera | None = None, **changes: Card
) -> Path:
    """Write the frame `step` slots after the middle."""
    observer = earth(MIDDLE)
    time = MIDDLE + TimeDelta(step * CADENCE_S, format="sec")
    seen_by = camera or camera_of(observer)
    field = pattern(seen_by, observer, time)
    field += noise_gauss * np.random.default_rng(step + 100).standard_normal(field.shape)
    counts, scaling = integers(field, 0.1)
    slot = time.tai.strftime("%Y.%m.%d_%H:%M:%S_TAI")
    cards: dict[str, Card] = {
        "INSTRUME": "HMI_FRONT2",
        "CAMERA": 2,
        "DATE-OBS": (time - TimeDelta(22.5, format="sec")).utc.isot[:22],
        "T_OBS": slot,
        "T_REC": slot,
        "CADENCE": CADENCE_S,
        "DATAMEAN": 1.0,
        "CRLN_OBS": observer.carrington_longitude_deg(time),
        "CRLT_OBS": observer.latitude_deg,
    }
    path = folder / f"frame{step:+03d}.fits"
    bare = {"HGLN_OBS": "nan"}
    data = file_bytes(
        hmi_cards(seen_by, **(cards | scaling | changes)), counts, rice=True, bare=bare
    )
    path.write_bytes(data)
    return path


def frames(folder: Path, count: int, noise_gauss: float = 0.0) -> list[Path]:
    half = count // 2
    return [frame(folder, step, noise_gauss) for step in range(-half, count - half)]
