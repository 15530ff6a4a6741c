"""Per-product statistics for monitoring, exported to Prometheus to detect drift of the inputs."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u

from farside.evaluation.flux import net_flux_mx, unsigned_flux_mx
from farside.evaluation.metrics import correlation
from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import Stack
from farside.sun.reference_epoch import nearest_epoch


@dataclass(frozen=True)
class ProductStatistics:
    """Monitoring statistics of one product.

    Attributes
    ----------
    unsigned_flux_mx, net_flux_mx
        Line-of-sight flux of the full disk (TUMF and NMF of Jeong et al. 2022, Sect. 4.1).
    reference_correlation
        Pearson correlation with the reference magnetogram of the same Carrington longitudes, in
        blocks of one degree; None without one. The reference is days older, so even a perfect
        product stays below 1: the trend is significant, not the value.
    reference_lag_hours
        Lag of the reference furthest from the epoch of Eq. 5, positive if it is older than the
        epoch; None without references.
    """

    unsigned_flux_mx: float
    net_flux_mx: float
    reference_correlation: float | None
    reference_lag_hours: float | None


def product_statistics(made: Magnetogram, stack: Stack) -> ProductStatistics:
    """Monitoring statistics of a product and the stack it was made from."""
    return ProductStatistics(
        unsigned_flux_mx(made.image, made.grid),
        net_flux_mx(made.image, made.grid),
        _reference_correlation(made, stack),
        _reference_lag_hours(made),
    )


def _reference_correlation(made: Magnetogram, stack: Stack) -> float | None:
    there = [image for image in stack.images if image is not None]
    for disk, given in zip(there, made.inputs, strict=True):
        if given.role == "reference" and disk.origin.is_magnetogram:
            return correlation(made.image, disk.image, made.disk)
    return None


def _reference_lag_hours(made: Magnetogram) -> float | None:
    times = [given.origin.time for given in made.inputs if given.role == "reference"]
    epochs = [nearest_epoch(time, made.time, made.observer.longitude_deg) for time in times]
    lags = [
        float((epoch - time).to_value(u.hour)) for epoch, time in zip(epochs, times, strict=True)
    ]
    return max(lags, key=abs, default=None)
