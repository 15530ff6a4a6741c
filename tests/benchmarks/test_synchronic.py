from benchmarks.synchronic import table, timed


def test_the_least_of_some_repetitions_is_noted_and_the_last_made_is_given() -> None:
    calls: list[int] = []

    def work() -> int:
        calls.append(1)
        return len(calls)

    rows: list[tuple[str, float, float]] = []
    assert timed(rows, "stage", 3, work) == 3
    ((stage, seconds, processor_s),) = rows
    assert stage == "stage"
    assert min(seconds, processor_s) >= 0


def test_each_stage_has_a_row() -> None:
    assert table([[("a", 1.0, 1.0), ("b", 2.0, 2.0)], [("c", 3.0, 3.0)]]).row_count == 3
