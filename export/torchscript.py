"""Export to TorchScript, for Triton's pytorch backend."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.jit._trace import TracerWarning

from export.precision import ServedNetwork
from farside.model.engine import Tensor


def write(network: ServedNetwork, path: Path) -> None:
    """Trace a network, freeze it and write it to a file.

    Networks are fully convolutional, so it is traced on the smallest input: tracing on the whole
    grid takes as long as several forward passes. Frozen weights are constants of the graph; their
    device is set when the file is loaded and cannot be changed later.
    """
    example = torch.zeros(1, network.input_channels, network.min_side, network.min_side)
    with _old_interface(), torch.inference_mode():
        traced = torch.jit.trace(network, example)  # type: ignore[no-untyped-call]
        torch.jit.freeze(traced).save(str(path))


def load(path: Path, device: str = "cpu") -> torch.jit.ScriptModule:
    """Load a file written by :func:`write`."""
    with _old_interface():
        loaded: torch.jit.ScriptModule = torch.jit.load(  # type: ignore[no-untyped-call]
            path, map_location=device
        )
    return loaded


def run(path: Path, tensor: Tensor, device: str = "cpu") -> Tensor:
    """Run a batch, (n, channel, y, x) → (n, output, y, x), without TF32 on a GPU."""
    network = load(path, device)
    with torch.inference_mode(), torch.backends.cudnn.flags(allow_tf32=False):
        answer: Tensor = network(torch.from_numpy(tensor).to(device)).cpu().numpy()
    return answer


@contextmanager
def _old_interface() -> Iterator[None]:
    """Silence torch's warnings: Triton needs the old format, and constant sizes are intended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", TracerWarning)
        yield
