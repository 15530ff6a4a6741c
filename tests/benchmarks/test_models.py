from pathlib import Path

import pytest

from benchmarks.models import AISFM3, SMALLEST, describe, gflop_of, write_random_model
from farside.model.repository import read_repository


def test_a_random_model_takes_what_the_simulated_sets_hold(tmp_path: Path) -> None:
    write_random_model(tmp_path, SMALLEST, 64)
    recipe = read_repository(tmp_path)["bench"].recipe
    assert recipe.channels[-1].takes("reference", "HMI", "LOS")
    assert recipe.disk.disk_radius_px == pytest.approx(28.125)
    assert describe(tmp_path) == "n_gf 4, n_downsample 2, n_residual 1, 64² pixels"


def test_operations_are_proportional_to_the_pixels(tmp_path: Path) -> None:
    for size in (64, 128):
        write_random_model(tmp_path / str(size), SMALLEST, size)
    small, large = (gflop_of(tmp_path / str(size)) for size in (64, 128))
    assert large == pytest.approx(4 * small)


def test_the_published_network_is_the_papers() -> None:
    assert AISFM3 == {"n_gf": 40, "n_downsample": 5, "n_residual": 9}
