"""Stands in for Triton's onnxruntime backend: runs ``model.onnx`` of any model on the CPU.

Tensors pass by DLPack: with numpy 2 the ``as_numpy`` of Triton 24.10 gives memory that was never
written.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
import triton_python_backend_utils as pb_utils
from torch.utils.dlpack import from_dlpack


class TritonPythonModel:
    """One instance of a model."""

    def initialize(self, args: dict[str, str]) -> None:
        config = json.loads(args["model_config"])
        self._input, self._output = config["input"][0]["name"], config["output"][0]["name"]
        path = Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        self._session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def execute(self, requests: list[Any]) -> list[Any]:
        given = [
            from_dlpack(pb_utils.get_input_tensor_by_name(r, self._input).to_dlpack()).numpy()
            for r in requests
        ]
        (answer,) = self._session.run([self._output], {self._input: np.concatenate(given)})
        parts = torch.split(torch.from_numpy(answer), [len(tensor) for tensor in given])
        return [
            pb_utils.InferenceResponse(
                [pb_utils.Tensor.from_dlpack(self._output, part.contiguous())]
            )
            for part in parts
        ]
