"""Export to ONNX, for Triton's onnxruntime backend and as the source of TensorRT plans."""

from __future__ import annotations

import warnings
from pathlib import Path

import onnx
import onnxruntime
import torch
from torch.export import Dim

from export.precision import ServedNetwork
from farside.model.defaults import INPUT, OUTPUT
from farside.model.engine import Tensor
from farside.model.recipe import Recipe

OPSET = 18
"""First ONNX opset with Mish, and the one that torch's exporter writes without conversion."""


def write(network: ServedNetwork, recipe: Recipe, path: Path) -> None:
    """Export a network on the Recipe's grid with a dynamic batch size, and check the file."""
    size = recipe.side_px
    # Of two images: a batch of one would be taken for a constant.
    example = torch.zeros(2, recipe.input_planes, size, size)
    with warnings.catch_warnings():
        # torch.export uses a class internally that it deprecates.
        warnings.simplefilter("ignore", FutureWarning)
        torch.onnx.export(
            network,
            (example,),
            path,
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes=({0: Dim("batch")},),
            input_names=[INPUT],
            output_names=[OUTPUT],
            external_data=False,
            verbose=False,
        )
    onnx.checker.check_model(path, full_check=True)


def run(path: Path, tensor: Tensor, threads: int = 0) -> Tensor:
    """Run a batch by onnxruntime on the CPU, with `threads` threads or on all cores if 0."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (answer,) = session.run([OUTPUT], {INPUT: tensor})
    found: Tensor = answer
    return found
