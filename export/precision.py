"""Networks in the precision in which they will be served."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from export.build import Precision
from farside.model import checkpoint
from farside.model.checkpoint import Checkpoint
from farside.model.networks import Network

DTYPES: dict[Precision, torch.dtype] = {
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
}


class ServedNetwork(nn.Module):
    """Network with float32 input and output, whatever its internal precision."""

    def __init__(self, network: Network, dtype: torch.dtype) -> None:
        super().__init__()
        self.input_channels = network.input_channels
        self.min_side = network.min_side
        self.network = network.to(dtype)
        self.dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        """(n, channel, y, x) → (n, output, y, x), float32."""
        out: Tensor = self.network(x.to(self.dtype)).float()
        return out


def served_network(model: Checkpoint, precision: Precision) -> ServedNetwork:
    """Network of a checkpoint in the precision in which it is served."""
    return ServedNetwork(checkpoint.build(model.recipe, model.state), DTYPES[precision]).eval()


def emulated(model: Checkpoint, precision: Precision) -> nn.Module:
    """Emulation of a precision: float32 within each layer, weights, inputs and outputs rounded.

    Tensor cores work like this: they accumulate in float32. A CPU runtime without half precision
    may use float32 throughout, and so hide the rounding error of a GPU.
    """
    network, dtype = checkpoint.build(model.recipe, model.state), DTYPES[precision]

    def after(_module: nn.Module, _inputs: tuple[Tensor, ...], answer: Tensor) -> Tensor:
        return answer.to(dtype).float()

    def before(_module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(tensor.to(dtype).float() for tensor in inputs)

    network.to(dtype).float()
    network.register_forward_pre_hook(before)
    for module in network.modules():
        module.register_forward_hook(after)
    return network
