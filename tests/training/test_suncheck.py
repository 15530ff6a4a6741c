from dataclasses import replace

import numpy as np
import pytest
from astropy.time import Time

from farside.sun.grid import Image
from training.suncheck.light import RADIUS, measured
from training.suncheck.page import light_table, persistence_table
from training.suncheck.persistence import COLUMNS, ROWS, persisted
from training.suncheck.pictures import GRID, STAND_INS, Picture, twin


def noise(seed: int) -> Image:
    side = GRID.size_px
    return np.random.default_rng(seed).standard_normal((side, side)).astype(np.float32)


def picture(light: Image, field: Image) -> Picture:
    inside = np.where(RADIUS < 1, field, 0).astype(np.float32)
    return Picture("made", Time("2014-01-01"), {"304": light}, inside, 1e4)


def test_light_that_follows_the_field_is_measured_as_such_and_other_light_is_not() -> None:
    field = 30 * noise(1)
    bound = measured(picture(1 + np.abs(field), field))
    free = measured(picture(np.exp(0.3 * noise(2)), field))
    for block in (1, 4, 8):
        name = f"304 log I, log |B| at {block} px"
        assert bound[name] > 0.99
        assert abs(free[name]) < 0.2


def test_scatter_and_rings_are_what_was_put_in() -> None:
    light = np.exp(0.4 * noise(3)) * np.where(RADIUS > 1, 0.5, 1)
    found = measured(picture(light.astype(np.float32), noise(4)))
    assert found["304 scatter of ln I, quiet"] == pytest.approx(0.4, rel=0.05)
    assert found["304 1.04 R / centre"] == pytest.approx(0.5, rel=0.05)
    assert found["304 limb / centre"] == pytest.approx(1, rel=0.05)


def test_maps_that_stay_persist_and_others_do_not() -> None:
    one, other = (
        20 * np.random.default_rng(seed).standard_normal((ROWS, COLUMNS)).astype(np.float32)
        for seed in (1, 2)
    )
    stays, goes = persisted([[one, one]]), persisted([[one, other]])
    for block in (1, 5, 9):
        assert stays[f"signed, {block} px"] == pytest.approx(1)
        assert abs(goes[f"signed, {block} px"]) < 0.1


def test_a_simulated_twin_has_the_bands_and_the_clipping_that_a_real_set_has() -> None:
    like = STAND_INS[1]
    real = replace(like, picture=replace(like.picture, clip_gauss=50.0))
    made = twin(real, 3)
    assert set(made.light) == {"304", "193", "171"}
    assert made.field is not None
    assert np.abs(made.field).max() == 50
    table = light_table([], [measured(made)])
    assert r"| 304 log I, log \|B\| at 4 px | 0.68 to 0.79 |" in table


def test_where_there_are_no_real_maps_what_was_measured_on_them_stands() -> None:
    assert "| signed, 5 px | 0.20 | 0.25 (0.05) |" in persistence_table(
        None, [{"signed, 5 px": 0.2}, {"signed, 5 px": 0.3}]
    )
