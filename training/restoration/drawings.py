"""``python -m training.restoration.drawings MODEL --out PAGE.md``: score a model of drawings."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.progress import track

from farside.errors import RecipeError
from farside.io.atomic import atomic_path
from farside.model.engine import Engine, Model
from farside.model.recipe import BrightnessPlane, Recipe
from farside.simulation.drawings.styles import DRAWING_STYLES
from farside.simulation.instruments.registered import BANDS
from training.command import count, exit_on_error
from training.restoration.drawingspage import markdown
from training.restoration.drawingspicture import PicturedDrawing, before_and_after
from training.restoration.drawnscores import (
    OTHER,
    QUIET,
    DrawingMeasures,
    DrawingScores,
    measure_drawing,
    predict,
    summarise,
)
from training.restoration.drawnsuns import drawn_suns, quiet_sun
from training.score.measures import AR
from training.score.run import MODEL
from training.scoring.markdown import write_page
from training.scoring.models import load

PICTURED = ("tower", "galileo")
"""Drawing styles in the picture: the most careful and the oldest."""


def parser() -> argparse.ArgumentParser:
    """Parser of the command line."""
    top = argparse.ArgumentParser(prog="python -m training.restoration.drawings")
    top.description = __doc__
    add = top.add_argument
    add("model", metavar="MODEL", help="name in the repository, or a model.safetensors")
    add(
        "--out", type=Path, required=True, metavar="PAGE", help="Markdown page; JSON, PNG beside it"
    )
    add("--suns", type=count, default=40, help="number of suns, from seed 0 (%(default)s)")
    add("--dates", type=count, default=len(DRAWING_STYLES), help="dates per Sun (%(default)s)")
    add("--repository", type=Path, default=Path("model_repository"), help="folder of models")
    return top


def score(arguments: argparse.Namespace) -> DrawingScores:
    """Score the model, and write the page, its numbers and its picture."""
    model, engine = load(arguments.model, arguments.repository)
    check(model.recipe)
    drawn, shown = _asked(model, engine, arguments.suns, arguments.dates)
    name = Path(arguments.model).name
    command = f"python -m training.restoration.drawings {name} --suns {arguments.suns}"
    if arguments.dates != len(DRAWING_STYLES):
        command += f" --dates {arguments.dates}"
    scores = summarise(drawn, model, command)
    picture = arguments.out.with_suffix(".png")
    write_page(scores, markdown(scores, picture.name if shown else None), arguments.out)
    if shown:
        with atomic_path(picture) as path:
            path.write_bytes(before_and_after(shown))
    return scores


def check(recipe: Recipe) -> None:
    """Refuse a model that does not translate drawings.

    Raises
    ------
    RecipeError
        The model takes other images, or does not give the field and AIA's three bands.
    """
    bands = [plane.band for plane in recipe.outputs if isinstance(plane, BrightnessPlane)]
    takes = [channel.takes("observation", "DRAWING", "WHITE") for channel in recipe.channels]
    if takes != [True] or bands != list(BANDS["SDO"]):
        raise RecipeError(
            f"{recipe.name}: got {', '.join(map(str, recipe.channels))} to "
            f"{', '.join(['field', *bands])}, expected DRAWING WHITE as observation to "
            f"{', '.join(['field', *BANDS['SDO']])}"
        )


def _asked(
    model: Model, engine: Engine, suns: int, dates: int
) -> tuple[list[DrawingMeasures], list[PicturedDrawing]]:
    """Score every drawing, and keep the first active one of each pictured style."""
    grid = model.recipe.disk
    quiet = quiet_sun(grid)
    drawn: list[DrawingMeasures] = []
    shown: dict[str, PicturedDrawing] = {}
    cases = (sun for seed in range(suns) for sun in drawn_suns(seed, dates, grid))
    for sun in track(cases, "scoring", suns * dates):
        made = predict(sun.drawing, model, engine)
        predictions = {MODEL: made, OTHER: predict(sun.other, model, engine), QUIET: quiet}
        drawn.append(measure_drawing(sun, predictions, grid))
        if any(row.area == AR for row in drawn[-1].rows):
            shown.setdefault(sun.hand, PicturedDrawing(sun, made))
    return drawn, [shown[hand] for hand in PICTURED if hand in shown]


def main() -> None:
    """Run the command line; an error ends it with one sentence."""
    arguments = parser().parse_args()
    with exit_on_error():
        score(arguments)
    print(arguments.out)


if __name__ == "__main__":
    main()
