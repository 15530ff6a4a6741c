"""Seconds and peak memory of one forward: ``python -m benchmarks.engines``.

Each row runs in a process of its own, since the peak of a process never falls.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from threading import Thread

import numpy as np
import torch

from farside.checkpoint import Checkpoint
from farside.engine import Tensor
from farside.engines.torch import Precision, TorchEngine, keep_freed_memory
from farside.networks.pix2pixcc import Generator
from farside.recipe import Recipe


@dataclass(frozen=True)
class Row:
    """One measurement."""

    precision: Precision
    tuned: bool


ROWS = (Row("float32", tuned=False), Row("float32", tuned=True), Row("bfloat16", tuned=True))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-gf", type=int, default=16)
    parser.add_argument("--n-downsample", type=int, default=4)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--row", type=int, help="measure this row in this process")
    options = parser.parse_args()
    if options.row is not None:
        print(measure(ROWS[options.row], options))
        return
    shape = f"n_gf {options.n_gf}, n_downsample {options.n_downsample}, {options.size}² pixels"
    print(f"{shape}, {options.threads} threads")
    print("precision allocator seconds megabytes (peak of the process)")
    for index in range(len(ROWS)):
        command = [sys.executable, "-m", "benchmarks.engines", *sys.argv[1:], "--row", str(index)]
        subprocess.run(command, check=True)  # noqa: S603  our own program


def measure(row: Row, options: argparse.Namespace) -> str:
    """Run three forwards in a thread, as the service does; the fastest counts."""
    if row.tuned:
        keep_freed_memory()
    torch.set_num_threads(options.threads)
    engine = TorchEngine({"bench": random_model(options)}, row.precision)
    tensor = engine.buffer("bench")
    tensor[...] = np.random.default_rng(0).random(tensor.shape, dtype=np.float32)
    seconds: list[float] = []
    thread = Thread(target=lambda: seconds.extend(forward(engine, tensor) for _ in range(3)))
    thread.start()
    thread.join()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    allocator = "tuned" if row.tuned else "default"
    return f"{row.precision:9s} {allocator:9s} {min(seconds):7.2f} {peak:9.0f}"


def forward(engine: TorchEngine, tensor: Tensor) -> float:
    start = time.perf_counter()
    engine.infer("bench", tensor)
    return time.perf_counter() - start


def random_model(options: argparse.Namespace) -> Checkpoint:
    """Make a Pix2PixCC of random weights with seven channels."""
    torch.manual_seed(0)
    network = Generator(n_gf=options.n_gf, n_downsample=options.n_downsample)
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
    return Checkpoint(recipe, "", network.state_dict())


if __name__ == "__main__":
    main()
