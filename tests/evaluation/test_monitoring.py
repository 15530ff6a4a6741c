"""Monitoring statistics of a product, where the truth is known."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from farside.disk.registration import Disk
from farside.evaluation.flux import pixel_area_cm2
from farside.evaluation.monitoring import ProductStatistics, product_statistics
from farside.magnetogram.stack import Stack
from farside.observation.image import Origin
from farside.pipeline import translate
from farside.quality import Quality
from farside.sun.grid import Image
from farside.sun.observer import Observer
from farside.sun.reference_epoch import reference_time
from tests.support.small_model import RECIPE, Echo

TIME = Time("2026-11-14T00:00:00", scale="utc")
STEREO = Observer(70.0, 3.0, 1.44e11)


def measured(field: Image, older_hours: float = 0.0) -> ProductStatistics:
    """Statistics of a product that is its own reference."""
    epoch = reference_time(TIME, STEREO.longitude_deg) - older_hours * u.hour
    euv = np.full_like(field, 4.0)
    disks = (
        Disk(euv, RECIPE.disk, Origin("EUVI-A", "195", TIME, STEREO, "", "0" * 64)),
        Disk(field, RECIPE.disk, Origin("HMI", "LOS", epoch, STEREO, "", "0" * 64)),
    )
    stack = Stack(disks, TIME, STEREO, "STEREO_A", Quality.GOOD)
    engine = Echo(planes=slice(1, None))
    return product_statistics(translate(stack, engine.models()["demo"], engine), stack)


def dipole() -> Image:
    """Field of +100 G in the east, -50 G in the west."""
    field = np.full((RECIPE.disk.size_px,) * 2, 100, np.float32)
    field[:, RECIPE.disk.size_px // 2 :] = -50
    return field


def test_fluxes_are_field_times_area() -> None:
    found = measured(dipole())
    area = np.count_nonzero(RECIPE.disk.on_disk()) * pixel_area_cm2(RECIPE.disk)
    assert found.unsigned_flux_mx == pytest.approx(75 * area, rel=1e-3)
    assert found.net_flux_mx == pytest.approx(25 * area, rel=1e-3)


def test_a_product_that_is_its_reference_correlates_fully() -> None:
    assert measured(dipole()).reference_correlation == pytest.approx(1)


@pytest.mark.parametrize("older_hours", [0, 30, -30])
def test_the_lag_is_how_much_older_the_reference_is_than_its_epoch(older_hours: float) -> None:
    assert measured(dipole(), older_hours).reference_lag_hours == pytest.approx(
        older_hours, abs=1e-3
    )
