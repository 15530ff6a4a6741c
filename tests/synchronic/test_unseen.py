"""Sectors that no disk shows, on a map whose thirds are base, observed and generated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from farside.synchronic.cards import flag_cards
from farside.synchronic.unseen import unseen_sectors
from tests.support.synchronic_maps import synchronic_map


@pytest.mark.parametrize(
    ("turn_deg", "edges"), [(0, (0, 120)), (200, (200, 320)), (300, (300, 60)), (240, (240, 360))]
)
def test_the_sector_of_the_base_map_is_unseen_since_the_age_of_its_oldest_part(
    turn_deg: int, edges: tuple[float, float]
) -> None:
    made = synchronic_map()
    age_days = made.age_days.copy()
    age_days[90, 50] = 9.0
    turned = replace(
        made,
        source=np.roll(made.source, turn_deg, axis=1),
        age_days=np.roll(age_days, turn_deg, axis=1),
    )
    (sector,) = unseen_sectors(turned)
    assert (sector.first_deg, sector.last_deg) == edges
    assert float((made.time - sector.since).to_value("day")) == pytest.approx(9)
    cards = {key: value for key, value, _ in flag_cards(turned, 1.0)}
    assert cards["UNSEEN1"] == f"{edges[0]}-{edges[1]}"
    assert cards["UNSINC1"] == "2018-10-28T00:04"


def test_a_map_that_disks_fill_or_that_none_does() -> None:
    made = synchronic_map()
    assert unseen_sectors(replace(made, source=np.ones_like(made.source))) == ()
    (whole,) = unseen_sectors(replace(made, source=np.zeros_like(made.source)))
    assert (whole.first_deg, whole.last_deg) == (0, 360)
