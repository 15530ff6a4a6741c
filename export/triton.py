"""Configuration (config.pbtxt) of a Triton model, as Triton's protobuf message.

docs/serving.md describes it for operators. Figures without a source are choices.
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

from export.build import Build, Format, Precision
from farside.model.defaults import DEADLINE_S, INPUT, OUTPUT
from farside.model.recipe import Recipe

FILE_NAME = "config.pbtxt"

PLATFORMS: dict[Format, str] = {
    "torchscript": "pytorch_libtorch",
    "onnx": "onnxruntime_onnx",
    "tensorrt": "tensorrt_plan",
}

BATCHING_DELAY_US = 5_000
"""Maximum delay of a request on a GPU for batching with others, microseconds."""

QUEUE_TIMEOUT_US = round(DEADLINE_S * 1e6)
"""Maximum time of a request in the queue, the service's default deadline, microseconds."""

QUEUE_BYTES = 2 * 1024**3
"""Maximum memory of queued inputs, bytes."""
QUEUE_MIN, QUEUE_MAX = 8, 64
"""Limits of the queue size, requests."""

WORKSPACE_BYTES = 8 * 1024**3
"""Workspace memory of TensorRT, bytes."""

ENGINE_CACHE = "/var/cache/farside/tensorrt"
"""Folder in which the onnxruntime backend caches engines; a volume, to survive restarts."""

_ACCELERATOR_MODES: dict[Precision, str] = {"fp32": "FP32", "fp16": "FP16"}


def config(recipe: Recipe, identity: str, build: Build) -> ModelConfig:
    """Triton configuration of one exported model.

    Parameters
    ----------
    recipe
        Recipe, which defines the shapes; included in the parameters, so that clients need no file.
    identity
        Identity of the weights.
    build
        Specification of the artefact.
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
    """Name of a model and its directory in Triton."""
    return f"{recipe.name}-{format}"


def instances(build: Build) -> ModelInstanceGroup:
    """Instances of a model, and the resource they share.

    There is one instance on each GPU, or one on the CPU: a forward pass fills its device, so a
    second instance doubles the memory and only overlaps the copying of inputs.

    Each forward pass takes the single resource ``forward`` of its device, so that two models or
    formats do not compete for cores or memory. Triton enforces this only if started with
    ``--rate-limit=execution_count``.
    """
    on_gpu = build.target == "gpu"
    turn = ModelRateLimiter.Resource(name="forward", count=1, **{"global": not on_gpu})
    kind = ModelInstanceGroup.KIND_GPU if on_gpu else ModelInstanceGroup.KIND_CPU
    return ModelInstanceGroup(
        count=1, kind=kind, rate_limiter=ModelRateLimiter(resources=[turn], priority=1)
    )


def batching(recipe: Recipe, build: Build) -> ModelDynamicBatching:
    """Dynamic batching of requests, and limits of the queue.

    On a GPU a request waits up to :data:`BATCHING_DELAY_US` to be batched; on a CPU, where a
    batch is no faster, it does not wait, but queued requests are batched up to the maximum batch
    size.

    A request queued for :data:`QUEUE_TIMEOUT_US` is rejected, as its client has given up; a client
    may set a shorter timeout. Beyond :data:`QUEUE_BYTES` of queued inputs new requests are rejected
    at once, so that overload becomes an error that the service maps to 429, not exhausted memory.
    """
    size = recipe.side_px
    bytes_each = 4 * recipe.input_planes * size**2
    return ModelDynamicBatching(
        max_queue_delay_microseconds=BATCHING_DELAY_US if build.target == "gpu" else 0,
        default_queue_policy=ModelQueuePolicy(
            timeout_action=ModelQueuePolicy.REJECT,
            default_timeout_microseconds=QUEUE_TIMEOUT_US,
            allow_timeout_override=True,
            max_queue_size=min(QUEUE_MAX, max(QUEUE_MIN, QUEUE_BYTES // bytes_each)),
        ),
    )


def warmup(recipe: Recipe, build: Build) -> list[ModelWarmup]:
    """Warm-up requests of noise, run before the server reports that it is ready.

    The first forward pass selects kernels and allocates memory, and TorchScript optimises its graph
    in the second, hence two. On a GPU a full batch is run too, as its kernels are selected anew;
    with the TensorRT accelerator the engine is built here, not at the first request.
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
    """TensorRT execution accelerator of onnxruntime, on a GPU.

    This needs no build step: the engine is built when the model loads and cached in
    :data:`ENGINE_CACHE`, under a name with the identity of the weights. One profile covers all
    batch sizes, otherwise each new size would build another engine.
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
    """Minimum, optimum and maximum input of a TensorRT profile, as ``INPUT__0:1x7x1024x1024``.

    The optimum, for which TensorRT selects its kernels, is a full batch: under load batches are
    full, and without load latency is low anyway.
    """
    greatest = shape(recipe, build.max_batch)
    return shape(recipe, 1), greatest, greatest


def shape(recipe: Recipe, batch: int) -> str:
    """Input shape of a batch in the notation of TensorRT's tools."""
    size = recipe.side_px
    return f"{INPUT}:{batch}x{recipe.input_planes}x{size}x{size}"


def write(config: ModelConfig, path: Path) -> None:
    """Write a config.pbtxt."""
    path.write_text(text_format.MessageToString(config, as_utf8=True), encoding="utf-8")


def read(path: Path) -> ModelConfig:
    """Read a config.pbtxt; unknown fields are errors."""
    return text_format.Parse(path.read_text(encoding="utf-8"), ModelConfig())
