"""Speed and accuracy of a network on a GPU, by default AISFM 3.0's at 1024².

``python -m benchmarks.gpu`` measures each way to run it, at each precision and batch size: seconds
per image, memory, and the error against float32 without TF32 on the same device. The parity of the
exported TorchScript has a line of its own. It needs only torch, numpy, safetensors and pydantic.
``--device cpu --size 64 --n-gf 4`` tests the script without a GPU; its figures are meaningless.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from benchmarks.models import AISFM3
from export import torchscript
from export.build import Build, Precision
from export.parity import compare, gate_of
from export.precision import DTYPES, ServedNetwork
from farside.model.networks import Network
from farside.model.networks.pix2pixcc import Generator

WARM_UP = 2

Forward = Callable[[Tensor], Tensor]
Prepare = Callable[[Network, Precision, Tensor], Forward]


@dataclass(frozen=True)
class Row:
    """Way to run a network: compiler, precision and TF32."""

    name: str
    precision: Precision
    prepare: Prepare
    tf32: bool = False


@dataclass(frozen=True)
class Speed:
    """Time and memory of one batch.

    Attributes
    ----------
    image_s
        Seconds per image in the fastest forward pass.
    megabytes
        Peak GPU memory, MB; NaN on a CPU.
    """

    image_s: float
    megabytes: float


def eager(network: Network, precision: Precision, example: Tensor) -> Forward:
    return ServedNetwork(network, DTYPES[precision]).to(example.device).eval()


def compiled(network: Network, precision: Precision, example: Tensor) -> Forward:
    torch._dynamo.reset()  # otherwise the limit on recompilations applies to all rows together
    forward: Forward = torch.compile(eager(network, precision, example), dynamic=False)
    return forward


def exported(network: Network, precision: Precision, example: Tensor) -> Forward:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        torchscript.write(ServedNetwork(network, DTYPES[precision]).eval(), path)
        return torchscript.load(path, str(example.device))


ROWS = (
    Row("torch", "fp32", eager),
    Row("torch, TF32", "fp32", eager, tf32=True),
    Row("torch", "fp16", eager),
    Row("torch", "bf16", eager),
    Row("torch.compile, TF32", "fp32", compiled, tf32=True),
    Row("torch.compile", "fp16", compiled),
    Row("torch.compile", "bf16", compiled),
    Row("TorchScript", "fp32", exported),
    Row("TorchScript", "fp16", exported),
    Row("TorchScript", "bf16", exported),
)
"""Rows of the table; the first is the reference for the errors of the others."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    add = top.add_argument
    add("--device", default="cuda")
    add("--size", type=int, default=1024, help="side of the image, pixels (%(default)s)")
    for name, value in AISFM3.items():
        add(f"--{name.replace('_', '-')}", type=int, default=value, help="(%(default)s)")
    add("--batches", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    add("--forwards", type=int, default=5, help="repetitions; the fastest counts (%(default)s)")
    add("--no-compile", action="store_true", help="skip torch.compile, which takes minutes")
    return top


def main() -> None:
    """Print the table."""
    options = parser().parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        raise SystemExit(f"torch {torch.__version__} finds no NVIDIA GPU: expected one")
    device = torch.device(options.device)
    images = torch.randn(
        max(options.batches),
        7,
        options.size,
        options.size,
        generator=torch.Generator().manual_seed(0),
    ).to(device)
    print(f"{_describe(device)}, torch {torch.__version__}, {_shape(options)}")
    print(f"{'':22s}precision  batch  s an image  images/s  peak MB  relative L2")
    with torch.inference_mode():
        truth = _answer(ROWS[0], options, images[:1])
        for row in ROWS:
            if row.prepare is not compiled or not options.no_compile:
                for line in _lines(row, options, images, truth):
                    print(line, flush=True)


def _lines(row: Row, options: argparse.Namespace, images: Tensor, truth: Tensor) -> Iterator[str]:
    """Lines of a row: one for each batch size, and one on the parity of an export."""
    with _arithmetic(row.tf32):
        forward = row.prepare(_network(options), row.precision, images[:1])
        answer = forward(images[:1])
        figures = compare(answer.cpu().numpy(), truth.cpu().numpy())
        for batch in options.batches:
            try:
                speed = _speed(forward, images[:batch], options.forwards)
            except torch.OutOfMemoryError:
                torch.cuda.empty_cache()
                yield f"{row.name:22s}{row.precision:9s}{batch:7d}  out of memory"
                return
            yield (
                f"{row.name:22s}{row.precision:9s}{batch:7d}{speed.image_s:12.4f}"
                f"{1 / speed.image_s:10.1f}{speed.megabytes:9.0f}{figures.relative_l2:13.1e}"
            )
    if row.prepare is exported:
        gate = gate_of(Build("torchscript", row.precision, "gpu", 1))
        verdict = "inside" if figures.relative_l2 <= gate else "OUTSIDE"
        yield (
            f"export parity, TorchScript {row.precision}: relative L2 {figures.relative_l2:.1e}, "
            f"max |Δ| / span {figures.max_delta_over_span:.1e}, {verdict} its gate of {gate:.0e}"
        )


def _answer(row: Row, options: argparse.Namespace, images: Tensor) -> Tensor:
    with _arithmetic(row.tf32):
        return row.prepare(_network(options), row.precision, images)(images)


def _speed(forward: Forward, images: Tensor, forwards: int) -> Speed:
    """Time forward passes with input and output in device memory."""
    on_gpu = images.is_cuda
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(WARM_UP + forwards):
        start = time.perf_counter()
        forward(images)
        if on_gpu:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    peak = torch.cuda.max_memory_allocated() / 1e6 if on_gpu else float("nan")
    return Speed(min(seconds[WARM_UP:]) / len(images), peak)


@contextmanager
def _arithmetic(tf32: bool) -> Iterator[None]:
    """Allow or forbid TF32, and let cuDNN benchmark its kernels."""
    before = torch.backends.cuda.matmul.allow_tf32
    with ExitStack() as stack:
        stack.enter_context(
            torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=tf32)
        )
        stack.callback(setattr, torch.backends.cuda.matmul, "allow_tf32", before)
        torch.backends.cuda.matmul.allow_tf32 = tf32
        yield


def _network(options: argparse.Namespace) -> Network:
    """New network with the same random weights; conversion to a lower precision is lossy."""
    torch.manual_seed(0)
    shape = {name: getattr(options, name) for name in AISFM3}
    return Generator(**shape).eval().requires_grad_(False)


def _describe(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "processor, a trial"


def _shape(options: argparse.Namespace) -> str:
    shape = ", ".join(f"{name} {getattr(options, name)}" for name in AISFM3)
    return f"{shape}, {options.size}² pixels"


if __name__ == "__main__":
    main()
