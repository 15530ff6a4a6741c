"""A TensorRT plan, by trtexec: made and run on the machine, and in the image, that will serve it.

A plan fits one version of TensorRT and one kind of GPU. trtexec is a program of TensorRT that needs
no binding to Python; its command lines are made here as data.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.build import INPUT, OUTPUT, Build
from export.errors import ExportError, GateError, ToolMissingError
from export.triton import shape, shapes
from farside.model.engine import Tensor
from farside.model.recipe import Recipe

IN_NVIDIA_IMAGES = Path("/usr/src/tensorrt/bin/trtexec")

VERSIONS = (10, 11)
"""Major versions whose command line is known."""


@dataclass(frozen=True)
class Trtexec:
    """The program, and the TensorRT it belongs to.

    Attributes
    ----------
    program
        Path of trtexec.
    version
        Major, minor and patch.
    """

    program: Path
    version: tuple[int, int, int]

    def building(
        self, recipe: Recipe, build: Build, onnx: Path, plan: Path, timing_cache: Path
    ) -> list[str]:
        """Command line that makes `plan` of `onnx`.

        The network is strongly typed: its arithmetic is that of the ONNX, which was compared with
        torch before. TensorRT 11 knows nothing else (its guide *Migrating trtexec usage from 10.x
        to 11.x*); TensorRT 10 is told. Of float32 no bits are dropped (TF32). What the builder
        measures is kept for the next build in `timing_cache`.
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

    def answering(
        self, recipe: Recipe, plan: Path, given: Path, batch: int, out: Path
    ) -> list[str]:
        """Command line that runs `plan` once on the float32 of `given` and writes JSON to `out`."""
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
    """Find trtexec and ask for its version.

    Raises
    ------
    ToolMissingError
        It is not here, or of a TensorRT whose command line is not known.
    """
    on_path = shutil.which("trtexec")
    program = Path(on_path) if on_path else IN_NVIDIA_IMAGES
    if not program.is_file():
        raise ToolMissingError(
            f"TensorRT is not here: got no trtexec on PATH and none at {IN_NVIDIA_IMAGES}; "
            "expected "
            "TensorRT 10 or 11 and an NVIDIA GPU. Export on the machine that will serve, in the "
            "image that export/Dockerfile.tensorrt makes, or use the onnx format with --target "
            "gpu, which needs no build step"
        )
    return Trtexec(program, _version(program))


def build(
    trtexec: Trtexec, recipe: Recipe, build: Build, onnx: Path, plan: Path, timing_cache: Path
) -> None:
    """Make a plan of an ONNX file.

    Raises
    ------
    ExportError
        With what trtexec says, when there is no GPU for instance.
    """
    timing_cache.parent.mkdir(parents=True, exist_ok=True)
    _call(trtexec.building(recipe, build, onnx, plan, timing_cache))
    if not plan.is_file():
        raise ExportError(f"trtexec ended well and wrote no {plan.name}")


def run(trtexec: Trtexec, recipe: Recipe, plan: Path, tensor: Tensor, workshop: Path) -> Tensor:
    """Answer a batch by the plan; `workshop` is a directory for what goes in and out.

    Raises
    ------
    ExportError
        With what trtexec says.
    GateError
        It wrote no such output, or other values than numbers.
    """
    given, out = workshop / "input.bin", workshop / "output.json"
    given.write_bytes(np.ascontiguousarray(tensor, dtype="<f4").tobytes())
    _call(trtexec.answering(recipe, plan, given, len(tensor), out))
    try:
        (entry,) = (each for each in json.loads(out.read_bytes()) if each["name"] == OUTPUT)
        dimensions = [int(side) for side in entry["dimensions"].split("x")]
        return np.array(entry["values"], dtype=np.float32).reshape(dimensions)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GateError(f"trtexec wrote no {OUTPUT} that can be read: {error}") from error


def _version(program: Path) -> tuple[int, int, int]:
    # The first line is "&&&& RUNNING TensorRT.trtexec [TensorRT v100600] [b26] # trtexec --help".
    said = re.search(r"\[TensorRT v(\d+)\]", _call([str(program), "--help"]))
    number = int(said[1]) if said else 0
    version = (number // 10000, number // 100 % 100, number % 100)
    if version[0] not in VERSIONS:
        raise ToolMissingError(
            f"{program} is of TensorRT v{number or '?'}; expected major version "
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
