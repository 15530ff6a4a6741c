from pathlib import Path

import pytest
from google.protobuf.text_format import ParseError
from tritonclient.grpc.model_config_pb2 import ModelConfig, ModelInstanceGroup, ModelQueuePolicy

from export import triton
from export.build import Build, Format, Target
from farside.model.recipe import Recipe
from farside.sun.grid import Grid
from tests.support.small_model import RECIPE

FORMATS: tuple[Format, ...] = ("torchscript", "onnx", "tensorrt")
IDENTITY = "ab" * 32


def config(
    format_: Format = "onnx", target: Target = "cpu", recipe: Recipe = RECIPE
) -> ModelConfig:
    return triton.config(recipe, IDENTITY, Build.of(recipe, format_, target=target))


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_what_is_written_parses_back_the_same(
    format_: Format, target: Target, tmp_path: Path
) -> None:
    path = tmp_path / "config.pbtxt"
    triton.write(config(format_, target), path)
    assert triton.read(path) == config(format_, target)


def test_unknown_fields_do_not_parse(tmp_path: Path) -> None:
    path = tmp_path / "config.pbtxt"
    path.write_text('name: "x"\nmax_batch: 3\n')
    with pytest.raises(ParseError, match="max_batch"):
        triton.read(path)


def test_recipe_and_identity_travel_in_the_parameters(tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"title": 'σ "quoted"\nand broken'})
    path = tmp_path / "config.pbtxt"
    triton.write(config(recipe=recipe), path)
    found = {key: value.string_value for key, value in triton.read(path).parameters.items()}
    assert Recipe.from_json(found.pop("recipe")) == recipe
    assert found == {"identity": IDENTITY, "format": "onnx", "precision": "fp32"}


@pytest.mark.parametrize(
    ("format_", "platform"),
    [
        ("torchscript", "pytorch_libtorch"),
        ("onnx", "onnxruntime_onnx"),
        ("tensorrt", "tensorrt_plan"),
    ],
)
def test_name_platform_and_tensors_are_those_that_the_backends_want(
    format_: Format, platform: str
) -> None:
    made = config(format_)
    assert (made.name, made.platform) == (f"demo-{format_}", platform)
    ((given,), (answered,)) = made.input, made.output
    assert (given.name, list(given.dims)) == ("INPUT__0", [2, 64, 64])
    assert (answered.name, list(answered.dims)) == ("OUTPUT__0", [1, 64, 64])


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_one_forward_at_a_time_on_a_device(target: Target) -> None:
    (group,) = config(target=target).instance_group
    (turn,) = group.rate_limiter.resources
    assert group.count == turn.count == 1
    on_gpu = target == "gpu"
    assert group.kind == (ModelInstanceGroup.KIND_GPU if on_gpu else ModelInstanceGroup.KIND_CPU)
    # A resource that is not global is one for each GPU.
    assert getattr(turn, "global") is not on_gpu


def test_only_a_gpu_waits_for_company() -> None:
    assert config(target="cpu").dynamic_batching.max_queue_delay_microseconds == 0
    assert 0 < config(target="gpu").dynamic_batching.max_queue_delay_microseconds <= 10_000


def test_late_requests_are_rejected_and_clients_may_ask_for_less() -> None:
    policy = config().dynamic_batching.default_queue_policy
    assert policy.timeout_action == ModelQueuePolicy.REJECT
    assert policy.default_timeout_microseconds == 120_000_000
    assert policy.allow_timeout_override


@pytest.mark.parametrize(("size", "places"), [(64, 64), (4096, 16), (16384, 8)])
def test_the_queue_is_bounded_by_the_memory_of_its_inputs(size: int, places: int) -> None:
    recipe = RECIPE.model_copy(update={"grid": Grid(size, 0.44 * size)})
    assert config(recipe=recipe).dynamic_batching.default_queue_policy.max_queue_size == places


def test_the_server_warms_up_with_every_batch_it_chooses_kernels_for() -> None:
    on_gpu = config("tensorrt").model_warmup
    assert [each.batch_size for each in on_gpu] == [1, 32]
    (on_cpu,) = config("torchscript", "cpu").model_warmup
    # TorchScript optimises its graph in the second forward.
    assert (on_cpu.batch_size, on_cpu.count) == (1, 2)
    assert list(on_cpu.inputs["INPUT__0"].dims) == [2, 64, 64]


def test_onnx_on_a_gpu_goes_to_tensorrt_with_one_profile_and_a_cache() -> None:
    made = config("onnx", "gpu")
    (accelerator,) = made.optimization.execution_accelerators.gpu_execution_accelerator
    parameters = dict(accelerator.parameters)
    assert accelerator.name == "tensorrt"
    assert parameters["precision_mode"] == "FP16"
    assert parameters["trt_engine_cache_enable"] == "1"
    assert parameters["trt_profile_min_shapes"] == "INPUT__0:1x2x64x64"
    assert parameters["trt_profile_max_shapes"] == f"INPUT__0:{made.max_batch_size}x2x64x64"
    assert IDENTITY[:12] in parameters["trt_engine_cache_prefix"]


@pytest.mark.parametrize(("format_", "target"), [("onnx", "cpu"), ("torchscript", "gpu")])
def test_nothing_else_is_accelerated(format_: Format, target: Target) -> None:
    assert not config(format_, target).HasField("optimization")
