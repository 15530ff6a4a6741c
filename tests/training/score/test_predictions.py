import astropy.units as u
import numpy as np

from farside.model.engine import find_model
from farside.sun.observer import View
from tests.support.small_model import Echo
from tests.training.score.fakes import (
    DISK,
    EARTH,
    SMALL,
    SPACECRAFT,
    TIME,
    case,
    noise,
    spot,
)
from training.score.predictions import OTHER_EUV, OTHER_REFERENCE, PERSISTENCE, ZERO, predict

ENGINE = Echo(SMALL, slice(1, 2))
MODEL = find_model(ENGINE, "demo")

# Where Eq. 5 puts the reference of a spacecraft at 120 degrees.
AGE_DAYS = 120 / 360 * 27.3


def test_persistence_is_the_reference_where_it_saw_and_zero_elsewhere() -> None:
    centre = SPACECRAFT.carrington_longitude_deg(TIME)
    then, now = View(EARTH, TIME - AGE_DAYS * u.day), View(SPACECRAFT, TIME)
    # 14.42 - 14.1844 degrees a day ahead of the Carrington frame at the equator.
    truth = spot(centre + 0.2356 * AGE_DAYS, 0.0, now, 500)
    given = case(1, AGE_DAYS, truth, spot(centre, 0.0, then, 500))
    found = predict(given, None, MODEL, ENGINE)
    np.testing.assert_allclose(found.persistence[DISK], truth[DISK], atol=25)
    late = predict(case(1, AGE_DAYS + 13.65, truth), None, MODEL, ENGINE)
    assert late.seen[DISK].mean() < 0.05
    assert not np.nan_to_num(late.persistence[~late.seen]).any()


def test_the_zero_field_is_zero_on_the_disk_and_nowhere_else() -> None:
    found = predict(case(1, AGE_DAYS, noise(1)), None, MODEL, ENGINE)
    np.testing.assert_array_equal(found.by_name[ZERO], np.where(DISK, 0, np.nan))
    assert found.by_name[PERSISTENCE] is found.persistence


def test_controls_swap_one_role_at_a_time() -> None:
    one, other = case(1, AGE_DAYS, noise(1)), case(2, AGE_DAYS, noise(2))
    found = predict(one, other, MODEL, ENGINE)
    # This model repeats its reference.
    expected = {OTHER_REFERENCE: other.truth, OTHER_EUV: one.truth}
    for name, image in expected.items():
        np.testing.assert_allclose(found.controls[name][DISK], image[DISK], rtol=1e-5)
    np.testing.assert_allclose(found.model[DISK], one.truth[DISK], rtol=1e-5)


def test_without_a_partner_there_are_no_controls() -> None:
    assert predict(case(1, AGE_DAYS, noise(1)), None, MODEL, ENGINE).controls == {}
