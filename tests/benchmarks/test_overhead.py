import time

import numpy as np
import pytest

from benchmarks.overhead import Overhead, alternate


def test_each_arm_runs_once_a_round_and_leads_in_turn() -> None:
    order: list[str] = []
    seconds = alternate([lambda: order.append("a"), lambda: order.append("b")], rounds=3)
    assert "".join(order) == "abbaabba"
    assert [len(each) for each in seconds] == [3, 3]


def test_the_times_of_an_arm_are_its_own() -> None:
    slow, fast = alternate([lambda: time.sleep(0.05), lambda: None], rounds=2)
    assert slow.min() >= 0.05 > fast.max()


def test_a_row_gives_the_medians_of_paired_differences() -> None:
    engine = np.array([2.0, 2.0, 9.0])
    overhead = Overhead(engine, engine / 4, 1.5 * engine, 1.5 * engine + 0.01, under_two_s=2.2)
    row = overhead.row("AISFM 3.0", "openvino", "small")
    assert "10.0 (  10.0 to   10.0)" in row
    assert "  0.3%" in row  # 0.01 s of 3 s
    assert " 50.5%" in row  # 1.01 s of 2 s
    assert row.endswith("510.0       2.200 (+10.0%)")  # 1.51 s less the quarter of the engine's 2 s


@pytest.mark.parametrize("rounds", [1, 4])
def test_the_first_round_does_not_count(rounds: int) -> None:
    calls: list[int] = []
    (seconds,) = alternate([lambda: calls.append(1)], rounds)
    assert (len(calls), len(seconds)) == (rounds + 1, rounds)
