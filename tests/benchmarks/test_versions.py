import sys
from pathlib import Path

import pytest

from benchmarks.checkouts import Checkout
from benchmarks.versions import PARTS, ROOT, Bench, main, table
from farside.simulation.instruments.files import SimulatedSet


def bench(folder: Path) -> Bench:
    """This checkout beside itself, with little work."""
    requests = (("small", 2),)
    both = Checkout("before", ROOT), Checkout("now", ROOT)
    return Bench(*both, folder, rounds=1, clients=(1,), requests=requests, files=4, steps=(1, 2))


def test_ratios_above_one_are_gains_of_the_present_checkout() -> None:
    found = {
        "a step, s": {"before": [3.0, 9.0, 4.0], "now": [2.0, 1.0, 8.0], "other": [1.0]},
        "steps/s": {"before": [2.0], "now": [24.0]},
    }
    assert list(table(found))[2:] == [
        "| a step, s | 4 | 2 | 1 | 2.00× | 0.50× |",
        "| steps/s | 2 | 24 |  | 12× |  |",
    ]


def test_an_unknown_part_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["versions", "..", "all"])
    with pytest.raises(SystemExit, match="got all, expected some of start, files"):
        main()


def test_a_program_has_its_own_cost_and_a_failure_says_why(tmp_path: Path) -> None:
    cost = Checkout("now", ROOT).python("-c", "print(sum(range(10**6)))")
    assert cost.output == "499999500000\n"
    assert cost.processor_s > 0
    with pytest.raises(RuntimeError, match="no module of that name"):
        Checkout("now", ROOT).python("-c", "raise SystemExit('no module of that name')")


@pytest.mark.parametrize(
    "part", ["service", pytest.param("triton", marks=pytest.mark.soak), "watch", "queries"]
)
def test_both_checkouts_are_measured(part: str, small: SimulatedSet, tmp_path: Path) -> None:
    (tmp_path / "small").symlink_to(small.truth.parent.parent)
    found = PARTS[part](bench(tmp_path))
    assert found
    for figures in found.values():
        assert figures.keys() == {"before", "now"}
        assert all(value > 0 for values in figures.values() for value in values)
