"""TorchScript, which Triton's pytorch backend loads."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.jit._trace import TracerWarning

from export.precision import Served
from farside.model.engine import Tensor


def write(network: Served, path: Path) -> None:
    """Trace and freeze a network.

    It is traced on the least input it takes, since networks are fully convolutional: tracing on the
    whole grid takes as long as several forwards. Frozen weights are constants of the graph; they
    follow the device at which the file is loaded, not a later move.
    """
    example = torch.zeros(1, network.input_channels, network.least_side, network.least_side)
    with _old_interface(), torch.inference_mode():
        traced = torch.jit.trace(network, example)  # type: ignore[no-untyped-call]
        torch.jit.freeze(traced).save(str(path))


def load(path: Path, device: str = "cpu") -> torch.jit.ScriptModule:
    """Read what :func:`write` has written."""
    with _old_interface():
        loaded: torch.jit.ScriptModule = torch.jit.load(  # type: ignore[no-untyped-call]
            path, map_location=device
        )
    return loaded


def run(path: Path, tensor: Tensor, device: str = "cpu") -> Tensor:
    """Answer a batch as the file says.

    Convolutions keep the full float32 of their inputs on a GPU too (no TF32).
    """
    network = load(path, device)
    with torch.inference_mode(), torch.backends.cudnn.flags(allow_tf32=False):
        answer: Tensor = network(torch.from_numpy(tensor).to(device)).cpu().numpy()
    return answer


@contextmanager
def _old_interface() -> Iterator[None]:
    """Silence what torch warns of: Triton loads nothing newer; sizes are meant to be constants."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", TracerWarning)
        yield
