"""Publish a trained model in the model repository, from which engines load.

``<repository>/<name>/<version>/model.safetensors`` is the source of all exported formats.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from farside.errors import CheckpointError
from farside.io.atomic import atomic_path
from farside.model import checkpoint
from farside.model.checkpoint import FILE_NAME, Checkpoint
from farside.model.recipe import ErrorModel, Recipe, Score


class Report(BaseModel):
    """Scores and error model from a ``report.json`` of ``training.score``.

    Attributes
    ----------
    identity
        Identity of the scored weights.
    scores, errors
        Figures of merit, and the error model if one was measured.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    identity: str
    scores: tuple[Score, ...]
    errors: ErrorModel | None = None


def read_report(path: Path) -> Report:
    """Read the report of ``python -m training.score``.

    Raises
    ------
    CheckpointError
        The file is not such a report.
    """
    try:
        return Report.model_validate_json(path.read_bytes())
    except ValidationError as error:
        complaints = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
        )
        raise CheckpointError(
            f"{path.name} is not a report of training.score: {complaints}", (path.name,)
        ) from error


def publish(
    trained: Path,
    repository: Path,
    scores: tuple[Score, ...] = (),
    report: Report | None = None,
    recipe: Recipe | None = None,
) -> Path:
    """Copy a model file into the repository in half precision, after a test run.

    Parameters
    ----------
    trained
        Model file written by the training.
    repository
        Model repository.
    scores
        Scores that replace those in the Recipe; the identity of the weights does not change.
    report
        Report whose scores precede `scores` and whose error model replaces that of the Recipe.
    recipe
        Recipe that replaces the one in the file, for example to accept more instruments. Where it
        has no scores or no error model, those of the file are kept.

    Returns
    -------
    Path
        Published file, written atomically.

    Raises
    ------
    CheckpointError
        The output of the model is not finite, this version is already published with other weights
        (changed weights need a new version), or the report is of other weights.
    """
    model = checkpoint.read(trained)
    if recipe is not None:
        model = model._replace(recipe=_measured_before(recipe, model.recipe))
    described = _with_scores(model.recipe, scores, report)
    _check_answer(model)
    path = repository / described.name / described.version / FILE_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as candidate:
        identity = checkpoint.write(candidate, model.state, described, half=True)
        candidate.chmod(0o644)  # safetensors writes owner-only; the service runs as another user
        _check_version(path, identity, described)
        if report:
            _check_scored(report, model.identity, identity)
    return path


def _measured_before(recipe: Recipe, before: Recipe) -> Recipe:
    """Recipe with missing scores and error model taken from an earlier one."""
    return recipe.model_copy(
        update={
            "scores": recipe.scores or before.scores,
            "errors": recipe.errors or before.errors,
            "domains": recipe.domains or before.domains,
        }
    )


def _with_scores(recipe: Recipe, scores: tuple[Score, ...], report: Report | None) -> Recipe:
    found = (*(report.scores if report else ()), *scores)
    errors = (report.errors if report else None) or recipe.errors
    return recipe.model_copy(update={"scores": found or recipe.scores, "errors": errors})


def _check_scored(report: Report, *identities: str) -> None:
    """Check that a report is of these weights, either as trained or in half precision."""
    if report.identity not in identities:
        raise CheckpointError(
            f"the report is of other weights: got identity {report.identity[:12]}, expected "
            f"{' or '.join(each[:12] for each in dict.fromkeys(identities))}"
        )


def _check_answer(model: Checkpoint) -> None:
    recipe, size = model.recipe, model.recipe.side_px
    network = checkpoint.build(recipe, model.state)
    with torch.inference_mode():
        answer = network(torch.zeros(1, recipe.input_planes, size, size))
    if not bool(answer.isfinite().all()):
        raise CheckpointError(f"{recipe.name} answers an empty Sun with values that are not finite")


def _check_version(path: Path, identity: str, recipe: Recipe) -> None:
    if not path.exists():
        return
    published = checkpoint.read(path).identity
    if published != identity:
        raise CheckpointError(
            f"{recipe.name} {recipe.version} is published with identity {published[:12]}, got "
            f"{identity[:12]}: new weights need a new version",
            (str(path),),
        )


def main() -> None:
    """Publish the model given on the command line and print its path."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "trained", type=Path, metavar="MODEL.safetensors", help="model file written by training"
    )
    parser.add_argument(
        "--repository",
        type=Path,
        default=Path("model_repository"),
        help="model repository (default: %(default)s)",
    )
    parser.add_argument(
        "--score",
        action="append",
        default=[],
        nargs=3,
        metavar=("MEASURE", "VALUE", "COMMAND"),
        help="figure of merit and the command that measures it; may be repeated",
    )
    parser.add_argument(
        "--report", type=Path, help="report.json of training.score: its scores and error model"
    )
    parser.add_argument(
        "--recipe", type=Path, help="TOML Recipe that replaces the one in the file; scores are kept"
    )
    arguments = parser.parse_args()
    scores = tuple(
        Score(measure=measure, value=float(value), command=command)
        for measure, value, command in arguments.score
    )
    report = read_report(arguments.report) if arguments.report else None
    recipe = (
        Recipe.from_toml(arguments.recipe.read_text(encoding="utf-8")) if arguments.recipe else None
    )
    print(publish(arguments.trained, arguments.repository, scores, report, recipe))


if __name__ == "__main__":
    main()
