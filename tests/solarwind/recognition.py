"""How public readers recognise a map, as predicates on its header."""

from collections.abc import Mapping

Cards = Mapping[str, object]


def swmf_takes_for_gong(cards: Cards) -> bool:
    """Rule of remap_magnetogram of the Space Weather Modeling Framework."""
    return (
        "NSO-GONG" in str(cards.get("TELESCOP"))
        and "CRLT-CEA" in str(cards.get("CTYPE2"))
        and all(key in cards for key in ("LONG0", "CAR_ROT", "CRNOW", "DATE"))
    )


def swmf_takes_for_adapt(cards: Cards) -> bool:
    return (
        "ADAPT" in str(cards.get("MODEL"))
        and cards.get("GRID") == 1.0
        and all(key in cards for key in ("MAPDATA", "MAPCR", "CRLNGEDG", "MAPTIME", "NAXIS3"))
    )


def swmf_takes_for_hmi(cards: Cards) -> bool:
    return cards.get("TELESCOP") == "SDO/HMI" and cards.get("CUNIT2") == "Sine Latitude"


def sunpy_takes_for_gong(cards: Cards) -> bool:
    return str(cards.get("TELESCOP")).endswith("GONG") and str(cards.get("CTYPE1")).startswith(
        "CRLN"
    )


def sunpy_takes_for_adapt(cards: Cards) -> bool:
    return cards.get("MODEL") == "ADAPT"


def meets_the_wsa_specification(cards: Cards) -> bool:
    """The least that a two-dimensional map for WSA has, by its authors."""
    wanted = {
        "NAXIS1": 360,
        "NAXIS2": 180,
        "CRPIX1": 180.5,
        "CRPIX2": 90.5,
        "CRVAL1": 180.0,
        "CRVAL2": 0.0,
        "CDELT1": 1.0,
        "CDELT2": 1.0,
        "CRLNGEDG": 0.0,
        "LATTYPE": 0,
        "GRID": 1.0,
    }
    named = ("CRROTEDG", "MAPCR", "MAPDATA", "MAPJUL", "MAPTIME", "MODEL", "MODELDA", "MODELVER")
    return all(cards.get(key) == value for key, value in wanted.items()) and all(
        key in cards for key in named
    )


READERS = (
    swmf_takes_for_gong,
    swmf_takes_for_adapt,
    swmf_takes_for_hmi,
    sunpy_takes_for_gong,
    sunpy_takes_for_adapt,
)


def recognised(cards: Cards) -> dict[str, bool]:
    """What each reader says."""
    return {reader.__name__: reader(cards) for reader in READERS}
