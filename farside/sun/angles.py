"""Wrapping of longitudes and position angles."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Angle = TypeVar("Angle", float, NDArray[np.floating[Any]], NDArray[np.float64], NDArray[np.float32])


def wrap_deg(angle_deg: Angle) -> Angle:
    """Wrap an angle to [-180, 180) degrees."""
    return (angle_deg + 180) % 360 - 180
