"""What one export makes: format, precision, target and greatest batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from export.errors import ExportError
from farside.model.recipe import Recipe

Format = Literal["torchscript", "onnx", "tensorrt"]
Precision = Literal["fp32", "fp16", "bf16"]
Target = Literal["cpu", "gpu"]

INPUT, OUTPUT = "INPUT__0", "OUTPUT__0"
"""Names of the tensors; Triton's pytorch backend knows its by such an index alone."""

FILES: dict[Format, str] = {
    "torchscript": "model.pt",
    "onnx": "model.onnx",
    "tensorrt": "model.plan",
}
"""The names under which Triton's backends look for a model."""

FULL_BATCH_PX = 4 * 1024**2
"""Pixels of a full batch on a GPU, a choice: four images of the grid of AISFM 3.0."""

GREATEST_BATCH = 32


@dataclass(frozen=True)
class Build:
    """One artefact to be made of a model.

    Attributes
    ----------
    format, precision, target
        What is written, the arithmetic of its network, and where Triton will run it.
    max_batch
        Images of one forward, at most.
    """

    format: Format
    precision: Precision
    target: Target
    max_batch: int

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        format: Format,  # noqa: A002  the word of the command line
        precision: Precision | None = None,
        target: Target = "cpu",
        max_batch: int | None = None,
    ) -> Build:
        """Fill in what is not said.

        A plan of TensorRT is for a GPU whatever `target` says. The precision is fp16 on a GPU,
        which has the units for it, and fp32 on a CPU, where half precision is emulated. For the
        greatest batch see :func:`usual_batch`.

        Raises
        ------
        ExportError
            bf16 for a format that has none, or a batch of less than one image.
        """
        where: Target = "gpu" if format == "tensorrt" else target
        built = cls(
            format,
            precision or ("fp16" if where == "gpu" else "fp32"),
            where,
            usual_batch(recipe, where) if max_batch is None else max_batch,
        )
        if built.precision == "bf16" and format != "torchscript":
            raise ExportError(
                f"{format} in bf16: the convolution of ONNX opset 18, of which it is made, has no "
                "bfloat16; expected fp16, which is nearer to fp32 and as fast, or torchscript"
            )
        if built.max_batch < 1:
            raise ExportError(f"the greatest batch: got {built.max_batch}, expected at least 1")
        return built


def usual_batch(recipe: Recipe, target: Target) -> int:
    """Images of one forward, at most.

    On a CPU one: a forward of one image keeps all cores busy, so a batch takes as long as its
    images one after another, and more memory. On a GPU as many as make :data:`FULL_BATCH_PX`:
    small images one at a time leave most of it idle.
    """
    if target == "cpu":
        return 1
    return max(1, min(GREATEST_BATCH, FULL_BATCH_PX // recipe.side_px**2))
