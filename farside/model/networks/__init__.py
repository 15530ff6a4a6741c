"""Torch modules. A Recipe names one as ``module:Class``."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from farside.errors import CheckpointError, InputShapeError

State = Mapping[str, torch.Tensor]
"""The tensors of a network by key, as in ``Module.state_dict()``."""

Argument = bool | int | float | str


class Network(nn.Module):
    """What the rest of the system may ask of any network.

    Attributes
    ----------
    input_channels, output_channels
        Planes that go in and come out, (n, channel, y, x).
    side_multiple
        The sides of the input must be multiples of this,
    least_side
        and at least this.
    odd_planes
        Input planes that it takes to change sign where north and south are exchanged; None where it
        knows nothing of that.
    arguments
        What it was built with, as a Recipe writes it; of networks that read their authors' weights.
    """

    input_channels: int
    output_channels: int
    side_multiple: int
    least_side: int
    odd_planes: tuple[int, ...] | None = None
    arguments: Mapping[str, Argument]

    @classmethod
    def from_authors(cls, state: State) -> Network:
        """Build the network that a state dict of its authors' code belongs to.

        Raises
        ------
        CheckpointError
            `state` is of another network; lists the keys that do not fit. Or there are no authors
            whose keys are known.
        """
        raise CheckpointError(
            f"{name_of(cls)} does not know the keys of its authors: got {len(state)} tensors, "
            "expected none"
        )

    def refuse_misfit(self, x: Tensor) -> None:
        """Let pass what the network can take.

        Raises
        ------
        InputShapeError
            A side of `x` is not a multiple of `side_multiple`, or is less than `least_side`.
        """
        if any(side < self.least_side or side % self.side_multiple for side in x.shape[-2:]):
            raise InputShapeError(
                f"the network halves its input {self.side_multiple.bit_length() - 1} times: got "
                f"{x.shape[-2]} × {x.shape[-1]} pixels, expected multiples of {self.side_multiple} "
                f"from {self.least_side}"
            )


def name_of(network: type[Network]) -> str:
    """Name a network as a Recipe does."""
    return f"{network.__module__.rpartition('.')[2]}:{network.__name__}"


def fill(network: nn.Module, state: State) -> None:
    """Put the tensors of `state` into `network`, in place, numbers that are not whole as float32.

    `network` may live on the meta device: its parameters are replaced, not copied into.

    Raises
    ------
    CheckpointError
        Lists every key that is missing or unknown, and every tensor of another shape.
    """
    wanted = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    got = {key: tuple(tensor.shape) for key, tensor in state.items()}
    complaints = [
        *(f"missing {key} {wanted[key]}" for key in wanted if key not in got),
        *(f"unknown {key} {got[key]}" for key in got if key not in wanted),
        *(
            f"{k}: got {got[k]}, expected {wanted[k]}"
            for k in wanted
            if got.get(k, wanted[k]) != wanted[k]
        ),
    ]
    if complaints:
        raise CheckpointError(
            f"weights do not fit {type(network).__name__}: {'; '.join(complaints)}"
        )
    tensors = {key: converted(tensor, torch.float32) for key, tensor in state.items()}
    network.load_state_dict(tensors, assign=True)


def converted(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Convert a tensor, unless it counts something."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
