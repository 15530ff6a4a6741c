"""The hands that draw the simulated Sun, each with its pen, its paper and its faults."""

from __future__ import annotations

from dataclasses import dataclass

Ink = tuple[int, int, int]
"""Red, green, blue."""


@dataclass(frozen=True)
class Hand:
    """How somebody draws. All numbers are a choice, within what is known of real drawings.

    Round spots in modern drawings are off by 0.1 to 2.3° and their areas by some 16 millionths
    (Peng et al. 2020, RAA 20, 58); in those of 1612 areas of small spots are uncertain by a factor
    of 2 (Vokhmyanin, Arlt & Zolotova 2021, Sol. Phys. 296, 4).

    Attributes
    ----------
    name, style
        What it is called, and what it looks like.
    ink, paper
        Colours.
    umbra, penumbra, line
        Weight of the ink in umbrae, in penumbrae and of lines, 0 to 1; a penumbra of 0 is
        not drawn.
    pen
        Width of a line, disk radii.
    grain
        How much of the ink the texture of the paper keeps off: pencils have some, pens none.
    size, size_scatter
        Factor by which the diameter of spots is drawn larger, and the scatter of its logarithm.
    offset
        Error of a spot's place along each axis, disk radii.
    wobble
        How far an outline strays from the true one, in radii of the spot.
    least_msh
        Area of which half the spots are missed.
    slip
        How far the limb strays from a circle, disk radii: compasses hardly slip.
    roll_deg
        Scatter of the paper's angle.
    celestial
        Whether celestial north is at the top, and not solar north.
    mirrored
        Whether it was drawn from a projected image, east and west exchanged.
    grid, labels, heading
        Whether heliographic lines, numbers of groups, a heading and a frame are drawn.
    stains
        How uneven and foxed the paper is, 0 to 1.
    """

    name: str
    style: str
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


HANDS = {
    hand.name: hand
    for hand in (
        Hand("tower", "large, careful pencil; numbers beside the groups", penumbra=0.35),
        Hand(
            "patrol",
            "pencil on a printed form with heliographic lines, solar north up",
            paper=(250, 250, 248),
            grid=True,
            pen=0.0022,
            size=1.08,
            offset=0.005,
            least_msh=4.0,
            stains=0.05,
        ),
        Hand(
            "projection",
            "soft pencil along a projected image, so mirrored; celestial north up",
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
        Hand(
            "amateur",
            "ball-point, spots too large, small ones missed, limb round a coin",
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
        Hand(
            "faded",
            "faint pencil on yellowed, stained paper",
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
        Hand(
            "galileo",
            "bold ink wash of 1612: no penumbra, large spots, nothing written on the disk",
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
"""By name."""
