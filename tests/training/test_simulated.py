import numpy as np

from training.simulated import FIRST_TRAINING_SEED, GRID, render


def test_a_sample_is_made_again_from_its_seed_and_another_seed_gives_another() -> None:
    first, again, other = render(11), render(11), render(12)
    np.testing.assert_array_equal(first.planes, again.planes)
    assert first.age_days == again.age_days
    assert not np.array_equal(first.planes, other.planes)


def test_euv_planes_are_in_medians_and_nothing_lies_off_the_disk() -> None:
    planes = render(11).planes
    on_disk = GRID.on_disk()
    np.testing.assert_allclose(np.median(planes[:6, on_disk], axis=1), 1, rtol=1e-5)
    assert not planes[:, ~on_disk].any()


def test_ages_cover_what_eq_5_can_ask_for() -> None:
    ages = [render(FIRST_TRAINING_SEED + k).age_days for k in range(12)]
    assert 0 <= min(ages) < 9 < 18 < max(ages) <= 27.3
