"""Put a trained model into the model repository, where engines look for it.

``<repository>/<name>/<version>/model.safetensors`` is the source of everything that is served.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from farside import checkpoint
from farside.checkpoint import FILE_NAME, Checkpoint
from farside.errors import CheckpointError
from farside.recipe import Recipe, Score
from farside.wholefile import replacing


def publish(trained: Path, repository: Path, scores: tuple[Score, ...] = ()) -> Path:
    """Copy a model file into the repository, in half precision, once it has answered.

    Parameters
    ----------
    trained
        Model file that training wrote.
    repository
        Folder of models.
    scores
        Written into the Recipe, in place of those that are there; the identity stays.

    Returns
    -------
    Path
        The published file. It is there whole or not at all.

    Raises
    ------
    CheckpointError
        The model does not answer an input of its own grid with finite values, or this version of
        it is already published with other weights: weights that change need a new version.
    """
    model = checkpoint.read(trained)
    recipe = model.recipe.model_copy(update={"scores": scores or model.recipe.scores})
    _check_answer(model)
    path = repository / recipe.name / recipe.version / FILE_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as candidate:
        identity = checkpoint.write(candidate, model.state, recipe, half=True)
        _check_version(path, identity, recipe)
    return path


def _check_answer(model: Checkpoint) -> None:
    recipe, size = model.recipe, model.recipe.grid.size_px
    network = checkpoint.build(recipe, model.state)
    with torch.inference_mode():
        answer = network(torch.zeros(1, len(recipe.channels), size, size))
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
    """``python -m export.publish MODEL.safetensors``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path)
    parser.add_argument("--repository", type=Path, default=Path("model_repository"))
    parser.add_argument(
        "--score",
        action="append",
        default=[],
        nargs=3,
        metavar=("MEASURE", "VALUE", "COMMAND"),
        help="a figure of merit and the command that measures it; give it once for each",
    )
    arguments = parser.parse_args()
    scores = tuple(
        Score(measure=measure, value=float(value), command=command)
        for measure, value, command in arguments.score
    )
    print(publish(arguments.trained, arguments.repository, scores))


if __name__ == "__main__":
    main()
