"""Parity of an artefact with torch: measured differences and the gates they must pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from export.build import Build, Precision
from export.errors import GateError
from farside.model.engine import Tensor

GATES: dict[Precision, float] = {"fp32": 5e-4, "fp16": 3e-3, "bf16": 3e-2}
"""Maximum relative L2 by precision."""

TORCHSCRIPT_GATE = 1e-5
"""Maximum relative L2 of fp32 TorchScript, which runs the same kernels as torch."""


class ParityErrors(NamedTuple):
    """Measures of the difference between an artefact and torch.

    Attributes
    ----------
    relative_l2
        ‖artefact - torch‖₂ / ‖torch‖₂ over all pixels, of the output plane where it is greatest.
    max_delta_over_span
        max |artefact - torch| / (max torch - min torch), likewise.
    """

    relative_l2: float
    max_delta_over_span: float

    def or_worse(self, other: ParityErrors) -> ParityErrors:
        """Greater value of each measure."""
        return ParityErrors(*map(max, self, other))


def gate_of(build: Build) -> float:
    """Maximum relative L2 with which an artefact is published."""
    exact = build.format == "torchscript" and build.precision == "fp32"
    return TORCHSCRIPT_GATE if exact else GATES[build.precision]


def compare(answer: Tensor, truth: Tensor) -> ParityErrors:
    """Measure the difference of an artefact's output from that of torch.

    Raises
    ------
    GateError
        The shapes differ, or a value is not finite.
    """
    if answer.shape != truth.shape:
        raise GateError(f"the artefact answered {answer.shape}, torch {truth.shape}")
    if not np.isfinite(answer).all():
        raise GateError("the artefact answered values that are not finite")
    worst = ParityErrors(0.0, 0.0)
    for made, exact in zip(answer.swapaxes(0, 1), truth.swapaxes(0, 1), strict=True):
        worst = worst.or_worse(_of_plane(made, exact))
    return worst


def _of_plane(answer: Tensor, truth: Tensor) -> ParityErrors:
    delta = answer.astype(np.float64) - truth
    span = float(truth.max()) - float(truth.min())
    return ParityErrors(
        float(np.linalg.norm(delta) / np.linalg.norm(truth.astype(np.float64))),
        float(np.abs(delta).max()) / span,
    )


def check(figures: ParityErrors, gate: float, what: str) -> None:
    """Check measures against their gate.

    Raises
    ------
    GateError
        The relative L2 is greater than the gate, or NaN.
    """
    if not figures.relative_l2 <= gate:
        raise GateError(
            f"{what} differs from torch: got a relative L2 of {figures.relative_l2:.2e} "
            f"(max |Δ| / span {figures.max_delta_over_span:.2e}), expected at most {gate:.0e}; "
            "nothing is published"
        )


def run(network: nn.Module, tensor: Tensor) -> Tensor:
    """Run a torch network image by image, as a batch could exceed the memory."""
    with torch.inference_mode():
        answers = [network(torch.from_numpy(image[None].copy())) for image in tensor]
    answer: Tensor = torch.cat(answers).numpy()
    return answer
