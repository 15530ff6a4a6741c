"""Mutations of small files: header cards, structure, values, truncation, compression."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from random import Random

import numpy as np

BLOCK, CARD = 2880, 80

Edit = tuple[str, ...]
"""A name of :data:`EDITS` and its arguments as texts: what a corpus can hold."""

Parts = list[tuple[bytearray, bytearray]]
"""Header and padded data unit of each HDU."""

VALUES = (
    "0", "1", "-1", "2", "3", "4", "8", "16", "-32", "-64", "64", "999", "4096", "4200", "30000",
    "2147483647", "-2147483648", "4294967296", "9223372036854775807", "9" * 60, "-2880", "0.0",
    "-0.0", "0.5", "1.5", "1E-300", "1E30", "1E300", "-1E300", "1E999", "nan", "-inf", "T", "F", "",
    "''", "'x'", "'nan'", "'SIMULATED'", "'RICE_1'", "'GZIP_1'", "'IMAGE   '", "'BINTABLE'",
    "'10A'", "'1D'", "'1PB(99)'", "'1QJ'", "'99999A'", "'0D'", "'0001-01-01T00:00:00'",
    "'MAGNETOGRAM'", "'0000-00-00T00:00:00'", "'9999-12-31T23:59:60.999'", "'10000-01-01T00:00:00'",
    "'1582-10-05T12:00:00'", "'2016-12-31T23:59:60.5'", "'2011.02.14_24:61:61_TAI'", "'\xe9\x01'",
    "'" + "z" * 67, "'it''s'", "'SYNCHRONIC MAP'", "'SUNSPOT DRAWING'", "360.0", "-90.0",
    "1.496E11", "6.957E8", "1E8",
)  # fmt: skip
"""Values at the edges of types, sizes, angles, distances and times, as a card has them."""

STRUCTURE = (
    "NAXIS", "NAXIS1", "NAXIS2", "NAXIS3", "BITPIX", "GCOUNT", "PCOUNT", "TFIELDS", "THEAP",
    "TFORM1", "TFORM2", "TFORM11", "TTYPE1", "XTENSION", "SIMPLE", "EXTEND", "EXTNAME", "ZIMAGE",
    "ZCMPTYPE", "ZBITPIX", "ZNAXIS", "ZNAXIS1", "ZNAXIS2", "ZTILE1", "ZTILE2", "ZVAL1", "ZNAME1",
    "ZBLANK", "BLANK", "BSCALE", "BZERO", "ZSCALE", "ZQUANTIZ", "BAND", "END",
)  # fmt: skip

FILLS = "nan", "inf", "1e30", "-1e30", "0", "-9999", "7e4"

JSON_VALUES = (
    "1e308", "-1", "0", "NaN", "null", "true", '"x"', "[]", "{}", '"0001-01-01"', '"9999-12-31"',
    '"1612-06-23T10:00:00+23:59"', '"9999-12-31T23:59:59-14:00"', '"0001-01-01T00:00:00+14:00"',
    "1" + "0" * 400, '"' + "a" * 200 + '"', "[1e308,1e308]", "[NaN,1]", "[80]", "1e-300",
    '"2099-12-31T23:59:59.9999999"', '"\\ud800"', '"\\u0000"', "[" * 3000 + "]" * 3000,
)  # fmt: skip

JSON_KEYS = (
    "time_utc", "position_angle_deg", "north_up", "mirrored", "centre_px", "radius_px", "observer",
    "hand", "zzz",
)  # fmt: skip


def edits_of_fits(rng: Random, data: bytes) -> list[Edit]:
    """Some edits of a FITS file, one or a few, the last of them of the file as a whole."""
    parts = split(data)
    edits = [_edit_of_part(rng, parts) for _ in range(rng.choice((1, 1, 1, 2, 4)))]
    if rng.random() < 0.8:
        edits.append(("sums",))
    if rng.random() < 0.15:
        edits.append(_edit_of_whole(rng, len(data)))
    return edits


def edits_of_picture(rng: Random, data: bytes) -> list[Edit]:
    """Some edits of the bytes of a picture, most of them in its head."""
    edits: list[Edit] = []
    for _ in range(rng.choice((1, 2, 5))):
        near = len(data) if rng.random() < 0.4 else min(200, len(data))
        place = str(rng.randrange(near))
        kind = rng.random()
        if kind < 0.7:
            edits.append(("byte", place, str(rng.randrange(256))))
        elif kind < 0.9:
            edits.append(("drop", place, str(rng.randrange(1, 20))))
        else:
            edits.append(("cut", place))
    return edits


def edits_of_json(rng: Random, data: bytes) -> list[Edit]:
    """Another value of some keys."""
    edits: list[Edit] = [
        ("key", rng.choice(JSON_KEYS), rng.choice(JSON_VALUES)) for _ in range(rng.choice((1, 2)))
    ]
    if rng.random() < 0.2:
        edits.append(("byte", str(rng.randrange(len(data))), str(rng.randrange(256))))
    return edits


def mutated(data: bytes, edits: Sequence[Edit]) -> bytes:
    """Apply edits in their order."""
    for name, *arguments in edits:
        data = EDITS[name](data, *arguments)
    return data


def split(data: bytes) -> Parts:
    """HDUs of a good file, by the sizes that its headers say."""
    parts: Parts = []
    start = 0
    while start < len(data) and data[start : start + 8] in (b"SIMPLE  ", b"XTENSION"):
        end = start
        while data[end : end + 8] != b"END     ":
            end += CARD
            if end >= len(data):
                raise ValueError("no END")
        begin = start + -(-(end + CARD - start) // BLOCK) * BLOCK
        stop = begin + -(-_size(data[start:end]) // BLOCK) * BLOCK
        if stop < begin:
            raise ValueError("a negative size")
        parts.append((bytearray(data[start:begin]), bytearray(data[begin:stop])))
        start = stop
    return parts


def _size(header: bytes) -> int:
    cards = {header[i : i + 8].rstrip(): header[i + 10 : i + 30] for i in range(0, len(header), 80)}
    axes = int(cards[b"NAXIS"])
    if axes == 0:
        return 0
    sides = [int(cards[f"NAXIS{axis + 1}".encode()]) for axis in range(axes)]
    heap = int(cards.get(b"PCOUNT", b"0"))
    return abs(int(cards[b"BITPIX"])) // 8 * (heap + int(np.prod(sides)))


def joined(parts: Parts) -> bytes:
    return b"".join(bytes(header + unit) for header, unit in parts)


def _edit_of_part(rng: Random, parts: Parts) -> Edit:
    which = rng.randrange(len(parts))
    header, unit = parts[which]
    kind = rng.random()
    if kind < 0.65 or not unit:
        keys = _keys(header) if rng.random() < 0.7 else STRUCTURE
        return ("card", str(which), rng.choice(keys), rng.choice(VALUES))
    if kind < 0.7:
        return ("lose", str(which), rng.choice(_keys(header)))
    if kind < 0.78:
        return ("swap", str(which), str(rng.randrange(len(parts))))
    if kind < 0.82:
        return ("twice", str(which), str(rng.choice((1, 2, 20))))
    if kind < 0.9:
        return (
            "fill",
            str(which),
            rng.choice(FILLS),
        )
    return ("unit", str(which), str(rng.randrange(len(unit))), str(rng.randrange(256)))


def _edit_of_whole(rng: Random, length: int) -> Edit:
    kind = rng.random()
    if kind < 0.4:
        return ("cut", str(rng.randrange(length)))
    if kind < 0.5:
        return ("cut", str(rng.randrange(length) // BLOCK * BLOCK))
    if kind < 0.7:
        return ("gzip", "1", str(rng.randrange(1, 400)))
    if kind < 0.8:
        return ("gzip", "2", "0")
    return ("byte", str(rng.randrange(length)), str(rng.randrange(256)))


def _keys(header: bytearray) -> list[str]:
    names = [bytes(header[i : i + 8]).decode("latin-1").rstrip() for i in range(0, len(header), 80)]
    return [name for name in names if name and name not in ("END", "COMMENT", "HISTORY")]


def _on_parts(change: Callable[..., Parts]) -> Callable[..., bytes]:
    def edit(data: bytes, *arguments: str) -> bytes:
        try:
            parts = split(data)
        except (ValueError, KeyError):
            return data  # an edit before it broke the structure
        return joined(change(parts, *arguments)) if parts else data

    return edit


def _card(parts: Parts, which: str, key: str, value: str) -> Parts:
    """Give a card another value; one that is not there takes the place of END."""
    header, _ = parts[int(which) % len(parts)]
    card = f"{key:<8}= {value:>20}".encode("latin-1")[:CARD].ljust(CARD)
    for start in range(0, len(header), CARD):
        name = bytes(header[start : start + 8]).rstrip().decode("latin-1")
        if name == key:
            header[start : start + CARD] = card
            break
        if name == "END":
            header[start:] = card + b"END".ljust(CARD)
            header += b" " * (-len(header) % BLOCK)
            break
    return parts


def _lose(parts: Parts, which: str, key: str) -> Parts:
    header, _ = parts[int(which) % len(parts)]
    place = header.find(f"{key:<8}=".encode())
    if place >= 0 and place % CARD == 0:
        header[place : place + CARD] = b" " * CARD
    return parts


def _swap(parts: Parts, one: str, other: str) -> Parts:
    """Exchange the data units of two HDUs, their headers left."""
    first, second = int(one) % len(parts), int(other) % len(parts)
    units = [unit for _, unit in parts]
    units[first], units[second] = units[second], units[first]
    return [(header, unit) for (header, _), unit in zip(parts, units, strict=True)]


def _twice(parts: Parts, which: str, times: str) -> Parts:
    place = int(which) % len(parts)
    return parts[: place + 1] + parts[place : place + 1] * int(times) + parts[place + 1 :]


def _fill(parts: Parts, which: str, value: str) -> Parts:
    """Fill the middle of a data unit with one number."""
    _, unit = parts[int(which) % len(parts)]
    words = np.array([float(value)], np.float64).astype(">f4").tobytes() * (len(unit) // 16)
    unit[len(unit) // 4 : len(unit) // 4 + len(words)] = words
    return parts


def _unit(parts: Parts, which: str, place: str, value: str) -> Parts:
    _, unit = parts[int(which) % len(parts)]
    if unit:
        unit[int(place) % len(unit)] = int(value)
    return parts


def _sums(parts: Parts) -> Parts:
    """Make every CHECKSUM true: the last word of each header takes what is missing."""
    for header, unit in parts:
        header[-4:] = bytes(4)
        total = int(np.frombuffer(bytes(header + unit), ">u4").sum(dtype=np.uint64))
        while total >> 32:
            total = (total & 0xFFFFFFFF) + (total >> 32)
        header[-4:] = (0xFFFFFFFF - total).to_bytes(4, "big")
    return parts


def _byte(data: bytes, place: str, value: str) -> bytes:
    at = int(place) % max(len(data), 1)
    return data[:at] + bytes([int(value)]) + data[at + 1 :]


def _gzip(data: bytes, times: str, lost: str) -> bytes:
    for _ in range(int(times)):
        data = gzip.compress(data, 1, mtime=0)
    return data[: len(data) - int(lost)]


def _key(data: bytes, key: str, value: str) -> bytes:
    """Append a key to an object; the last of equal ones counts in JSON."""
    return data.rstrip()[:-1] + f', "{key}": {value}}}'.encode()


EDITS: dict[str, Callable[..., bytes]] = {
    "card": _on_parts(_card),
    "lose": _on_parts(_lose),
    "swap": _on_parts(_swap),
    "twice": _on_parts(_twice),
    "fill": _on_parts(_fill),
    "unit": _on_parts(_unit),
    "sums": _on_parts(_sums),
    "byte": _byte,
    "drop": lambda data, place, count: data[: int(place)] + data[int(place) + int(count) :],
    "cut": lambda data, place: data[: int(place)],
    "gzip": _gzip,
    "key": _key,
}
