"""Networks: torch modules that a Recipe names as ``module:Class``."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from farside.errors import CheckpointError, InputShapeError

StateDict = Mapping[str, torch.Tensor]
"""The tensors of a network by key, as in ``Module.state_dict()``."""

Argument = bool | int | float | str


class Network(nn.Module):
    """Base class of all networks: image → image, (n, channel, y, x).

    Attributes
    ----------
    input_channels, output_channels
        Number of input and output planes.
    side_multiple
        The sides of the input must be multiples of this, pixels.
    min_side
        and at least this.
    odd_planes
        Input planes that it takes to change sign where north and south are exchanged; None where it
        knows nothing of that.
    arguments
        Constructor arguments as in a Recipe; only of networks that can read their authors' weights.
    """

    input_channels: int
    output_channels: int
    side_multiple: int
    min_side: int
    odd_planes: tuple[int, ...] | None = None
    arguments: Mapping[str, Argument]

    @classmethod
    def from_authors(cls, state: StateDict) -> Network:
        """Build the network that fits a state dict of its authors' code.

        Raises
        ------
        CheckpointError
            `state` is of another network (the message lists the keys that do not fit), or the class
            cannot read weights of its authors.
        """
        raise CheckpointError(
            f"{network_name(cls)} cannot read weights of its authors: got {len(state)} tensors, "
            "expected none"
        )

    def check_sides(self, x: Tensor) -> None:
        """Check that the sides of an input suit the network.

        Raises
        ------
        InputShapeError
            A side of `x` is not a multiple of `side_multiple`, or is less than `min_side`.
        """
        if any(side < self.min_side or side % self.side_multiple for side in x.shape[-2:]):
            raise InputShapeError(
                f"the network halves its input {self.side_multiple.bit_length() - 1} times: got "
                f"{x.shape[-2]} × {x.shape[-1]} pixels, expected multiples of {self.side_multiple} "
                f"from {self.min_side}"
            )


def network_name(network: type[Network]) -> str:
    """Name ``module:Class`` of a network, as in a Recipe."""
    return f"{network.__module__.rpartition('.')[2]}:{network.__name__}"


def load_state(network: nn.Module, state: StateDict) -> None:
    """Load the tensors of `state` into `network` in place, floating-point ones as float32.

    `network` may be on the meta device: its parameters are replaced, not copied into.

    Raises
    ------
    CheckpointError
        The message lists every missing or unknown key, and every tensor of another shape.
    """
    expected = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    got = {key: tuple(tensor.shape) for key, tensor in state.items()}
    complaints = [
        *(f"missing {key} {expected[key]}" for key in expected if key not in got),
        *(f"unknown {key} {got[key]}" for key in got if key not in expected),
        *(
            f"{k}: got {got[k]}, expected {expected[k]}"
            for k in expected
            if got.get(k, expected[k]) != expected[k]
        ),
    ]
    if complaints:
        raise CheckpointError(
            f"weights do not fit {type(network).__name__}: {'; '.join(complaints)}"
        )
    tensors = {key: cast_floats(tensor, torch.float32) for key, tensor in state.items()}
    network.load_state_dict(tensors, assign=True)


def cast_floats(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Convert a floating-point tensor; integer counters stay as they are."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
