"""Speed and accuracy of networks on a GPU: AISFM 3.0's at 1024² with random weights, and farside-1.

``python -m benchmarks.gpu --out gpu.txt`` takes less than ten minutes. It measures each way to run
a network, at each precision and batch size: seconds per image, memory, the share of the fastest
matrix product of that precision, and the error against float32 without TF32 on the same device. The
parity of the exported files has lines of its own, and so have the images per second of training.
What is not installed (onnxruntime with CUDA or TensorRT) or does not run has a line that says so.
``--device cpu --small`` tests the script without a GPU; its figures are meaningless.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.models import AISFM3, SMALLEST, write_random_model
from export import onnx, torchscript
from export.build import Build, Format, Precision
from export.parity import compare, gate_of
from export.precision import DTYPES, ServedNetwork
from farside.model import checkpoint
from farside.model.checkpoint import Checkpoint
from farside.model.defaults import INPUT, OUTPUT
from farside.model.networks import Network

WARM_UP = 2
PEAK_SIDE = {"cuda": 8192, "cpu": 256}

Forward = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Subject:
    """Model that is measured, and where.

    Attributes
    ----------
    name, model
        Name, and the Recipe with its weights.
    device
        Device of the measurement.
    """

    name: str
    model: Checkpoint
    device: torch.device

    def network(self) -> Network:
        """New network with the same weights; conversion to a lower precision is lossy."""
        return checkpoint.build(self.model.recipe, self.model.state).requires_grad_(False)

    def images(self, count: int) -> Tensor:
        """Random input."""
        shape = count, self.model.recipe.input_planes, *2 * (self.model.recipe.side_px,)
        return torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(self.device)

    @cached_property
    def gflop(self) -> float:
        """Multiplications and additions of one image, GFLOP."""
        network = self.network().to("meta")
        with FlopCounterMode(display=False) as counter:
            network(self.images(1).to("meta"))
        return int(counter.get_total_flops()) / 1e9


Prepare = Callable[[Subject, Precision, Tensor], Forward]


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


def eager(subject: Subject, precision: Precision, _: Tensor) -> Forward:
    return _served(subject, precision).to(subject.device)


def compiled(subject: Subject, precision: Precision, example: Tensor) -> Forward:
    torch._dynamo.reset()  # otherwise the limit on recompilations applies to all rows together
    forward: Forward = torch.compile(eager(subject, precision, example), dynamic=False)
    return forward


def scripted(subject: Subject, precision: Precision, _: Tensor) -> Forward:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        torchscript.write(_served(subject, precision), path)
        return torchscript.load(path, str(subject.device))


def by_onnxruntime(
    subject: Subject, precision: Precision, example: Tensor, *, provider: str
) -> Forward:
    """Run the exported ONNX file on tensors that stay on the device."""
    options = {"trt_fp16_enable": precision == "fp16"} if "Tensorrt" in provider else {}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        onnx.write(_served(subject, precision), subject.model.recipe, path)
        session = onnxruntime.InferenceSession(path, providers=[(provider, options)])
    if session.get_providers()[0] != provider:
        raise RuntimeError(f"got {session.get_providers()[0]}, expected {provider}")

    def forward(images: Tensor) -> Tensor:
        planes = len(subject.model.recipe.outputs)
        answer = images.new_empty((len(images), planes, *images.shape[2:]))
        binding = session.io_binding()
        for bind, name, tensor in (
            (binding.bind_input, INPUT, images.contiguous()),
            (binding.bind_output, OUTPUT, answer),
        ):
            kind, index = tensor.device.type, tensor.device.index or 0
            bind(name, kind, index, np.float32, tuple(tensor.shape), tensor.data_ptr())
        session.run_with_iobinding(binding)
        return answer

    forward(example)
    return forward


def _served(subject: Subject, precision: Precision) -> ServedNetwork:
    return ServedNetwork(subject.network(), DTYPES[precision]).eval()


CUDA, TENSORRT, CPU = (f"{name}ExecutionProvider" for name in ("CUDA", "Tensorrt", "CPU"))

ROWS = (
    Row("torch", "fp32", eager),
    Row("torch, TF32", "fp32", eager, tf32=True),
    Row("torch", "fp16", eager),
    Row("torch", "bf16", eager),
    Row("torch.compile, TF32", "fp32", compiled, tf32=True),
    Row("torch.compile", "fp16", compiled),
    Row("torch.compile", "bf16", compiled),
    Row("TorchScript", "fp32", scripted),
    Row("TorchScript", "fp16", scripted),
    Row("TorchScript", "bf16", scripted),
    Row("ONNX Runtime, CUDA", "fp32", partial(by_onnxruntime, provider=CUDA), tf32=True),
    Row("ONNX Runtime, CUDA", "fp16", partial(by_onnxruntime, provider=CUDA)),
    Row("ONNX Runtime, TensorRT", "fp32", partial(by_onnxruntime, provider=TENSORRT), tf32=True),
    Row("ONNX Runtime, TensorRT", "fp16", partial(by_onnxruntime, provider=TENSORRT)),
    Row("ONNX Runtime, CPU", "fp32", partial(by_onnxruntime, provider=CPU)),
)
"""Rows of the table; the first is the reference for the errors of the others."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    add = top.add_argument
    add("--device", default="cuda")
    add("--repository", type=Path, default=Path("model_repository"), help="of farside-1")
    add("--batches", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    add("--forwards", type=int, default=5, help="repetitions; the fastest counts (%(default)s)")
    add("--no-compile", action="store_true", help="skip torch.compile, which takes minutes")
    add("--small", action="store_true", help="only a tiny network at 64², for a test")
    add("--out", type=Path, help="also write the table to this file")
    return top


def main() -> None:
    """Print the tables."""
    options = parser().parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        raise SystemExit(f"torch {torch.__version__} finds no NVIDIA GPU: expected one")
    lines = []
    for line in tables(options):
        print(line, flush=True)
        lines.append(line)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def tables(options: argparse.Namespace) -> Iterator[str]:
    """Lines of all tables."""
    device = torch.device(options.device)
    yield f"{_describe(device)}, torch {torch.__version__}, onnxruntime {onnxruntime.__version__}"
    for subject in subjects(options, device):
        shape = f"{subject.model.recipe.side_px}², {subject.gflop:.1f} GFLOP an image"
        yield f"\n{subject.name}, {shape}"
        yield (f"{'':24s}precision  batch  s an image  images/s  peak MB  of the peak  relative L2")
        with torch.inference_mode():
            with _arithmetic(tf32=False):
                truth = eager(subject, "fp32", subject.images(1))(subject.images(1))
            for row in ROWS:
                if _is_here(row, device, options):
                    yield from _lines_or_reason(row, subject, options, truth)
        yield from training(subject, options)


def subjects(options: argparse.Namespace, device: torch.device) -> Iterator[Subject]:
    """AISFM 3.0's network with random weights, and farside-1; with --small a tiny one alone."""
    with TemporaryDirectory() as folder:
        if options.small:
            path = write_random_model(Path(folder), SMALLEST, 64)
            yield Subject("smallest network, random weights", checkpoint.read(path), device)
            return
        path = write_random_model(Path(folder), AISFM3, 1024)
        yield Subject("AISFM 3.0, random weights", checkpoint.read(path), device)
    for path in checkpoint.newest_versions(options.repository):
        if path.parts[-3] == "farside-1":
            yield Subject("farside-1", checkpoint.read(path), device)


def _is_here(row: Row, device: torch.device, options: argparse.Namespace) -> bool:
    if row.prepare is compiled:
        return not options.no_compile
    return ("CPU" in row.name) == (device.type == "cpu") if "ONNX" in row.name else True


def _lines_or_reason(
    row: Row, subject: Subject, options: argparse.Namespace, truth: Tensor
) -> Iterator[str]:
    """Lines of a row; one with the reason where it does not run: the other rows are measured."""
    try:
        yield from _lines(row, subject, options, truth)
    except Exception as error:
        reason = str(error).strip().splitlines() or [""]
        yield f"{row.name:24s}{row.precision:9s}  not run: {type(error).__name__}: {reason[0]:.160}"


def _lines(row: Row, subject: Subject, options: argparse.Namespace, truth: Tensor) -> Iterator[str]:
    """Lines of a row: one for each batch size, and one on the parity of an export."""
    images = subject.images(max(options.batches))
    with _arithmetic(row.tf32):
        forward = row.prepare(subject, row.precision, images[:1])
        figures = compare(forward(images[:1]).cpu().numpy(), truth.cpu().numpy())
        peak = peak_gflops(row.precision, row.tf32, subject.device)
        for batch in options.batches:
            try:
                speed = _speed(forward, images[:batch], options.forwards)
            except torch.OutOfMemoryError:
                torch.cuda.empty_cache()
                yield f"{row.name:24s}{row.precision:9s}{batch:7d}  out of memory"
                return
            yield (
                f"{row.name:24s}{row.precision:9s}{batch:7d}{speed.image_s:12.5f}"
                f"{1 / speed.image_s:10.1f}{speed.megabytes:9.0f}"
                f"{subject.gflop / speed.image_s / peak:13.0%}{figures.relative_l2:13.1e}"
            )
    kind: Format | None = "torchscript" if row.prepare is scripted else None
    if row.name.startswith("ONNX"):
        kind = "tensorrt" if "TensorRT" in row.name else "onnx"
    if kind:
        gate = gate_of(Build(kind, row.precision, "gpu", 1))
        verdict = "inside" if figures.relative_l2 <= gate else "OUTSIDE"
        yield (
            f"export parity, {row.name} {row.precision}: relative L2 {figures.relative_l2:.1e}, "
            f"max |Δ| / span {figures.max_delta_over_span:.1e}, {verdict} its gate of {gate:.0e}"
        )


@lru_cache
def peak_gflops(precision: Precision, tf32: bool, device: torch.device) -> float:
    """Rate of a large matrix product, GFLOP/s."""
    side = PEAK_SIDE[device.type]
    left, right = torch.randn(2, side, side, dtype=DTYPES[precision], device=device)
    with _arithmetic(tf32):
        seconds = _least_s(lambda: torch.mm(left, right), WARM_UP + 5, device)
    return 2e-9 * side**3 / seconds


def training(subject: Subject, options: argparse.Namespace) -> Iterator[str]:
    """Images per second of training: forward pass, mean absolute error, backward pass, AdamW."""
    for name, mixed in (("fp32 with TF32", False), ("bf16-mixed", True)):
        for batch in options.batches:
            images = subject.images(batch)
            network = checkpoint.build(subject.model.recipe, subject.model.state)
            network.to(subject.device).train().requires_grad_(True)
            optimiser = torch.optim.AdamW(network.parameters())

            def step(
                network: Network = network,
                images: Tensor = images,
                optimiser: torch.optim.Optimizer = optimiser,
                mixed: bool = mixed,
            ) -> None:
                with torch.autocast(images.device.type, torch.bfloat16, enabled=mixed):
                    answer = network(images)
                loss = functional.l1_loss(answer.float(), torch.zeros_like(answer).float())
                torch.autograd.backward(loss)
                optimiser.step()
                optimiser.zero_grad()

            try:
                with _arithmetic(tf32=True):
                    seconds = _least_s(step, WARM_UP + options.forwards, subject.device)
            except torch.OutOfMemoryError:
                torch.cuda.empty_cache()
                yield f"training, {name}, batch {batch}: out of memory"
                break
            yield f"training, {name}, batch {batch}: {batch / seconds:.2f} images/s"


def _speed(forward: Forward, images: Tensor, forwards: int) -> Speed:
    """Time forward passes with input and output in device memory."""
    if images.is_cuda:
        torch.cuda.reset_peak_memory_stats()
    seconds = _least_s(lambda: forward(images), WARM_UP + forwards, images.device)
    peak = torch.cuda.max_memory_allocated() / 1e6 if images.is_cuda else float("nan")
    return Speed(seconds / len(images), peak)


def _least_s(work: Callable[[], object], times: int, device: torch.device) -> float:
    """Seconds of the fastest of some runs, after the first ones."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return min(seconds[WARM_UP:])


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


def _describe(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "processor, a trial"


if __name__ == "__main__":
    main()
