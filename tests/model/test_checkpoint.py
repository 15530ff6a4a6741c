"""Model files: round trip, identity, and refusal of weights that do not fit."""

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from farside.errors import CheckpointError, ModelError, RecipeError
from farside.model import checkpoint
from farside.model.networks.pix2pixcc import Generator
from farside.model.recipe import Recipe, Score
from farside.sun.grid import Grid
from tests.support.small_model import generator, recipe_of

RECIPE = (Path(__file__).parents[1] / "golden" / "recipe.toml").read_text()


@pytest.fixture(scope="module")
def network() -> Generator:
    return generator(seed=1)


@pytest.fixture(scope="module")
def recipe(network: Generator) -> Recipe:
    return recipe_of(network)


@pytest.fixture
def model_file(tmp_path: Path, network: Generator, recipe: Recipe) -> Path:
    path = tmp_path / "model.safetensors"
    checkpoint.write(path, network.state_dict(), recipe)
    return path


def change_network(recipe: Recipe, **update: object) -> Recipe:
    return recipe.model_copy(update={"network": recipe.network.model_copy(update=update)})


def test_what_is_written_is_read(model_file: Path, network: Generator, recipe: Recipe) -> None:
    read = checkpoint.read(model_file)
    assert read.recipe == recipe
    rebuilt = checkpoint.build(read.recipe, read.state)
    x = torch.rand(1, 2, 16, 16)
    assert torch.equal(rebuilt(x), network(x))


def test_half_precision_halves_the_file_and_is_built_as_float32(
    tmp_path: Path, model_file: Path, network: Generator, recipe: Recipe
) -> None:
    path = tmp_path / "half.safetensors"
    checkpoint.write(path, network.state_dict(), recipe, half=True)
    assert path.stat().st_size < 0.75 * model_file.stat().st_size
    rebuilt = checkpoint.build(recipe, checkpoint.read(path).state)
    assert {parameter.dtype for parameter in rebuilt.parameters()} == {torch.float32}
    x = torch.rand(1, 2, 16, 16)
    torch.testing.assert_close(rebuilt(x), network(x), atol=0.02, rtol=0)


def test_scores_in_the_recipe_do_not_change_the_identity(
    tmp_path: Path, model_file: Path, network: Generator, recipe: Recipe
) -> None:
    scored = recipe.model_copy(
        update={"scores": (Score(measure="CC", value=0.7, command="make score"),)}
    )
    path = tmp_path / "scored.safetensors"
    assert checkpoint.write(path, network.state_dict(), scored) == checkpoint.identify(model_file)
    assert path.read_bytes() != model_file.read_bytes()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_order_of_the_tensors_does_not_change_the_identity_but_every_value_does(
    data: st.DataObject, tmp_path: Path, model_file: Path
) -> None:
    state = load_file(model_file)
    path = tmp_path / "other.safetensors"
    save_file({key: state[key] for key in data.draw(st.permutations(list(state)))}, path)
    assert checkpoint.identify(path) == checkpoint.identify(model_file)
    key = data.draw(st.sampled_from(sorted(state)))
    state[key].view(-1)[data.draw(st.integers(0, state[key].numel() - 1))] += 1.0
    save_file(state, path)
    assert checkpoint.identify(path) != checkpoint.identify(model_file)


def test_renaming_or_reshaping_a_tensor_changes_the_identity(tmp_path: Path) -> None:
    identities = set()
    for index, state in enumerate(
        (
            {"a": torch.zeros(4)},
            {"b": torch.zeros(4)},
            {"a": torch.zeros(2, 2)},
            {"a": torch.zeros(4, dtype=torch.int32)},
        )
    ):
        path = tmp_path / f"{index}.safetensors"
        save_file(state, path)
        identities.add(checkpoint.identify(path))
    assert len(identities) == 4


def test_identity_is_as_documented(tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    save_file({"b": torch.tensor([1.0]), "a": torch.tensor([[2.0, 3.0]])}, path)
    expected = hashlib.sha256(
        b'["a", "F32", [1, 2]]\n\x00\x00\x00\x40\x00\x00\x40\x40["b", "F32", [1]]\n\x00\x00\x80\x3f'
    )
    assert checkpoint.identify(path) == expected.hexdigest()


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"not a model",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"\xff" * 8 + data[8:],
        lambda data: data[:8] + b"{" + data[9:].replace(b"data_offsets", b"data_offsetz"),
    ],
    ids=["empty", "text", "half", "one byte short", "huge header", "no offsets"],
)
def test_damaged_file_is_refused_by_name(
    model_file: Path, damage: Callable[[bytes], bytes]
) -> None:
    model_file.write_bytes(damage(model_file.read_bytes()))
    with pytest.raises(CheckpointError) as caught:
        checkpoint.read(model_file)
    assert caught.value.files == ("model.safetensors",)


def test_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"absent\.safetensors does not read"):
        checkpoint.read(tmp_path / "absent.safetensors")


def test_file_without_a_recipe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plain.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="carries no Recipe"):
        checkpoint.read(path)


def test_recipe_that_does_not_parse_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    save_file({"a": torch.zeros(1)}, path, metadata={"recipe": "{}"})
    with pytest.raises(RecipeError, match=r"odd\.safetensors.*name: Field required"):
        checkpoint.read(path)


def test_weights_of_another_shape_are_refused(network: Generator, recipe: Recipe) -> None:
    state = network.state_dict() | {"model.1.bias": torch.zeros(9)}
    with pytest.raises(CheckpointError, match=r"model\.1\.bias: got \(9,\), expected \(2,\)"):
        checkpoint.build(recipe, state)


def test_weights_that_are_not_finite_as_stored_are_refused(
    tmp_path: Path, network: Generator, recipe: Recipe
) -> None:
    state = network.state_dict() | {"model.1.bias": torch.full((2,), 1e6)}
    with pytest.raises(CheckpointError, match=r"not finite as torch\.float16: model\.1\.bias"):
        checkpoint.write(tmp_path / "x.safetensors", state, recipe, half=True)
    assert list(tmp_path.iterdir()) == []


def test_recipe_with_another_number_of_channels_is_refused(
    network: Generator, recipe: Recipe
) -> None:
    fewer = recipe.model_copy(update={"channels": recipe.channels[:1]})
    with pytest.raises(CheckpointError, match="got 1 input planes in the Recipe, 2"):
        checkpoint.build(fewer, network.state_dict())


def test_grid_that_the_network_cannot_halve_is_refused(network: Generator, recipe: Recipe) -> None:
    odd = recipe.model_copy(update={"grid": Grid(66, 28.0)})
    with pytest.raises(CheckpointError, match=r"grid of 66 px .* multiple of 4"):
        checkpoint.build(odd, network.state_dict())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("os:system", "no module 'os'"),
        ("pix2pixcc:Evil", "no network 'Evil'"),
        ("pix2pixcc:ResidualBlock", "no network 'ResidualBlock'"),
        ("pix2pixcc:Network", "no network 'Network'"),
        ("pix2pixcc:partial", "no network 'partial'"),
    ],
)
def test_only_networks_of_the_project_are_built(
    network: Generator, recipe: Recipe, name: str, said: str
) -> None:
    with pytest.raises(CheckpointError, match=said):
        checkpoint.build(change_network(recipe, name=name), network.state_dict())


@pytest.mark.parametrize(
    "arguments", [{"depth": 3}, {"n_gf": "wide"}, {"n_gf": -4}, {"n_downsample": 0.5}]
)
def test_arguments_that_the_network_does_not_take_are_refused(
    network: Generator, recipe: Recipe, arguments: dict[str, int | str | float]
) -> None:
    with pytest.raises(CheckpointError, match=r"pix2pixcc:Generator does not take"):
        checkpoint.build(change_network(recipe, arguments=arguments), network.state_dict())


class TestImport:
    """Path of the authors' ``*_G.pt``."""

    @pytest.fixture
    def recipe_file(self, tmp_path: Path) -> Path:
        path = tmp_path / "recipe.toml"
        path.write_text(RECIPE)
        return path

    def test_gives_the_same_network(
        self, tmp_path: Path, network: Generator, recipe_file: Path, recipe: Recipe
    ) -> None:
        weights, out = tmp_path / "760000_G.pt", tmp_path / "out.safetensors"
        torch.save(network.state_dict(), weights)
        identity = checkpoint.import_weights(weights, recipe_file, out)
        read = checkpoint.read(out)
        assert read.identity == identity
        assert read.recipe == recipe
        x = torch.rand(1, 2, 16, 16)
        assert torch.equal(checkpoint.build(read.recipe, read.state)(x), network(x))

    def test_lists_keys_that_do_not_fit(
        self, tmp_path: Path, network: Generator, recipe_file: Path
    ) -> None:
        weights = tmp_path / "1_G.pt"
        torch.save(network.state_dict() | {"extra": torch.zeros(1)}, weights)
        with pytest.raises(CheckpointError, match=r"unknown extra \(1,\)"):
            checkpoint.import_weights(weights, recipe_file, tmp_path / "out.safetensors")

    def test_refuses_a_recipe_of_another_network(
        self, tmp_path: Path, network: Generator, recipe_file: Path
    ) -> None:
        weights = tmp_path / "1_G.pt"
        torch.save(network.state_dict(), weights)
        text = RECIPE.replace('Generator"', 'Generator"\narguments = { n_gf = 64 }')
        recipe_file.write_text(text)
        with pytest.raises(CheckpointError, match="disagree on the network"):
            checkpoint.import_weights(weights, recipe_file, tmp_path / "out.safetensors")

    @pytest.mark.parametrize(
        "content",
        [b"", b"not a pickle", pickle.dumps({"a": 1}), pickle.dumps(Path("x")), b"PK\x03\x04junk"],
        ids=["empty", "text", "numbers", "objects", "broken zip"],
    )
    def test_unpickles_nothing_but_tensors(
        self, tmp_path: Path, recipe_file: Path, content: bytes
    ) -> None:
        weights = tmp_path / "evil_G.pt"
        weights.write_bytes(content)
        with pytest.raises(CheckpointError) as caught:
            checkpoint.import_weights(weights, recipe_file, tmp_path / "out.safetensors")
        assert caught.value.files == ("evil_G.pt",)

    def test_does_not_run_code_in_a_pickle(self, tmp_path: Path, recipe_file: Path) -> None:
        weights, marker = tmp_path / "evil_G.pt", tmp_path / "marker"
        torch.save({"model.1.weight": _Trap(marker)}, weights)
        with pytest.raises(ModelError, match="nothing else is unpickled"):
            checkpoint.import_weights(weights, recipe_file, tmp_path / "out.safetensors")
        assert not marker.exists()


class _Trap:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("value", [10**9, 1e300, float("inf"), float("nan"), -(10**9), 1025])
@pytest.mark.parametrize("name", ["n_gf", "n_downsample", "n_residual"])
def test_arguments_of_a_network_that_nobody_could_build_are_refused_at_once(
    name: str, value: float, recipe: Recipe
) -> None:
    hostile = change_network(recipe, arguments=recipe.network.arguments | {name: value})
    with pytest.raises(CheckpointError, match=f"{name} = .* expected at most"):
        checkpoint.initialise(hostile)


def test_a_file_whose_weights_are_not_finite_is_refused(model_file: Path, tmp_path: Path) -> None:
    state, recipe = load_file(model_file), checkpoint.read(model_file).recipe
    first = min(state)
    state[first] = torch.full_like(state[first], float("nan"))
    broken = tmp_path / "broken.safetensors"
    save_file(state, broken, metadata={checkpoint.RECIPE_KEY: recipe.to_json()})
    with pytest.raises(CheckpointError, match=f"not finite: {first}"):
        checkpoint.read(broken)


def test_newest_version_of_each_model_is_found(tmp_path: Path, model_file: Path) -> None:
    for place in ("a/1", "a/9", "a/10", "b/2", "b-torchscript/1", "c/latest"):
        (tmp_path / place).mkdir(parents=True)
        name = "model.pt" if "script" in place else "model.safetensors"
        (tmp_path / place / name).touch()
    found = [
        path.relative_to(tmp_path).parent.as_posix()
        for path in checkpoint.newest_versions(tmp_path)
    ]
    assert found == ["a/10", "b/2"]
