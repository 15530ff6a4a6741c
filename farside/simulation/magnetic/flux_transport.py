"""Surface flux transport of the large-scale radial field.

∂B/∂t = -Ω(λ) ∂B/∂φ - 1/(R cos λ) ∂(v cos λ B)/∂λ + η ∇²B - B/τ (Wang, Nash & Sheeley 1989, ApJ
347, 529; Jiang et al. 2014, Space Sci. Rev. 186, 491), on rows of one degree and Fourier orders in
longitude. Each order has its own linear operator, so steps are exact except for splitting the
shear from the other terms, over one day.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from farside.blas import one_blas_thread
from farside.simulation.grid import Lattice
from farside.sun.grid import Image
from farside.sun.heliographic import differential_rotation_deg_per_day
from farside.sun.observer import SOLAR_RADIUS_M

DIFFUSION_KM2_S = 350.0
"""Supergranular diffusion, near the optimum of Lemerle et al. (2015), ApJ 810, 78."""

FLOW_M_S = 11.0
"""Largest meridional flow; Hathaway & Rightmire (2010), Science 327, 1350."""

FLOW_ENDS_DEG = 75.0
"""Latitude where the flow ends: sin(180° λ / 75°) below, none above; van Ballegooijen, Cartledge
& Priest (1998), ApJ 501, 866. It makes polar caps as wide as observed ones."""

DECAY_YEARS = 10.0
"""Decay time (1/e) of the flux; Schrijver, De Rosa & Title (2002), ApJ 577, 1006."""

GLOBE = Lattice(180)
"""Grid of the transport: 1°."""

GREATEST_ORDER = 90
"""Highest Fourier order in longitude."""

STEP_DAYS = 16
"""Time between stored states."""

Spectrum = NDArray[np.complex64]
"""Field as Fourier orders 0 to :data:`GREATEST_ORDER` of each row, (row, order), gauss."""

Matrices = NDArray[np.complex64]

DAY_S = 86400.0


def flow_deg_per_day(latitude_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Meridional flow, degrees per day, positive towards the north."""
    per_day = np.degrees(FLOW_M_S * DAY_S / SOLAR_RADIUS_M)
    profile = np.sin(np.pi * latitude_deg / FLOW_ENDS_DEG)
    return np.where(np.abs(latitude_deg) < FLOW_ENDS_DEG, per_day * profile, 0.0)


def spectrum(field: Image) -> Spectrum:
    """Spectrum of a map (180, 360) in gauss."""
    orders = fft.rfft(field, axis=1)[:, : GREATEST_ORDER + 1]
    return np.asarray(orders, dtype=np.complex64)


def field_gauss(state: Spectrum) -> Image:
    """Map (180, 360) of a spectrum, gauss."""
    return np.asarray(fft.irfft(state, n=GLOBE.columns, axis=1), dtype=np.float32)


@one_blas_thread()
def transported(state: Spectrum, days: float) -> Spectrum:
    """Spectrum some days later; a fraction of a day is transported by the shear alone."""
    whole = int(days)
    for _ in range(whole // STEP_DAYS):
        state = _applied(_propagator(STEP_DAYS), state)
    for _ in range(whole % STEP_DAYS):
        state = _applied(_propagator(1), state)
    part = days - whole
    return np.asarray(state * _shear(part), dtype=np.complex64) if part else state


def _applied(matrices: Matrices, state: Spectrum) -> Spectrum:
    later = matrices @ state.T[:, :, None]  # (order, row, 1)
    return np.ascontiguousarray(later[:, :, 0].T)


@cache
def _propagator(days: int) -> Matrices:
    """Propagator of each order over some days (a power of two), (order, row, row)."""
    if days > 1:
        matrices = _propagator(1)
        for _ in range(days.bit_length() - 1):
            matrices = matrices @ matrices
        return matrices
    half_shear = _shear(0.5).T
    return (half_shear[:, :, None] * _spread_over_a_day() * half_shear[:, None, :]).astype(
        np.complex64
    )


def _shear(days: float) -> Spectrum:
    """Phase factors of differential rotation in the Carrington frame, (row, order)."""
    turn = np.radians(
        differential_rotation_deg_per_day(GLOBE.latitude_deg.astype(np.float64)) * days
    )
    order = np.arange(GREATEST_ORDER + 1)
    return np.exp(-1j * turn[:, None] * order).astype(np.complex64)


def _spread_over_a_day() -> NDArray[np.float64]:
    """Exponential of the operator of flow, diffusion and decay over one day, (order, row, row).

    The operator is tridiagonal with neighbours of equal sign: a diagonal scaling makes it
    symmetric.
    """
    below, main, above = _rates_per_day()
    scale = np.concatenate([[0.0], np.cumsum(0.5 * np.log(below / above))])
    scale = np.exp(scale - scale.mean())
    beside = np.sqrt(below * above)
    symmetric = np.zeros((GREATEST_ORDER + 1, GLOBE.rows, GLOBE.rows))
    row = np.arange(GLOBE.rows)
    symmetric[:, row, row] = main
    symmetric[:, row[1:], row[:-1]] = symmetric[:, row[:-1], row[1:]] = beside
    values, vectors = np.linalg.eigh(symmetric)
    over_a_day = (vectors * np.exp(values)[:, None, :]) @ vectors.transpose(0, 2, 1)
    return np.asarray(scale[:, None] * over_a_day / scale)


def _rates_per_day() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Diagonals of the operator: below (row - 1,), main (order, row) and above (row - 1,).

    Flux that leaves a row enters the next: net flux is conserved except for the decay.
    """
    step = np.radians(GLOBE.step_deg)
    edges = np.linspace(-90.0, 90.0, GLOBE.rows + 1)
    inner = edges[1:-1]
    flow = np.radians(flow_deg_per_day(inner)) * np.cos(np.radians(inner))
    eta = DIFFUSION_KM2_S * 1e6 * DAY_S / SOLAR_RADIUS_M**2
    spread = eta * np.cos(np.radians(inner)) / step
    northward, southward = flow / 2 + spread, spread - flow / 2
    width = np.diff(np.sin(np.radians(edges)))
    below, above = northward / width[1:], southward / width[:-1]
    leaving = np.zeros(GLOBE.rows)
    leaving[:-1] -= northward / width[:-1]
    leaving[1:] -= southward / width[1:]
    cosine = np.cos(np.radians(GLOBE.latitude_deg.astype(np.float64)))
    order = np.arange(GREATEST_ORDER + 1)[:, None]
    main = leaving - eta * (order / cosine) ** 2 - 1 / (DECAY_YEARS * 365.25)
    return below, main, above
