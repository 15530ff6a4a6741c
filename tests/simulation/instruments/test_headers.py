"""Simulated cards have the names and the types of the real ones."""

import re
from pathlib import Path

import pytest
import reproject
import sunpy.data.test

from farside.io.fits import open_image
from farside.simulation import SimulatedSet

REAL_EUVI = Path(reproject.__file__).parent / "tests" / "data" / "secchi_l0_a.fits"
REAL_AIA = Path(sunpy.data.test.rootdir) / "aia_171_level1.fits"

STRUCTURE = re.compile(
    # The real files are resampled copies: the size and place of the array are their own.
    r"SIMPLE|XTENSION|EXTEND|EXTNAME|BITPIX|NAXIS\d?|[PG]COUNT|BZERO|BSCALE|BLANK|CRPIX\d"
    r"|TFIELDS|T(TYPE|FORM)\d|Z.*|LONGSTRN|COMMENT|HISTORY"
    # The JSOC writes a bare nan here, the copy has the text that SunPy makes of it.
    r"|OSCN.*"
)


def kinds(path: Path) -> dict[str, type]:
    """Type of each card's value; whole and decimal numbers are told apart."""
    cards = open_image(path.read_bytes()).cards
    return {key: type(value) for key, value in cards.items() if not STRUCTURE.fullmatch(key)}


@pytest.mark.parametrize("real", [REAL_EUVI, REAL_AIA], ids=["EUVI", "AIA"])
def test_every_simulated_card_is_one_of_the_real_instrument_and_of_its_type(
    real: Path, simulated: SimulatedSet
) -> None:
    ours = kinds((simulated.observations if real is REAL_EUVI else simulated.references)[2])
    theirs = kinds(real)
    assert {
        key: (kind, theirs.get(key)) for key, kind in ours.items() if kind is not theirs.get(key)
    } == {}
