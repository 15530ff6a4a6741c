"""Start, seconds, error and peak memory of the embedded engines: ``python -m benchmarks.engines``.

Without ``--repository`` it makes a Pix2PixCC of random weights, by default AISFM 3.0's. Each row
runs in a process of its own, since the peak of a process never falls, and in a thread of it, as in
the service. The peak of the machine's matrix product is measured before and after the rows.
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
from torch.utils.flop_counter import FlopCounterMode

from farside import checkpoint
from farside.engine import Engine, Tensor
from farside.engines.repository import read_repository
from farside.engines.torch import Precision, TorchEngine
from farside.networks.pix2pixcc import Generator
from farside.recipe import Recipe

FORWARDS = 3
"""For each row; the fastest counts."""


@dataclass(frozen=True)
class Row:
    """One measurement: an engine, as the service opens it but for the allocator."""

    name: str
    precision: Precision
    open: Callable[[Path, int, Precision], Engine]


def open_untuned(repository: Path, threads: int, precision: Precision) -> Engine:
    torch.set_num_threads(threads)
    return TorchEngine(read_repository(repository), precision)


def open_openvino(repository: Path, threads: int, precision: Precision) -> Engine:
    from farside.engines.openvino import OpenVinoEngine

    return OpenVinoEngine.from_repository(repository, threads, precision)


def open_winograd(repository: Path, threads: int, precision: Precision) -> Engine:
    from farside.engines.openvino import OpenVinoEngine

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
    top.add_argument("--n-gf", type=int, default=40)
    top.add_argument("--n-downsample", type=int, default=5)
    top.add_argument("--n-residual", type=int, default=9)
    top.add_argument("--size", type=int, default=1024)
    top.add_argument("--threads", type=int, default=os.cpu_count())
    top.add_argument("--row", type=int, help="measure this row in this process")
    top.add_argument("--answer", type=Path, help="where this row leaves its answer")
    top.add_argument("--started", type=float, help="when the process of this row was started")
    return top


def main() -> None:
    """Print the table."""
    options = parser().parse_args()
    if options.row is not None:
        print(measure(ROWS[options.row], options))
        return
    torch.set_num_threads(options.threads)
    with TemporaryDirectory() as folder:
        if options.repository is None:
            options.repository = Path(folder)
            write_random_model(options)
        print_table(options, Path(folder))


def print_table(options: argparse.Namespace, folder: Path) -> None:
    gflop = gflop_of(options.repository)
    print(f"{describe(options.repository)}, {gflop:.0f} GFLOP, {options.threads} threads")
    peaks = [peak_gflops(torch.float32), peak_gflops(torch.bfloat16)]
    print(f"{'engine':25s}precision  first s      s  GFLOP/s  peak MB  relative L2")
    for index, row in enumerate(ROWS):
        answer = folder / f"{index}.npy"
        first, seconds, megabytes = run_apart(index, answer, options)
        error = difference(np.load(answer), np.load(folder / "0.npy"))
        print(
            f"{row.name:25s}{row.precision:9s} {first:8.1f} {seconds:6.2f} "
            f"{gflop / seconds:8.0f} {megabytes:8.0f} {error:12.1e}",
            flush=True,
        )
    again = [peak_gflops(torch.float32), peak_gflops(torch.bfloat16)]
    for name, before, after in zip(("sgemm", "bf16 gemm"), peaks, again, strict=True):
        print(f"peak of {name}: {before:.0f} GFLOP/s before, {after:.0f} after")


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
    """Give the seconds from the process's start to the first answer, those of a forward, and MB."""
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


def peak_megabytes() -> float:
    """Read the largest resident size of this program; getrusage counts what started it too."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def difference(answer: Tensor, exact: Tensor) -> float:
    return float(np.linalg.norm(answer - exact) / np.linalg.norm(exact))


def peak_gflops(dtype: torch.dtype, side: int = 4096) -> float:
    """Measure the fastest of five products of square matrices, 2 · side³ operations each."""
    left, right = torch.rand(2, side, side).to(dtype)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        torch.mm(left, right)
        seconds.append(time.perf_counter() - start)
    return 2e-9 * side**3 / min(seconds)


def gflop_of(repository: Path) -> float:
    """Count the multiplications and additions of one forward."""
    ((_, read),) = read_repository(repository).items()
    network = checkpoint.build(read.recipe, read.state).to("meta")
    size = read.recipe.grid.size_px
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, network.input_channels, size, size, device="meta"))
    return int(counter.get_total_flops()) / 1e9


def describe(repository: Path) -> str:
    ((_, read),) = read_repository(repository).items()
    arguments = read.recipe.network.arguments
    shape = ", ".join(f"{key} {arguments[key]}" for key in ("n_gf", "n_downsample", "n_residual"))
    return f"{shape}, {read.recipe.grid.size_px}² pixels"


def write_random_model(options: argparse.Namespace) -> None:
    """Write a Pix2PixCC of random weights with seven channels."""
    torch.manual_seed(0)
    network = Generator(
        n_gf=options.n_gf, n_downsample=options.n_downsample, n_residual=options.n_residual
    )
    linear = {"kind": "linear", "scale": 1.0}
    recipe = Recipe.model_validate(
        {
            "name": "bench",
            "version": "1",
            "title": "random weights",
            "licence": "BSD-3-Clause",
            "network": {"name": "pix2pixcc:Generator", "arguments": network.arguments},
            "grid": {"size_px": options.size, "disk_radius_px": 450 / 1024 * options.size},
            "channels": [
                {"role": "observation", "accepts": [f"EUVI {index}"], "scaling": linear}
                for index in range(network.input_channels)
            ],
            "outputs": [
                {"quantity": "line-of-sight magnetic field", "unit": "gauss", "scaling": linear}
            ],
            "timing": {"spread_hours": 1, "usual_lag_hours": 1, "greatest_lag_hours": 1},
            "training": {
                "data": "NONE",
                "description": "random weights",
                "reference_age_days": (0, 1),
                "dates": ("2010-01-01", "2010-01-01"),
            },
        }
    )
    path = options.repository / "bench" / "1" / checkpoint.FILE_NAME
    path.parent.mkdir(parents=True)
    checkpoint.write(path, network.state_dict(), recipe)


if __name__ == "__main__":
    main()
