"""Networks in the arithmetic in which they will be served."""

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


class Served(nn.Module):
    """A network with float32 at both ends, whatever its own arithmetic."""

    def __init__(self, network: Network, dtype: torch.dtype) -> None:
        super().__init__()
        self.input_channels = network.input_channels
        self.least_side = network.least_side
        self.network = network.to(dtype)
        self.dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        """(n, channel, y, x) → (n, output, y, x), float32."""
        out: Tensor = self.network(x.to(self.dtype)).float()
        return out


def served(model: Checkpoint, precision: Precision) -> Served:
    """Build the network of a checkpoint as it is to be served."""
    return Served(checkpoint.build(model.recipe, model.state), DTYPES[precision]).eval()


def rounded(model: Checkpoint, precision: Precision) -> nn.Module:
    """Emulate a precision: float32 inside each layer, its weights, input and answer rounded.

    This is how tensor cores work, which add up in float32. A runtime on a CPU without half
    precision may keep float32 from end to end and so hide the error that a GPU will make.
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
