"""The config.pbtxt of a Triton model, as Triton's own message.

docs/serving.md says the same for those who run it. Figures without a source are choices.
"""

from __future__ import annotations

from pathlib import Path

from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import (
    TYPE_FP32,
    ModelConfig,
    ModelDynamicBatching,
    ModelInput,
    ModelInstanceGroup,
    ModelOptimizationPolicy,
    ModelOutput,
    ModelParameter,
    ModelQueuePolicy,
    ModelRateLimiter,
    ModelVersionPolicy,
    ModelWarmup,
)

from export.build import INPUT, OUTPUT, Build, Format, Precision
from farside.model.recipe import Recipe

FILE_NAME = "config.pbtxt"

PLATFORMS: dict[Format, str] = {
    "torchscript": "pytorch_libtorch",
    "onnx": "onnxruntime_onnx",
    "tensorrt": "tensorrt_plan",
}

COMPANY_US = 5_000
"""How long a request on a GPU waits for others to share a forward with, microseconds."""

QUEUE_TIMEOUT_US = 120_000_000
"""How long a request may wait for its turn: the service's default deadline, microseconds."""

QUEUE_BYTES = 2 * 1024**3
"""Inputs that may wait in the server's memory, and how many requests that is at least and most."""
QUEUE_LEAST, QUEUE_MOST = 8, 64

WORKSPACE_BYTES = 8 * 1024**3
"""Memory that TensorRT may use while it runs, bytes."""

ENGINE_CACHE = "/var/cache/farside/tensorrt"
"""Where the onnxruntime backend keeps the engines it builds; a volume, to outlast a restart."""

_ACCELERATOR_MODES: dict[Precision, str] = {"fp32": "FP32", "fp16": "FP16"}


def config(recipe: Recipe, identity: str, build: Build) -> ModelConfig:
    """Describe one exported model to Triton.

    Parameters
    ----------
    recipe
        Gives the shapes, and travels in the parameters, so that a client needs no file.
    identity
        Of the weights.
    build
        What was made of them.
    """
    size = recipe.side_px
    parameters = {
        "recipe": recipe.to_json(),
        "identity": identity,
        "format": build.format,
        "precision": build.precision,
    }
    return ModelConfig(
        name=model_name(recipe, build.format),
        platform=PLATFORMS[build.format],
        max_batch_size=build.max_batch,
        # One version at a time: the Recipe in the parameters is that of the newest.
        version_policy=ModelVersionPolicy(latest=ModelVersionPolicy.Latest(num_versions=1)),
        input=[ModelInput(name=INPUT, data_type=TYPE_FP32, dims=[recipe.input_planes, size, size])],
        output=[
            ModelOutput(name=OUTPUT, data_type=TYPE_FP32, dims=[len(recipe.outputs), size, size])
        ],
        instance_group=[instances(build)],
        dynamic_batching=batching(recipe, build),
        optimization=optimization(recipe, identity, build),
        model_warmup=warmup(recipe, build),
        parameters={key: ModelParameter(string_value=text) for key, text in parameters.items()},
    )


def model_name(recipe: Recipe, format: Format) -> str:  # noqa: A002  the word of the command line
    """Name of a model in Triton, and of its directory."""
    return f"{recipe.name}-{format}"


def instances(build: Build) -> ModelInstanceGroup:
    """Say how many copies of a model run, and what they share.

    One on each GPU, or one on the CPU: a forward fills its device, a second copy doubles the memory
    and gains nothing but the copying of inputs.

    Each forward takes the only ``forward`` of its device, so that two models or two formats do not
    run at once and fight for cores or memory. Triton counts these only where it is started with
    ``--rate-limit=execution_count``.
    """
    on_gpu = build.target == "gpu"
    turn = ModelRateLimiter.Resource(name="forward", count=1, **{"global": not on_gpu})
    kind = ModelInstanceGroup.KIND_GPU if on_gpu else ModelInstanceGroup.KIND_CPU
    return ModelInstanceGroup(
        count=1, kind=kind, rate_limiter=ModelRateLimiter(resources=[turn], priority=1)
    )


def batching(recipe: Recipe, build: Build) -> ModelDynamicBatching:
    """Say which requests share a forward, and which are refused.

    On a GPU a request waits :data:`COMPANY_US` for company; on a CPU, where a batch is no faster,
    not at all, and what waits already goes together as far as the greatest batch allows.

    A request that has waited :data:`QUEUE_TIMEOUT_US` is rejected: whoever sent it has gone. A
    client may ask for less. Past :data:`QUEUE_BYTES` of inputs in the queue, new ones are rejected
    at once, so that an overload is an error that the service can turn into 429, not a full memory.
    """
    size = recipe.side_px
    bytes_each = 4 * recipe.input_planes * size**2
    return ModelDynamicBatching(
        max_queue_delay_microseconds=COMPANY_US if build.target == "gpu" else 0,
        default_queue_policy=ModelQueuePolicy(
            timeout_action=ModelQueuePolicy.REJECT,
            default_timeout_microseconds=QUEUE_TIMEOUT_US,
            allow_timeout_override=True,
            max_queue_size=min(QUEUE_MOST, max(QUEUE_LEAST, QUEUE_BYTES // bytes_each)),
        ),
    )


def warmup(recipe: Recipe, build: Build) -> list[ModelWarmup]:
    """Make the server answer noise before it says that it is ready.

    The first forward chooses kernels and allocates memory, and TorchScript optimises its graph in
    the second: two of each. On a GPU also a full batch, for which kernels are chosen anew; with the
    TensorRT accelerator the engine is built here, not at the first request.
    """
    size = recipe.side_px
    noise = ModelWarmup.Input(
        data_type=TYPE_FP32, dims=[recipe.input_planes, size, size], random_data=True
    )
    batches = {1, build.max_batch} if build.target == "gpu" else {1}
    count = 2 if build.format == "torchscript" else 1
    return [
        ModelWarmup(name=f"noise of {batch}", batch_size=batch, inputs={INPUT: noise}, count=count)
        for batch in sorted(batches)
    ]


def optimization(recipe: Recipe, identity: str, build: Build) -> ModelOptimizationPolicy | None:
    """Let onnxruntime hand the network to TensorRT, where there is a GPU.

    This needs no build step: the engine is built when the model loads and kept in
    :data:`ENGINE_CACHE` for the next start, under a name with the identity of the weights. One
    profile for all batches, or each new size would build another engine.
    """
    if build.format != "onnx" or build.target != "gpu":
        return None
    least, usual, greatest = shapes(recipe, build)
    parameters = {
        "precision_mode": _ACCELERATOR_MODES[build.precision],
        "max_workspace_size_bytes": str(WORKSPACE_BYTES),
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": ENGINE_CACHE,
        "trt_engine_cache_prefix": f"{recipe.name}-{identity[:12]}-{build.precision}",
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": ENGINE_CACHE,
        "trt_profile_min_shapes": least,
        "trt_profile_opt_shapes": usual,
        "trt_profile_max_shapes": greatest,
    }
    accelerators = ModelOptimizationPolicy.ExecutionAccelerators
    tensorrt = accelerators.Accelerator(name="tensorrt", parameters=parameters)
    return ModelOptimizationPolicy(
        execution_accelerators=accelerators(gpu_execution_accelerator=[tensorrt])
    )


def shapes(recipe: Recipe, build: Build) -> tuple[str, str, str]:
    """Least, usual and greatest input of a TensorRT profile, as ``INPUT__0:1x7x1024x1024``.

    The usual one, for which TensorRT chooses its kernels, is a full batch: under load batches are
    full, and without load nobody waits.
    """
    greatest = shape(recipe, build.max_batch)
    return shape(recipe, 1), greatest, greatest


def shape(recipe: Recipe, batch: int) -> str:
    """An input of `batch` images as TensorRT's tools write it."""
    size = recipe.side_px
    return f"{INPUT}:{batch}x{recipe.input_planes}x{size}x{size}"


def write(config: ModelConfig, path: Path) -> None:
    """Write a config.pbtxt."""
    path.write_text(text_format.MessageToString(config, as_utf8=True), encoding="utf-8")


def read(path: Path) -> ModelConfig:
    """Read a config.pbtxt; unknown fields are errors."""
    return text_format.Parse(path.read_text(encoding="utf-8"), ModelConfig())
