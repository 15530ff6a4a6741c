"""Specification of one exported artefact: format, precision, target and maximum batch size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from export.errors import ExportError
from farside.model.recipe import Recipe

Format = Literal["torchscript", "onnx", "tensorrt"]
Precision = Literal["fp32", "fp16", "bf16"]
Target = Literal["cpu", "gpu"]

FILES: dict[Format, str] = {
    "torchscript": "model.pt",
    "onnx": "model.onnx",
    "tensorrt": "model.plan",
}
"""File names that Triton's backends expect."""

FULL_BATCH_PX = 4 * 1024**2
"""Pixels of a full batch on a GPU, a choice: four images of the grid of AISFM 3.0."""

MAX_BATCH = 32


@dataclass(frozen=True)
class Build:
    """Specification of one artefact of a model.

    Attributes
    ----------
    format, precision, target
        File format, arithmetic of the network, and device on which Triton will run it.
    max_batch
        Maximum number of images in one forward pass.
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
        """Specification with defaults for omitted arguments.

        A TensorRT plan is always for a GPU. The default precision is fp16 on a GPU, which has the
        units for it, and fp32 on a CPU, where half precision is emulated. For the default batch see
        :func:`usual_batch`.

        Raises
        ------
        ExportError
            The format does not support bf16, or the batch is smaller than one image.
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
                f"{format} in bf16: the convolution of ONNX opset 18 has no bfloat16; expected "
                "fp16, which is more accurate and as fast, or torchscript"
            )
        if built.max_batch < 1:
            raise ExportError(f"maximum batch size: got {built.max_batch}, expected at least 1")
        return built


def usual_batch(recipe: Recipe, target: Target) -> int:
    """Default maximum batch size of a model.

    On a CPU it is one: a single image keeps all cores busy, so a batch takes as long as its images
    one after another, and more memory. On a GPU it is as many images as make
    :data:`FULL_BATCH_PX`: single small images leave most of a GPU idle.
    """
    if target == "cpu":
        return 1
    return max(1, min(MAX_BATCH, FULL_BATCH_PX // recipe.side_px**2))
