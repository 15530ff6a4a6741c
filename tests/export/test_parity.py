import numpy as np
import pytest

from export import parity
from export.build import Build, Precision
from export.errors import GateError
from export.inputs import noise_inputs
from export.parity import ParityErrors, compare, gate_of
from export.precision import emulated
from farside.model import checkpoint
from farside.model.checkpoint import Checkpoint
from tests.support.small_model import RECIPE, generator, recipe_of


@pytest.fixture(scope="module")
def model() -> Checkpoint:
    network = generator(1)
    return Checkpoint(recipe_of(network), "ab" * 32, network.state_dict())


def test_figures_are_those_of_a_difference_worked_out_by_hand() -> None:
    truth = np.array([[[[3.0, -1.0], [0.0, 0.0]]]], dtype=np.float32)
    answer = truth + np.array([[[[0.0, 0.0], [0.3, -0.4]]]], dtype=np.float32)
    figures = compare(answer, truth)
    assert figures.relative_l2 == pytest.approx(0.5 / np.sqrt(10), rel=1e-6)
    assert figures.max_delta_over_span == pytest.approx(0.4 / 4, rel=1e-6)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [(np.zeros((1, 1, 2, 3)), "answered"), (np.full((1, 1, 2, 2), np.nan), "not finite")],
)
def test_an_answer_that_cannot_be_compared_is_outside_every_gate(
    answer: np.ndarray, complaint: str
) -> None:
    with pytest.raises(GateError, match=complaint):
        compare(answer.astype(np.float32), np.ones((1, 1, 2, 2), dtype=np.float32))


def test_the_gate_names_both_figures_and_lets_no_nan_pass() -> None:
    parity.check(ParityErrors(5e-4, 1.0), 5e-4, "x")
    with pytest.raises(GateError, match=r"5\.01e-04 \(max.*2\.00e-03\), expected at most 5e-04"):
        parity.check(ParityErrors(5.01e-4, 2e-3), 5e-4, "x")
    with pytest.raises(GateError):
        parity.check(ParityErrors(float("nan"), 0.0), 5e-4, "x")


@pytest.mark.parametrize(
    ("format_", "precision", "gate"),
    [
        ("torchscript", "fp32", 1e-5),
        ("torchscript", "bf16", 3e-2),
        ("onnx", "fp32", 5e-4),
        ("onnx", "fp16", 3e-3),
        ("tensorrt", "fp16", 3e-3),
    ],
)
def test_each_format_and_precision_has_its_gate(
    format_: str, precision: Precision, gate: float
) -> None:
    assert gate_of(Build.of(RECIPE, format_, precision)) == gate  # type: ignore[arg-type]


def test_emulated_rounding_errs_as_much_as_the_precision_has_bits(model: Checkpoint) -> None:
    tensor = noise_inputs(model.recipe).tensor
    truth = parity.run(checkpoint.build(model.recipe, model.state), tensor)
    errors = {
        precision: compare(parity.run(emulated(model, precision), tensor), truth).relative_l2
        for precision in ("fp32", "fp16", "bf16")
    }
    assert errors["fp32"] == 0
    # 10 and 7 bits of fraction: eight times the step.
    assert errors["bf16"] / errors["fp16"] == pytest.approx(8, rel=0.5)
    assert 1e-4 < errors["fp16"] < 3e-3
