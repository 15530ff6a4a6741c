"""Plain drawings whose every line is known, as files."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]

TIME = "2014-04-01T15:00:00"


@dataclass(frozen=True)
class Plain:
    """A limb and one spot on white paper; (y, x) with row 0 at the top."""

    size: tuple[int, int] = (560, 500)
    centre: tuple[float, float] = (256.25, 270.75)
    radius: float = 200.5

    def picture(self, *spots: tuple[float, float], limb: bool = True) -> Picture:
        """`spots` in disk radii, to the right and up from the centre."""
        weight = np.zeros(self.size)
        if limb:
            weight = np.clip(1.5 - np.abs(self._from(self.centre) - self.radius), 0, 1)
        for right, up in spots:
            x, y = self.centre
            place = x + right * self.radius, y - up * self.radius
            disc = np.clip(0.02 * self.radius + 0.5 - self._from(place), 0, 1)
            weight = np.maximum(weight, disc)
        return np.rint(240 - 220 * weight).astype(np.uint8)

    def _from(self, place: tuple[float, float]) -> NDArray[np.float64]:
        row, column = np.indices(self.size, sparse=True)
        return np.asarray(np.hypot(column - place[0], row - place[1]))


def encoded(picture: NDArray[np.generic], form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.asarray(picture)).save(file, format=form)
    return file.getvalue()


def as_fits(picture: NDArray[np.generic], **cards: str | float) -> bytes:
    file = io.BytesIO()
    header = fits.Header(list(cards.items()))
    fits.PrimaryHDU(np.ascontiguousarray(picture[::-1]), header).writeto(file)
    return file.getvalue()


def side_car(**keys: object) -> bytes:
    return json.dumps({"time_utc": TIME} | keys).encode()
