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


def page() -> str:
    rows = (f"| {bit.value} | `{bit.name}` | {MEANINGS[bit]} |\n" for bit in Quality)
    return HEAD + "".join(rows)


def test_every_bit_has_a_meaning_and_the_manual_shows_it() -> None:
    assert list(MEANINGS) == list(Quality)
    assert PAGE.read_text() == page()


if __name__ == "__main__":
    PAGE.write_text(page())
