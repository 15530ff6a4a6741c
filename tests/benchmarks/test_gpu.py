import sys

import pytest
import torch

from benchmarks.gpu import main

SMALL = "--device cpu --small --batches 1 2 --forwards 1"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu", *arguments])
    main()


def test_without_a_gpu_it_is_one_line_and_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match=r"^torch \S+ finds no NVIDIA GPU: expected one$"):
        run(monkeypatch)


def test_a_trial_on_the_processor_measures_every_precision(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, *SMALL.split(), "--no-compile")
    lines = capsys.readouterr().out.splitlines()
    gates = ("fp32", 1e-5), ("fp16", 3e-3), ("bf16", 3e-2)
    for name in ("torch  ", "TorchScript", "ONNX Runtime, CPU"):
        for precision, gate in gates[: 1 if "ONNX" in name else 3]:
            rows = [line.split() for line in lines if line.startswith(name) and precision in line]
            assert [row[-6] for row in rows] == ["1", "2"]
            assert all(float(row[-5]) > 0 and float(row[-1]) <= gate for row in rows)
    parity = [line for line in lines if line.startswith("export parity")]
    assert len(parity) == 4
    assert all(" inside its gate" in line for line in parity)
    assert sum(line.startswith("training") and " images/s" in line for line in lines) == 4
    assert not [line for line in lines if "not run" in line]
