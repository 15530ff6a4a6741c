"""Stands in for Triton's pytorch backend: runs ``model.pt`` of any model on the CPU.

Tensors pass by DLPack: with numpy 2 the ``as_numpy`` of Triton 24.10 gives memory that was never
written.
"""

import json
import time
import warnings
from pathlib import Path
from typing import Any

import torch
import triton_python_backend_utils as pb_utils
from torch.utils.dlpack import from_dlpack


class TritonPythonModel:
    """One instance of a model.

    The parameter ``delay_s`` of the configuration makes every execution that much slower.
    """

    def initialize(self, args: dict[str, str]) -> None:
        config = json.loads(args["model_config"])
        self._output = config["output"][0]["name"]
        self._input = config["input"][0]["name"]
        self._delay_s = float(
            config["parameters"].get("delay_s", {"string_value": "0"})["string_value"]
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of TorchScript as such
            path = Path(args["model_repository"]) / args["model_version"] / "model.pt"
            self._network = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]

    def execute(self, requests: list[Any]) -> list[Any]:
        time.sleep(self._delay_s)
        given = [
            from_dlpack(pb_utils.get_input_tensor_by_name(r, self._input).to_dlpack())
            for r in requests
        ]
        with torch.inference_mode():
            answer = self._network(torch.cat(given))
        parts = answer.split([len(tensor) for tensor in given])
        return [
            pb_utils.InferenceResponse(
                [pb_utils.Tensor.from_dlpack(self._output, part.contiguous())]
            )
            for part in parts
        ]
