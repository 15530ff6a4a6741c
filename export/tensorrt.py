"""TensorRT plans, built and run by trtexec on the machine and in the image that will serve them.

A plan fits one version of TensorRT and one type of GPU. trtexec is a program of TensorRT that needs
no Python binding; this module builds its command lines.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.build import Build
from export.errors import ExportError, GateError, ToolMissingError
from export.triton import shape, shapes
from farside.model.defaults import INPUT, OUTPUT
from farside.model.engine import Tensor
from farside.model.recipe import Recipe

IN_NVIDIA_IMAGES = Path("/usr/src/tensorrt/bin/trtexec")

VERSIONS = (10, 11)
"""Major versions of TensorRT whose command line is supported."""


@dataclass(frozen=True)
class Trtexec:
    """Program trtexec and its version of TensorRT.

    Attributes
    ----------
    program
        Path of trtexec.
    version
        Major, minor and patch version.
    """

    program: Path
    version: tuple[int, int, int]

    def build_command(
        self, recipe: Recipe, build: Build, onnx: Path, plan: Path, timing_cache: Path
    ) -> list[str]:
        """Command line that builds `plan` from `onnx`.

        The network is strongly typed: its precision is that of the ONNX, which has passed the
        parity check. This is the only mode of TensorRT 11 (guide *Migrating trtexec usage from 10.x
        to 11.x*) and an option of TensorRT 10. TF32 is off for float32. Kernel timings are cached
        in `timing_cache` for the next build.
        """
        least, usual, greatest = shapes(recipe, build)
        return [
            str(self.program),
            f"--onnx={onnx}",
            f"--saveEngine={plan}",
            f"--minShapes={least}",
            f"--optShapes={usual}",
            f"--maxShapes={greatest}",
            f"--timingCacheFile={timing_cache}",
            "--skipInference",
            *(["--stronglyTyped"] if self.version[0] == 10 else []),
            *(["--noTF32"] if build.precision == "fp32" else []),
        ]

    def run_command(
        self, recipe: Recipe, plan: Path, given: Path, batch: int, out: Path
    ) -> list[str]:
        """Command line that runs `plan` once on the float32 file `given` and writes JSON `out`."""
        return [
            str(self.program),
            f"--loadEngine={plan}",
            f"--shapes={shape(recipe, batch)}",
            f"--loadInputs={INPUT}:{given}",
            f"--exportOutput={out}",
            "--iterations=1",
            "--warmUp=0",
            "--duration=0",
        ]


def find() -> Trtexec:
    """Find trtexec and its version.

    Raises
    ------
    ToolMissingError
        trtexec is not installed, or its version of TensorRT is not supported.
    """
    on_path = shutil.which("trtexec")
    program = Path(on_path) if on_path else IN_NVIDIA_IMAGES
    if not program.is_file():
        raise ToolMissingError(
            f"TensorRT is not installed: found no trtexec on PATH and none at {IN_NVIDIA_IMAGES}; "
            "expected TensorRT 10 or 11 and an NVIDIA GPU. Export on the machine that will serve, "
            "in the image of export/Dockerfile.tensorrt, or use the onnx format with --target gpu, "
            "which needs no build step"
        )
    return Trtexec(program, _version(program))


def build(
    trtexec: Trtexec, recipe: Recipe, build: Build, onnx: Path, plan: Path, timing_cache: Path
) -> None:
    """Build a plan from an ONNX file.

    Raises
    ------
    ExportError
        trtexec failed, for example without a GPU; the message quotes it.
    """
    timing_cache.parent.mkdir(parents=True, exist_ok=True)
    _call(trtexec.build_command(recipe, build, onnx, plan, timing_cache))
    if not plan.is_file():
        raise ExportError(f"trtexec succeeded but wrote no {plan.name}")


def run(trtexec: Trtexec, recipe: Recipe, plan: Path, tensor: Tensor, scratch: Path) -> Tensor:
    """Run a batch by a plan; `scratch` is a directory for the input and output files.

    Raises
    ------
    ExportError
        trtexec failed; the message quotes it.
    GateError
        The output is missing, or not numeric.
    """
    given, out = scratch / "input.bin", scratch / "output.json"
    given.write_bytes(np.ascontiguousarray(tensor, dtype="<f4").tobytes())
    _call(trtexec.run_command(recipe, plan, given, len(tensor), out))
    try:
        (entry,) = (each for each in json.loads(out.read_bytes()) if each["name"] == OUTPUT)
        dimensions = [int(side) for side in entry["dimensions"].split("x")]
        return np.array(entry["values"], dtype=np.float32).reshape(dimensions)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GateError(f"trtexec wrote no readable {OUTPUT}: {error}") from error


def _version(program: Path) -> tuple[int, int, int]:
    # The first line is "&&&& RUNNING TensorRT.trtexec [TensorRT v100600] [b26] # trtexec --help".
    said = re.search(r"\[TensorRT v(\d+)\]", _call([str(program), "--help"]))
    number = int(said[1]) if said else 0
    version = (number // 10000, number // 100 % 100, number % 100)
    if version[0] not in VERSIONS:
        raise ToolMissingError(
            f"{program} belongs to TensorRT v{number or '?'}, expected major version "
            f"{' or '.join(map(str, VERSIONS))}"
        )
    return version


def _call(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    said = done.stdout + done.stderr
    if done.returncode:
        complaints = [line for line in said.splitlines() if "[E]" in line] or said.splitlines()
        raise ExportError(
            f"{' '.join(command[:2])} … failed with {done.returncode}: {' '.join(complaints[-5:])}"
        )
    return said
