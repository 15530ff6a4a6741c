"""Responses of the AIA and EUVI bands to solar structures, and their random variation."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Response:
    """Response of one band of one instrument; radiances in units of the quiet Sun at disk centre.

    Attributes
    ----------
    ion
        A key of :data:`TEXTURES`, and of :data:`~farside.simulation.emission.loops.LOOPS` if it has
        loops.
    floor
        Radiance without magnetic field.
    exponent, gain
        Network, plage and moss have the radiance ``gain · (|B| / 100 G)^exponent``.
    diffuse, diffuse_exponent
        Gain and exponent of the diffuse corona, over the mean field of some degrees.
    loops, arches
        Radiance of the loops of regions and of long loops, for 100 Mx cm⁻² of flux along them.
    points
        Radiance of a bright point.
    hole
        Radiance inside a coronal hole.
    filament, channel, umbra
        Fractions of the light missing in a filament, in its channel and in an umbra.
    scatter
        Standard deviation of the logarithm of the radiance at a given field.
    limb
        Limb brightening, as a fraction of that of an optically thin layer.
    ring
        Radiance just beyond the limb, where the corona behind it adds its light, relative to the
        limb.
    scale_height
        Scale height of the emission beyond the limb, solar radii.
    """

    ion: str
    floor: float
    exponent: float
    gain: float
    diffuse: float
    diffuse_exponent: float
    loops: float
    arches: float
    points: float
    hole: float
    filament: float
    channel: float
    umbra: float
    scatter: float
    limb: float
    ring: float
    scale_height: float


def _response(ion: str, **values: float) -> Response:
    return Response(ion, **values)


RESPONSES = {
    "AIA 304": _response(
        "He II",
        floor=0.52,
        exponent=0.6,
        gain=3.3,
        diffuse=0.6,
        diffuse_exponent=0.8,
        loops=0.0,
        arches=0.0,
        points=0.6,
        hole=0.85,
        filament=0.7,
        channel=0.15,
        umbra=0.6,
        scatter=0.28,
        limb=0.0,
        ring=1.0,
        scale_height=0.026,
    ),
    "EUVI 304": _response(
        "He II",
        floor=0.54,
        exponent=0.57,
        gain=3.1,
        diffuse=0.8,
        diffuse_exponent=0.8,
        loops=0.0,
        arches=0.0,
        points=0.6,
        hole=0.78,
        filament=0.65,
        channel=0.2,
        umbra=0.55,
        scatter=0.26,
        limb=0.05,
        ring=1.0,
        scale_height=0.028,
    ),
    "AIA 171": _response(
        "Fe IX",
        floor=0.5,
        exponent=0.7,
        gain=1.5,
        diffuse=1.7,
        diffuse_exponent=0.6,
        loops=4.0,
        arches=5.0,
        points=0.35,
        hole=0.62,
        filament=0.45,
        channel=0.4,
        umbra=0.5,
        scatter=0.38,
        limb=0.56,
        ring=1.6,
        scale_height=0.05,
    ),
    "EUVI 171": _response(
        "Fe IX",
        floor=0.5,
        exponent=0.65,
        gain=1.4,
        diffuse=1.8,
        diffuse_exponent=0.6,
        loops=3.5,
        arches=4.5,
        points=0.35,
        hole=0.66,
        filament=0.40,
        channel=0.4,
        umbra=0.45,
        scatter=0.36,
        limb=0.52,
        ring=1.5,
        scale_height=0.055,
    ),
    "AIA 193": _response(
        "Fe XII",
        floor=0.47,
        exponent=0.8,
        gain=0.7,
        diffuse=2.8,
        diffuse_exponent=0.65,
        loops=3.5,
        arches=5.0,
        points=1.6,
        hole=0.22,
        filament=0.55,
        channel=0.7,
        umbra=0.3,
        scatter=0.43,
        limb=0.4,
        ring=2.6,
        scale_height=0.075,
    ),
    "EUVI 195": _response(
        "Fe XII",
        floor=0.47,
        exponent=0.75,
        gain=0.65,
        diffuse=3.2,
        diffuse_exponent=0.62,
        loops=3.0,
        arches=4.5,
        points=1.5,
        hole=0.27,
        filament=0.5,
        channel=0.65,
        umbra=0.3,
        scatter=0.41,
        limb=0.38,
        ring=2.4,
        scale_height=0.08,
    ),
}
"""Responses, fitted to AIA images of 2011 to 2024 (docs/sun-check.md); EUVI's slightly varied. The
mean brightness at 304 Å over the field, 2.1 quiet Suns at 10 to 30 G, 3.5 at 30 to 90 G and 5 at 90
to 300 G, gives an exponent of 0.6; a transition-region line has 0.7 ± 0.2 in active regions (Fludra
& Ireland 2004, IAU Symp. 219)."""

SPREAD = {
    "exponent": 0.08,
    "gain": 0.30,
    "diffuse": 0.30,
    "diffuse_exponent": 0.10,
    "loops": 0.50,
    "arches": 0.50,
    "points": 0.40,
    "scatter": 0.20,
    "limb": 0.30,
    "scale_height": 0.20,
}
"""Standard deviation of the logarithm of each random factor at variety 1, a choice: about as much
as AIA and EUVI, or two real dates, differ."""

SHADES = ("hole", "filament", "channel", "umbra")
"""Fractions from 0 to 1 that are varied by a random power."""

SHADE_SPREAD = 0.30
"""Standard deviation of the logarithm of that power at variety 1, a choice."""

OWN_SHARE = 0.5
"""Fraction of the variance that is a band's own; the rest is common to AIA and EUVI for an ion."""


def varied_response(name: str, seed: int, variety: float) -> Response:
    """Response of a band, randomly varied.

    Parameters
    ----------
    name
        A key of :data:`RESPONSES`.
    seed
        Seed of the variation.
    variety
        Size of the variation: 0 is none, 1 is that of :data:`SPREAD`.
    """
    usual = RESPONSES[name]
    if variety == 0:
        return usual
    shared, own = (
        np.random.default_rng([seed, 280, *text.encode()]).standard_normal(
            len(SPREAD) + len(SHADES)
        )
        for text in (usual.ion, name)
    )
    normal = variety * (np.sqrt(1 - OWN_SHARE) * shared + np.sqrt(OWN_SHARE) * own)
    given = asdict(usual)
    drawn = {
        key: given[key] * float(np.exp(spread * each))
        for (key, spread), each in zip(SPREAD.items(), normal, strict=False)
    }
    drawn |= {
        key: given[key] ** float(np.exp(SHADE_SPREAD * each))
        for key, each in zip(SHADES, normal[len(SPREAD) :], strict=True)
    }
    return replace(usual, **drawn)
