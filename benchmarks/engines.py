"""Start-up time, speed, error and peak memory of the embedded engines.

``python -m benchmarks.engines``; without ``--repository`` it uses a Pix2PixCC of random weights, by
default AISFM 3.0's. Each row runs in its own process, since the peak memory of a process never
falls, and in a thread, as in the service. The machine's fastest matrix product
(:mod:`benchmarks.peak`) is measured before and after the rows; the percentage of a row refers to
the better of both in its precision. Operations of Winograd are counted as those of the direct
convolution, so its percentage may exceed 100 %.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import numpy as np
import torch

from benchmarks.memory import peak_megabytes
from benchmarks.models import AISFM3, describe, gflop_of, write_random_model
from benchmarks.peak import peaks
from farside.model.defaults import Precision
from farside.model.engine import Engine, Tensor
from farside.model.engines.torch import TorchEngine
from farside.model.repository import read_repository

FORWARDS = 6
"""Forward passes of each row; the fastest counts."""


@dataclass(frozen=True)
class Row:
    """Configuration of one measurement: an engine, opened as in the service."""

    name: str
    precision: Precision
    open: Callable[[Path, int, Precision], Engine]


def open_untuned(repository: Path, threads: int, precision: Precision) -> Engine:
    torch.set_num_threads(threads)
    return TorchEngine(read_repository(repository), precision)


def open_openvino(repository: Path, threads: int, precision: Precision) -> Engine:
    from farside.model.engines.openvino import OpenVinoEngine

    return OpenVinoEngine.from_repository(repository, threads, precision)


def open_winograd(repository: Path, threads: int, precision: Precision) -> Engine:
    from farside.model.engines.openvino import OpenVinoEngine

    return OpenVinoEngine.from_repository(repository, threads, precision, winograd=True)


ROWS = (
    Row("torch", "float32", TorchEngine.from_repository),
    Row("torch, malloc left alone", "float32", open_untuned),
    Row("torch", "bfloat16", TorchEngine.from_repository),
    Row("openvino", "float32", open_openvino),
    Row("openvino, Winograd", "float32", open_winograd),
    Row("openvino", "bfloat16", open_openvino),
)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    top.add_argument("--repository", type=Path, help="measure the one model of this folder")
    for name, value in AISFM3.items():
        top.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    top.add_argument("--size", type=int, default=1024)
    top.add_argument("--threads", type=int, default=os.cpu_count())
    top.add_argument("--row", type=int, help="measure this row in this process")
    top.add_argument("--answer", type=Path, help="file for the output of this row")
    top.add_argument("--started", type=float, help="start time of the process of this row")
    return top


def main() -> None:
    """Print the table."""
    options = parser().parse_args()
    if options.row is not None:
        print(measure(ROWS[options.row], options))
        return
    os.environ.setdefault("FARSIDE_CACHE", "off")  # the first start is measured, tracing included
    with TemporaryDirectory() as folder:
        if options.repository is None:
            options.repository = Path(folder)
            write_random_model(options.repository, vars(options), options.size)
        print_table(options, Path(folder))


def print_table(options: argparse.Namespace, folder: Path) -> None:
    gflop = gflop_of(options.repository)
    print(f"{describe(options.repository)}, {gflop:.0f} GFLOP, {options.threads} threads")
    before = peaks(options.threads)
    rows = [(row, *run_row(index, folder, options)) for index, row in enumerate(ROWS)]
    after = peaks(options.threads)
    best = {each: max(before[each], after[each], key=lambda p: p.gflops) for each in before}
    print(f"{'engine':25s}precision  first s      s  GFLOP/s  of peak  peak MB  relative L2")
    for row, first, seconds, megabytes, error in rows:
        gflops = gflop / seconds
        print(
            f"{row.name:25s}{row.precision:9s} {first:8.1f} {seconds:6.2f} {gflops:8.0f} "
            f"{gflops / best[row.precision].gflops:8.0%} {megabytes:8.0f} {error:12.1e}"
        )
    for precision in best:
        print(f"peak of {precision}: {before[precision]} before, {after[precision]} after")


def run_row(
    index: int, folder: Path, options: argparse.Namespace
) -> tuple[float, float, float, float]:
    """Run a row in its own process; its error is relative to the first row, torch in float32."""
    answer = folder / f"{index}.npy"
    measured = run_apart(index, answer, options)
    return *measured, difference(np.load(answer), np.load(folder / "0.npy"))


def run_apart(index: int, answer: Path, options: argparse.Namespace) -> tuple[float, float, float]:
    given = {
        "--repository": options.repository,
        "--threads": options.threads,
        "--row": index,
        "--answer": answer,
        "--started": time.time(),
    }
    command = [sys.executable, "-m", "benchmarks.engines"]
    command += [str(word) for pair in given.items() for word in pair]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603  ours
    first, seconds, megabytes = map(float, done.stdout.split())
    return first, seconds, megabytes


def measure(row: Row, options: argparse.Namespace) -> str:
    """Time from process start to first answer, time of a forward pass (seconds), and peak MB."""
    engine = row.open(options.repository, options.threads, row.precision)
    (name,) = engine.models()
    tensor = engine.buffer(name)
    tensor[...] = np.random.default_rng(0).random(tensor.shape, dtype=np.float32)
    ends: list[float] = []
    answers: list[Tensor] = []

    def forwards() -> None:
        for _ in range(FORWARDS):
            answers[:] = [engine.infer(name, tensor)]
            ends.append(time.time())

    thread = Thread(target=forwards)
    thread.start()
    thread.join()
    peak = peak_megabytes()
    np.save(options.answer, answers[0])
    return f"{ends[0] - options.started} {min(np.diff(ends))} {peak}"


def difference(answer: Tensor, exact: Tensor) -> float:
    return float(np.linalg.norm(answer - exact) / np.linalg.norm(exact))


if __name__ == "__main__":
    main()
