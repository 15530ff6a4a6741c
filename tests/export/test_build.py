import pytest

from export.build import Build, usual_batch
from export.errors import ExportError
from farside.sun.grid import Grid
from tests.support.small_model import RECIPE


def on_grid(size: int) -> object:
    return RECIPE.model_copy(update={"grid": Grid(size, 0.44 * size)})


@pytest.mark.parametrize(
    ("format_", "target", "precision", "runs_on"),
    [
        ("torchscript", "cpu", "fp32", "cpu"),
        ("onnx", "gpu", "fp16", "gpu"),
        ("tensorrt", "cpu", "fp16", "gpu"),
    ],
)
def test_precision_follows_the_target_and_a_plan_is_for_a_gpu(
    format_: str, target: str, precision: str, runs_on: str
) -> None:
    build = Build.of(RECIPE, format_, target=target)  # type: ignore[arg-type]
    assert (build.precision, build.target) == (precision, runs_on)


@pytest.mark.parametrize(("size", "batch"), [(64, 32), (512, 16), (1024, 4), (4096, 1)])
def test_a_full_batch_on_a_gpu_has_as_many_pixels_on_every_grid(size: int, batch: int) -> None:
    assert usual_batch(on_grid(size), "gpu") == batch  # type: ignore[arg-type]


def test_a_cpu_takes_one_image_at_a_time_unless_told() -> None:
    assert Build.of(RECIPE, "onnx").max_batch == 1
    assert Build.of(RECIPE, "onnx", max_batch=4).max_batch == 4


@pytest.mark.parametrize("format_", ["onnx", "tensorrt"])
def test_bf16_is_refused_where_opset_18_has_none_of_it(format_: str) -> None:
    with pytest.raises(ExportError, match=r"no bfloat16; expected fp16"):
        Build.of(RECIPE, format_, "bf16")  # type: ignore[arg-type]


def test_a_batch_of_no_image_is_refused() -> None:
    with pytest.raises(ExportError, match="got 0, expected at least 1"):
        Build.of(RECIPE, "onnx", max_batch=0)
