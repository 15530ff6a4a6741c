"""Torch modules. A Recipe names one as ``module:Class``."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from farside.errors import CheckpointError

State = Mapping[str, torch.Tensor]
"""The tensors of a network by key, as in ``Module.state_dict()``."""


class Network(nn.Module):
    """What the rest of the system may ask of any network.

    Attributes
    ----------
    input_channels, output_channels
        Planes that go in and come out, (n, channel, y, x).
    side_multiple
        The sides of the input must be multiples of this, and at least twice this.
    """

    input_channels: int
    output_channels: int
    side_multiple: int


def fill(network: nn.Module, state: State) -> None:
    """Put the tensors of `state` into `network`, in place and as float32.

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
            f"{k}: got {got[k]}, wanted {wanted[k]}"
            for k in wanted
            if got.get(k, wanted[k]) != wanted[k]
        ),
    ]
    if complaints:
        raise CheckpointError(
            f"weights do not fit {type(network).__name__}: {'; '.join(complaints)}"
        )
    network.load_state_dict({key: tensor.float() for key, tensor in state.items()}, assign=True)
