"""Styles of simulated sunspot drawings: pen, paper and typical errors."""

from __future__ import annotations

from dataclasses import dataclass

Ink = tuple[int, int, int]
"""Colour: red, green, blue, 0 to 255."""


@dataclass(frozen=True)
class DrawingStyle:
    """Drawing style. All numbers are a choice, within what is known of real drawings.

    Positions of round spots in modern drawings are off by 0.1 to 2.3°, areas by some 16 millionths
    (Peng et al. 2020, RAA 20, 58); in those of 1612 areas of small spots are uncertain by a factor
    of 2 (Vokhmyanin, Arlt & Zolotova 2021, Sol. Phys. 296, 4).

    Attributes
    ----------
    name
        Name; docs/drawings.md describes each style.
    ink, paper
        Colours of ink and paper.
    umbra, penumbra, line
        Ink density of umbrae, penumbrae and lines, 0 to 1; with 0, penumbrae are not drawn.
    pen
        Width of a line, disk radii.
    grain
        Fraction of the ink that the paper's texture rejects: some for pencils, none for pens.
    size, size_scatter
        Magnification of the diameter of spots, and scatter of its logarithm.
    offset
        Standard error of a spot's position along each axis, disk radii.
    wobble
        Deviation of an outline from the true one, in radii of the spot.
    least_msh
        Area at which half the spots are missed.
    slip
        Deviation of the limb from a circle, disk radii: small with a pair of compasses.
    roll_deg
        Scatter of the paper's orientation.
    celestial
        Whether celestial north, instead of solar north, is at the top.
    mirrored
        Whether east and west are exchanged, as in a projected image.
    grid, labels, heading
        Whether heliographic lines, group numbers, and a heading with a border are drawn.
    stains
        Unevenness and foxing of the paper, 0 to 1.
    """

    name: str
    ink: Ink = (40, 40, 46)
    paper: Ink = (244, 242, 236)
    umbra: float = 0.9
    penumbra: float = 0.4
    line: float = 0.8
    pen: float = 0.003
    grain: float = 0.4
    size: float = 1.0
    size_scatter: float = 0.1
    offset: float = 0.003
    wobble: float = 0.08
    least_msh: float = 2.0
    slip: float = 0.0004
    roll_deg: float = 0.5
    celestial: bool = False
    mirrored: bool = False
    grid: bool = False
    labels: bool = True
    heading: bool = True
    stains: float = 0.15


DRAWING_STYLES = {
    hand.name: hand
    for hand in (
        DrawingStyle("tower", penumbra=0.35),
        DrawingStyle(
            "patrol",
            paper=(250, 250, 248),
            grid=True,
            pen=0.0022,
            size=1.08,
            offset=0.005,
            least_msh=4.0,
            stains=0.05,
        ),
        DrawingStyle(
            "projection",
            umbra=0.75,
            penumbra=0.28,
            line=0.55,
            celestial=True,
            mirrored=True,
            size=1.15,
            size_scatter=0.2,
            offset=0.007,
            least_msh=6.0,
            roll_deg=1.0,
            heading=False,
        ),
        DrawingStyle(
            "amateur",
            ink=(30, 40, 120),
            paper=(247, 246, 240),
            umbra=1.0,
            penumbra=0.3,
            line=0.95,
            pen=0.005,
            grain=0.1,
            size=1.4,
            size_scatter=0.25,
            offset=0.012,
            wobble=0.16,
            least_msh=15.0,
            slip=0.0012,
            roll_deg=2.0,
            celestial=True,
            mirrored=True,
            stains=0.1,
        ),
        DrawingStyle(
            "faded",
            ink=(92, 76, 56),
            paper=(226, 204, 156),
            umbra=0.65,
            penumbra=0.25,
            line=0.5,
            grain=0.55,
            size=1.1,
            size_scatter=0.15,
            offset=0.006,
            least_msh=6.0,
            celestial=True,
            stains=0.9,
        ),
        DrawingStyle(
            "galileo",
            ink=(52, 36, 24),
            paper=(232, 216, 180),
            umbra=0.95,
            penumbra=0.0,
            line=0.9,
            pen=0.006,
            grain=0.15,
            size=1.25,
            size_scatter=0.3,
            offset=0.012,
            wobble=0.2,
            least_msh=25.0,
            slip=0.0008,
            roll_deg=8.0,
            celestial=True,
            labels=False,
            heading=False,
            stains=0.6,
        ),
    )
}
"""Drawing styles by name."""
