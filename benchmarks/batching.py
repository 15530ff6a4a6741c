"""Speed of batched inference compared with single images, on this processor.

``python -m benchmarks.batching`` times the shipped model, and AISFM 3.0's network, on 256². Each
round runs every batch size once; the figures are medians over rounds. The OpenVINO engine itself
runs images one by one: here its network is compiled for the batch, without the engine's own
normalisation.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import openvino as ov
import torch
from torch.jit._trace import TracerWarning

from benchmarks.models import AISFM3, describe, write_random_model
from farside.model import checkpoint
from farside.model.engine import Tensor
from farside.model.engines.openvino import compiled
from farside.model.engines.torch import keep_freed_memory
from farside.model.networks import Network
from farside.model.repository import read_repository

Forward = Callable[[], object]


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    add = top.add_argument
    add("--repository", type=Path, default=Path("model_repository"), help="with one model")
    add("--size", type=int, default=256, help="grid of AISFM 3.0's network here (%(default)s)")
    add("--batches", type=int, nargs="+", default=[1, 2, 4])
    add("--rounds", type=int, default=7)
    add("--threads", type=int, default=os.cpu_count())
    return top


def main() -> None:
    """Print the table."""
    options = parser().parse_args()
    keep_freed_memory()
    torch.set_num_threads(options.threads)
    with TemporaryDirectory() as folder:
        write_random_model(Path(folder), AISFM3, options.size)
        for repository in (options.repository, Path(folder)):
            print(f"{describe(repository)}, {options.threads} threads, float32, ms an image")
            print(f"{'engine':10s}" + "".join(f"{f'batch {b}':>11s}" for b in options.batches))
            for name, forwards in _engines(repository, options).items():
                print(_row(name, forwards, options.rounds), flush=True)


def _engines(repository: Path, options: argparse.Namespace) -> Mapping[str, Mapping[int, Forward]]:
    """Forward passes by engine and batch size."""
    ((_, read),) = read_repository(repository).items()
    network, size = checkpoint.build(read.recipe, read.state), read.recipe.side_px
    rng = np.random.default_rng(0)
    inputs = {
        batch: rng.normal(size=(batch, network.input_channels, size, size)).astype(np.float32)
        for batch in options.batches
    }
    return {
        "torch": {batch: _by_torch(network, tensor) for batch, tensor in inputs.items()},
        "openvino": {
            batch: _by_openvino(network, tensor, options.threads)
            for batch, tensor in inputs.items()
        },
    }


def _by_torch(network: Network, tensor: Tensor) -> Forward:
    def forward() -> object:
        with torch.inference_mode():
            return network(torch.from_numpy(tensor))

    return forward


def _by_openvino(network: Network, tensor: Tensor, threads: int) -> Forward:
    with warnings.catch_warnings():
        # TorchScript is deprecated, and sizes become constants, as in the engine.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", TracerWarning)
        traced = torch.jit.trace(network, torch.from_numpy(tensor), check_trace=False)  # type: ignore[no-untyped-call]
        graph = ov.convert_model(traced, input=[tensor.shape])
    request = compiled(graph, "float32", threads).create_infer_request()
    return lambda: request.infer([tensor], share_inputs=True, share_outputs=True)


def _row(name: str, forwards: Mapping[int, Forward], rounds: int) -> str:
    seconds: dict[int, list[float]] = {batch: [] for batch in forwards}
    for _ in range(1 + rounds):
        for batch, forward in forwards.items():
            start = time.perf_counter()
            forward()
            seconds[batch].append((time.perf_counter() - start) / batch)
    medians = [1e3 * float(np.median(each[1:])) for each in seconds.values()]
    return f"{name:10s}" + "".join(f"{median:11.1f}" for median in medians)


if __name__ == "__main__":
    main()
