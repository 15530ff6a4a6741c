from pathlib import Path

import pytest

from export.publish import Report, publish, read_report
from farside.errors import CheckpointError
from farside.model import checkpoint
from farside.model.recipe import ErrorModel, Score
from tests.support.small_model import generator, recipe_of


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
    assert checkpoint.newest_versions(tmp_path / "repository") == (path,)


def test_scores_may_be_written_later_without_a_new_identity(trained: Path, tmp_path: Path) -> None:
    first = checkpoint.read(publish(trained, tmp_path)).identity
    score = Score(measure="correlation", value=0.7, command="make score")
    assert checkpoint.read(publish(trained, tmp_path, (score,))).identity == first


def test_a_changed_recipe_leaves_the_scores_and_the_identity(trained: Path, tmp_path: Path) -> None:
    score = Score(measure="correlation", value=0.7, command="make score")
    before = checkpoint.read(published := publish(trained, tmp_path, (score,)))
    channel = before.recipe.channels[0]
    wider = channel.model_copy(update={"accepts": (*channel.accepts, "AIA 131")})
    recipe = before.recipe.model_copy(
        update={"channels": (wider, *before.recipe.channels[1:]), "scores": ()}
    )
    after = checkpoint.read(publish(published, tmp_path, recipe=recipe))
    assert after.identity == before.identity
    assert after.recipe.channels[0].accepts == wider.accepts
    assert after.recipe.scores == (score,)


def test_a_recipe_of_another_network_is_refused_and_the_published_file_stays(
    trained: Path, tmp_path: Path
) -> None:
    path = publish(trained, tmp_path)
    content = path.read_bytes()
    recipe = checkpoint.read(path).recipe
    fewer = recipe.model_copy(update={"channels": recipe.channels[:1]})
    with pytest.raises(CheckpointError, match="input planes"):
        publish(path, tmp_path, recipe=fewer)
    assert path.read_bytes() == content


def test_a_published_file_may_be_read_by_the_user_of_a_service(
    trained: Path, tmp_path: Path
) -> None:
    assert publish(trained, tmp_path).stat().st_mode & 0o777 == 0o644


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


ERRORS = ErrorModel(
    field_edges_gauss=(0.0, 100.0),
    mu_edges=(0.0,),
    known_gauss=((3.0, 50.0),),
    new_gauss=((4.0, 80.0),),
    either_gauss=((3.5, 60.0),),
    correlation_length_deg=1.5,
)
SCORE = Score(measure="correlation", value=0.7, command="python -m training.score demo suns")


def test_a_report_brings_its_scores_and_error_model_and_leaves_the_identity(
    trained: Path, tmp_path: Path
) -> None:
    first = checkpoint.read(publish(trained, tmp_path)).identity
    report = Report(identity=first, scores=(SCORE,), errors=ERRORS)
    path = tmp_path / "report.json"
    path.write_text(report.model_dump_json()[:-1] + ', "disks": []}')
    published = checkpoint.read(publish(trained, tmp_path, report=read_report(path)))
    assert (published.recipe.scores, published.recipe.errors) == ((SCORE,), ERRORS)
    assert published.identity == first


def test_a_report_of_the_unhalved_weights_will_do(trained: Path, tmp_path: Path) -> None:
    report = Report(identity=checkpoint.read(trained).identity, scores=(SCORE,), errors=ERRORS)
    assert checkpoint.read(publish(trained, tmp_path, report=report)).recipe.errors == ERRORS


def test_a_report_of_other_weights_is_refused_and_nothing_is_published(
    trained: Path, tmp_path: Path
) -> None:
    other = checkpoint.read(train(tmp_path, seed=2)).identity
    report = Report(identity=other, scores=(SCORE,), errors=ERRORS)
    with pytest.raises(CheckpointError, match=f"got identity {other[:12]}, expected"):
        publish(trained, tmp_path / "repository", report=report)
    assert not list((tmp_path / "repository").rglob("*.safetensors"))


def test_what_is_no_report_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text('{"identity": "ab"}')
    with pytest.raises(
        CheckpointError, match=r"report\.json is not a report .*scores: Field required"
    ):
        read_report(path)
