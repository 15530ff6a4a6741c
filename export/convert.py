"""Conversion of a model to Triton directories, one for each format, with a parity check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch

from export import onnx, parity, tensorrt, torchscript, triton
from export.build import FILES, Build
from export.errors import ExportError
from export.inputs import Inputs
from export.manifest import FILE_NAME, Manifest, sha256_of, versions
from export.parity import ParityErrors
from export.precision import emulated, served_network
from export.wholefolder import atomic_version
from farside.model import checkpoint
from farside.model.checkpoint import Checkpoint
from farside.model.engine import Tensor

TIMING_CACHE = Path("build") / "tensorrt-timing.cache"


class WrittenArtefact(NamedTuple):
    """Written artefact and its outputs for the parity check.

    Attributes
    ----------
    answers
        Outputs for the test inputs; all must pass the gate.
    device
        Device on which the artefact was run.
    libraries
        Versions of the libraries that wrote and ran it.
    opset
        ONNX opset, if any.
    """

    answers: tuple[Tensor, ...]
    device: str
    libraries: dict[str, str]
    opset: int | None = None


def export(
    source: Path, builds: Sequence[Build], inputs: Inputs, timing_cache: Path = TIMING_CACHE
) -> Iterator[tuple[Path, Manifest]]:
    """Write each artefact to the repository; yield its directory and manifest.

    Parameters
    ----------
    source
        Model file, ``<repository>/<model>/<version>/model.safetensors``.
    builds
        Artefacts to make.
    inputs
        Test inputs on the grid of the Recipe; a TensorRT plan gets one full batch of them.
    timing_cache
        File in which TensorRT caches its kernel timings.

    Raises
    ------
    GateError
        An artefact fails its gate; its directory is unchanged.
    ExportError
        The repository holds a newer version already, or the artefact cannot be made.
    CheckpointError, RecipeError
        The model file does not load.
    """
    model = checkpoint.read(source)
    truth = parity.run(checkpoint.build(model.recipe, model.state), inputs.tensor)
    for build in builds:
        yield _export(source, model, build, inputs, truth, timing_cache)


def _export(
    source: Path,
    model: Checkpoint,
    build: Build,
    inputs: Inputs,
    truth: Tensor,
    timing_cache: Path,
) -> tuple[Path, Manifest]:
    recipe = model.recipe
    name = triton.model_name(recipe, build.format)
    folder = source.parents[2] / name
    _refuse_older(folder, recipe.version)
    # The other formats take batches of any size, whatever the limit of Triton.
    count = build.max_batch if build.format == "tensorrt" else len(inputs.tensor)
    tensor = inputs.tensor[:count]
    with atomic_version(folder, recipe.version, source.parents[1]) as temporary:
        artefact = temporary / recipe.version / FILES[build.format]
        made = _make(model, build, artefact, tensor, timing_cache)
        figures = _figures(made, truth[:count])
        parity.check(figures, parity.gate_of(build), f"{name} in {build.precision}")
        manifest = Manifest(
            model=recipe.name,
            version=recipe.version,
            identity=model.identity,
            format=build.format,
            precision=build.precision,
            target=build.target,
            max_batch=build.max_batch,
            opset=made.opset,
            libraries=made.libraries | versions("torch"),
            file=artefact.name,
            sha256=sha256_of(artefact),
            inputs=inputs.origin,
            shape=(len(tensor), *tensor.shape[1:]),
            device=made.device,
            gate=parity.gate_of(build),
            relative_l2=figures.relative_l2,
            max_delta_over_span=figures.max_delta_over_span,
        )
        manifest.write(artefact.with_name(FILE_NAME))
        triton.write(triton.config(recipe, model.identity, build), temporary / triton.FILE_NAME)
    return folder, manifest


def _refuse_older(folder: Path, version: str) -> None:
    """Refuse a version older than one in the folder: the configuration is of the newest."""
    newer = [found.name for found in folder.glob("[0-9]*/") if int(found.name) > int(version)]
    if newer:
        raise ExportError(
            f"{folder.name} holds version {', '.join(newer)}: got the older {version}, expected a "
            "newer one; to go back, remove the newer ones first"
        )


def _figures(made: WrittenArtefact, truth: Tensor) -> ParityErrors:
    worst = ParityErrors(0.0, 0.0)
    for answer in made.answers:
        worst = worst.or_worse(parity.compare(answer, truth))
    return worst


def _make(
    model: Checkpoint, build: Build, artefact: Path, tensor: Tensor, timing_cache: Path
) -> WrittenArtefact:
    match build.format:
        case "torchscript":
            return _torchscript(model, build, artefact, tensor)
        case "onnx":
            return _onnx(model, build, artefact, tensor)
        case "tensorrt":
            return _tensorrt(model, build, artefact, tensor, timing_cache)


def _torchscript(
    model: Checkpoint, build: Build, artefact: Path, tensor: Tensor
) -> WrittenArtefact:
    """Write TorchScript and run it on its target; on the CPU half precision takes minutes."""
    torchscript.write(served_network(model, build.precision), artefact)
    device = "cuda" if build.target == "gpu" and torch.cuda.is_available() else "cpu"
    return WrittenArtefact((torchscript.run(artefact, tensor, device),), device, {})


def _onnx(model: Checkpoint, build: Build, artefact: Path, tensor: Tensor) -> WrittenArtefact:
    """Write ONNX and run it by onnxruntime on the CPU, where the rounding of fp16 is emulated."""
    onnx.write(served_network(model, build.precision), model.recipe, artefact)
    answers = [onnx.run(artefact, tensor, torch.get_num_threads())]
    device = "cpu"
    if build.precision != "fp32":
        answers.append(parity.run(emulated(model, build.precision), tensor))
        device = f"cpu, {build.precision} emulated"
    libraries = versions("onnx", "onnxscript", "onnxruntime")
    return WrittenArtefact(tuple(answers), device, libraries, onnx.OPSET)


def _tensorrt(
    model: Checkpoint, build: Build, artefact: Path, tensor: Tensor, timing_cache: Path
) -> WrittenArtefact:
    trtexec = tensorrt.find()
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        graph = scratch / FILES["onnx"]
        written = _onnx(model, build, graph, tensor)
        tensorrt.build(trtexec, model.recipe, build, graph, artefact, timing_cache)
        answer = tensorrt.run(trtexec, model.recipe, artefact, tensor, scratch)
    version = ".".join(map(str, trtexec.version))
    # The ONNX outputs must pass the gate too, so that a failure can be attributed.
    return WrittenArtefact(
        (*written.answers, answer), "cuda", written.libraries | {"tensorrt": version}, written.opset
    )
