from dataclasses import replace

import numpy as np
import pytest

from farside.synchronic.map import OWN_INSTRUMENT, SynchronicMap
from tests.support.maps import BASE, HMI, stereo, synchronic

MADE = synchronic(BASE, HMI, stereo("A", 120.0))


def test_provenance_says_what_the_source_of_each_pixel_is() -> None:
    kinds = np.array(["base", "observed", "generated"])
    wanted = np.array([source.kind for source in MADE.sources])[MADE.source]
    np.testing.assert_array_equal(kinds[MADE.provenance()], wanted)


def test_shares_of_all_kinds_are_the_sphere() -> None:
    shares = [MADE.share(kind) for kind in ("base", "observed", "generated")]
    assert sum(shares) == pytest.approx(1)
    assert min(shares) > 0.05


def test_a_map_is_the_base_of_the_next_one_with_its_ages_and_sigma() -> None:
    base = MADE.to_base_map("map.fits", "ab")
    assert (base.instrument, base.name, base.sha256) == (OWN_INSTRUMENT, "map.fits", "ab")
    assert base.time == MADE.time
    np.testing.assert_array_equal(base.field_gauss, MADE.field_gauss)
    np.testing.assert_array_equal(base.age_days, MADE.age_days)
    assert base.sigma_gauss is MADE.sigma_gauss


def test_a_base_map_alone_is_a_map_in_which_a_missing_cell_stays_alone() -> None:
    field = MADE.field_gauss.copy()
    field[3, 5] = np.nan
    alone = SynchronicMap.of_base(replace(MADE.to_base_map("map.fits"), field_gauss=field))
    np.testing.assert_array_equal(alone.field_gauss, field)
    np.testing.assert_array_equal(alone.age_days, MADE.age_days)
    assert [(source.kind, source.name) for source in alone.sources] == [("base", "map.fits")]
    assert alone.share("base") == pytest.approx(1)
    assert np.isfinite(alone.balance.after_gauss)
