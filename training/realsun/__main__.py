"""``python -m training.realsun --sets FOLDER --out PAGE.md``: score models on the real Sun."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.progress import track

from farside.io.atomic import atomic_path
from farside.model.engines.torch import TorchEngine
from farside.plots.magnetogram import LIMIT_GAUSS
from training.command import exit_on_error
from training.realsun.baselines import read_maps
from training.realsun.farview import far_views
from training.realsun.page import Results, markdown, mean_table
from training.realsun.pictures import picture_of_set, picture_of_view
from training.realsun.run import far_side_models, predictions, score, skipped_models
from training.realsun.sets import RealSet, read_sets
from training.scoring.table import Row, write_csv

MISSING_DATA = 2
"""Exit status if the data are missing."""


def parser() -> argparse.ArgumentParser:
    """Parser of the command line."""
    top = argparse.ArgumentParser(prog="python -m training.realsun", description=__doc__)
    add = top.add_argument
    add(
        "--sets", type=Path, required=True, metavar="FOLDER", help="AIA and HMI, one folder per set"
    )
    add("--out", type=Path, required=True, metavar="PAGE", help="Markdown page; CSV beside it")
    add("--repository", type=Path, default=Path("model_repository"), help="folder of models")
    add("--maps", type=Path, help="synoptic maps (default: wind/gong beside the sets)")
    add("--euvi", type=Path, help="EUVI files, one folder per view (default: euvi beside the sets)")
    add("--farside-list", type=Path, help="helioseismic regions as CSV (default: beside the sets)")
    add("--local", type=Path, default=Path("build/real-sun"), metavar="FOLDER",
        help="pictures that may not be redistributed (%(default)s)")  # fmt: skip
    return top


def real_sun(arguments: argparse.Namespace) -> Results:
    """Score the models and the baselines on all sets, draw, and write the page.

    Raises
    ------
    FileNotFoundError
        The folder has no sets.
    """
    sets, beside = read_sets(arguments.sets), arguments.sets.parent
    maps = read_maps(arguments.maps or beside / "wind" / "gong")
    catalogue = arguments.farside_list or beside / "farside_ar" / "jsoc_farside_ar_catalogue.csv"
    engine = TorchEngine.from_repository(arguments.repository)
    models = far_side_models(engine)
    out, rows, shown = PictureFolders(arguments.out, arguments.local), list[Row](), list[Path]()
    for real in track(sets, "scoring"):
        given = predictions(real, models, engine, maps)
        rows += score(real, given)
        if _is_worth_a_picture(real):
            shown += out.write(real.name, picture_of_set(real, given), real.may_be_published)
    views = far_views(arguments.euvi or beside / "euvi", models, engine, catalogue)
    for view in views:
        name, with_images = f"euvi-{view.name}", view.may_be_published
        shown += out.write(name, picture_of_view(view, with_images), may_be_published=True)
        if not with_images:
            out.write(name, picture_of_view(view), may_be_published=False)
    recipes = [model.recipe for model in models]
    found = Results(sets, recipes, rows, skipped_models(models), views, shown)
    with atomic_path(arguments.out) as temporary:
        temporary.write_text(markdown(found), encoding="utf-8")
    write_csv(rows, arguments.out.with_suffix(".csv"))
    return found


class PictureFolders:
    """Folders of pictures: one beside the page, one for what may not be redistributed.

    Parameters
    ----------
    page
        Page; pictures that it may show go into a folder of its name.
    local
        Folder of all other pictures.
    """

    def __init__(self, page: Path, local: Path) -> None:
        self._page, self._local = page, local

    def write(self, name: str, content: bytes, may_be_published: bool) -> list[Path]:
        """Write a picture; return its path relative to the page, if the page may show it."""
        folder = self._page.with_suffix("") if may_be_published else self._local
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
        return [path.relative_to(self._page.parent)] if may_be_published else []


def _is_worth_a_picture(real: RealSet) -> bool:
    """Whether the truth of a set fills the grey scale of a magnetogram."""
    return real.counts and real.truth.clip_gauss >= LIMIT_GAUSS


def main() -> None:
    """Run the command line; an error ends it with one sentence."""
    arguments = parser().parse_args()
    with exit_on_error():
        try:
            found = real_sun(arguments)
        except FileNotFoundError as error:
            print(error, file=sys.stderr)
            raise SystemExit(MISSING_DATA) from error
    print(mean_table(found.fit_rows, "0.95 R"))
    print(arguments.out)


if __name__ == "__main__":
    main()
