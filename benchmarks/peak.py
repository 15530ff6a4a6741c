"""Peak rate of the machine: the fastest matrix product of the installed libraries.

``python -m benchmarks.peak``. A single library is not enough: on some processors MKL (torch) and
OpenBLAS (numpy) do not use the widest vectors. Each is measured at several sizes, OpenVINO with a
constant and with a varying right factor, and the best counts. The rate is averaged over a second: a
processor that is cool, or whose neighbours pause for 5 ms, cannot sustain its short-term rate
through the seconds of a forward pass.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import openvino as ov
import torch
from numpy.typing import NDArray
from openvino import opset13

from farside.model.defaults import Precision
from farside.model.engines.openvino_core import compiled

SIDES = (1024, 2048)
WINDOWS, WINDOW_S = 3, 1.0
"""Number and duration of the time windows for each kind of product; the fastest counts."""

DTYPES: dict[Precision, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Peak:
    """Rate of one kind of square matrix product, of 2 · side³ operations."""

    precision: Precision
    library: str
    side: int
    gflops: float

    def __str__(self) -> str:
        return f"{self.gflops:.0f} GFLOP/s ({self.library}, {self.side}²)"


def peaks(threads: int) -> dict[Precision, Peak]:
    """Peak by precision, measured in a process with this number of threads in all libraries."""
    given = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    done = subprocess.run(  # noqa: S603  ours
        [sys.executable, "-m", "benchmarks.peak", "--threads", str(threads)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | given,
    )
    found = [_parsed(line) for line in done.stdout.splitlines()]
    return {
        each: max((f for f in found if f.precision == each), key=lambda f: f.gflops)
        for each in DTYPES
    }


def measured(threads: int) -> Iterator[Peak]:
    """Measure all kinds at all sizes."""
    torch.set_num_threads(threads)
    rng = np.random.default_rng(0)
    for side in SIDES:
        left, right = rng.random((2, side, side), dtype=np.float32)
        for precision in DTYPES:
            for library, product in _products(left, right, precision, threads):
                yield Peak(precision, library, side, 2e-9 * side**3 / _least_s(product))


def _products(
    left: Matrix, right: Matrix, precision: Precision, threads: int
) -> Iterator[tuple[str, Callable[[], object]]]:
    if precision == "float32":
        out = np.empty_like(left)
        yield "numpy", lambda: np.matmul(left, right, out=out)
    factors = [torch.from_numpy(each).to(DTYPES[precision]) for each in (left, right)]
    yield "torch", lambda: torch.mm(*factors)
    varying = _request(len(left), None, precision, threads)
    constant = _request(len(left), right, precision, threads)
    yield "OpenVINO", lambda: varying.infer([left, right], share_inputs=True, share_outputs=True)
    yield (
        "OpenVINO constant",
        lambda: constant.infer([left], share_inputs=True, share_outputs=True),
    )


def _request(
    side: int, right: Matrix | None, precision: Precision, threads: int
) -> ov.InferRequest:
    first = opset13.parameter([side, side], ov.Type.f32)
    second = opset13.parameter([side, side], ov.Type.f32)
    factor = second if right is None else opset13.constant(right)
    product = opset13.result(opset13.matmul(first, factor, False, False))
    graph = ov.Model([product], [first, second] if right is None else [first])
    return compiled(graph, precision, threads).create_infer_request()


def _least_s(work: Callable[[], object]) -> float:
    """Seconds of one product in the fastest window."""
    work()
    return min(_mean_s(work) for _ in range(WINDOWS))


def _mean_s(work: Callable[[], object]) -> float:
    start, count = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - start) < WINDOW_S:
        work()
        count += 1
    return elapsed / count


def _parsed(line: str) -> Peak:
    precision, side, gflops, library = line.split(maxsplit=3)
    known: dict[str, Precision] = {each: each for each in DTYPES}
    return Peak(known[precision], library, int(side), float(gflops))


def main() -> None:
    """Print a line for each kind and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    for peak in measured(parser.parse_args().threads):
        print(f"{peak.precision:9s}{peak.side:5d} {peak.gflops:6.0f} {peak.library}", flush=True)


if __name__ == "__main__":
    main()
