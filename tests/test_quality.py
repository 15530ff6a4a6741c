"""The bits of QUALITY, and their page of the manual: ``python -m tests.test_quality`` makes it."""

from farside.quality import MEANINGS, Quality
from tests.support.live import ROOT

PAGE = ROOT / "docs" / "quality.md"

HEAD = """# Quality flags

QUALITY in the header of a product is a sum of these bits, 0 if none is set; a COMMENT names each. A
product has the bits of its inputs as well. `farside archive find` selects by them, and the header
`X-Farside-Quality` of the service has the sum and the names.

| bit | name | meaning |
|--:|---|---|
"""

TAIL = """
**When `SIMULATED_TRAINING` goes.** A model that was trained on the simulated Sun loses the bit
when, on the [real benchmark](real-sun.md), without a reference and in the mean of the sets that
are fit for it, it reaches a correlation of 0.50 at 1° and 0.70 at 4°, of |B| 0.60 and 0.85, and
the right polarity in 21 of the 23 regions, and nothing of it was chosen by these sets. None does:
`farside-1` 3 has 0.39 and 0.54, 0.57 and 0.76, and 18 regions. So the bit is set by the Recipe
(`data = "SIMULATED"`) alone.
"""


def page() -> str:
    rows = (f"| {bit.value} | `{bit.name}` | {MEANINGS[bit]} |\n" for bit in Quality)
    return HEAD + "".join(rows) + TAIL


def test_every_bit_has_a_meaning_and_the_manual_shows_it() -> None:
    assert list(MEANINGS) == list(Quality)
    assert PAGE.read_text() == page()


if __name__ == "__main__":
    PAGE.write_text(page())
