from pathlib import Path

import pytest

from export.publish import publish
from farside import checkpoint
from farside.errors import CheckpointError
from farside.recipe import Score
from tests.small_model import generator, recipe_of


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    return train(tmp_path, seed=1)


def train(folder: Path, seed: int) -> Path:
    network = generator(seed)
    path = folder / f"trained{seed}.safetensors"
    checkpoint.write(path, network.state_dict(), recipe_of(network))
    return path


def test_a_trained_model_lands_under_its_name_and_version_with_its_scores(
    trained: Path, tmp_path: Path
) -> None:
    score = Score(measure="correlation", value=0.7, command="make score")
    path = publish(trained, tmp_path / "repository", (score,))
    published = checkpoint.read(path)
    assert path.parts[-3:-1] == (published.recipe.name, published.recipe.version)
    assert published.recipe.scores == (score,)
    assert checkpoint.newest(tmp_path / "repository") == (path,)


def test_scores_may_be_written_later_without_a_new_identity(trained: Path, tmp_path: Path) -> None:
    first = checkpoint.read(publish(trained, tmp_path)).identity
    score = Score(measure="correlation", value=0.7, command="make score")
    assert checkpoint.read(publish(trained, tmp_path, (score,))).identity == first


def test_other_weights_under_a_published_version_are_refused_and_the_old_stay(
    trained: Path, tmp_path: Path
) -> None:
    path = publish(trained, tmp_path / "repository")
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="new weights need a new version"):
        publish(train(tmp_path, seed=2), tmp_path / "repository")
    assert path.read_bytes() == before
    assert [child.name for child in path.parent.iterdir()] == [path.name]


def test_a_model_that_answers_no_finite_values_is_refused(trained: Path, tmp_path: Path) -> None:
    model = checkpoint.read(trained)
    head = max(key for key in model.state if key.endswith("bias"))
    state = {
        key: tensor * (1e38 if key != head else 1) * 1e3 for key, tensor in model.state.items()
    }
    finite = {key: tensor.clamp(-3e38, 3e38) for key, tensor in state.items()}
    checkpoint.write(trained, finite, model.recipe)
    with pytest.raises(CheckpointError, match="not finite"):
        publish(trained, tmp_path / "repository")
    assert not list((tmp_path / "repository").rglob("*.safetensors"))
