"""``python -m training.data COMMAND … --out STORE``: make a store of training samples."""

from __future__ import annotations

import argparse
from pathlib import Path

from farside.model.recipe import Recipe
from farside.sun.reference_epoch import SYNODIC_PERIOD_DAYS
from training.command import count, exit_on_error
from training.data.archive import ArchivePlan, prepare
from training.data.campaign import FROM, UNTIL, Campaign
from training.data.drawings import Drawings, simulate_drawings
from training.data.pairing import Ages, MonthsRule
from training.data.simulated import simulate
from training.data.store import SUMMARY
from training.data.tiles import Tiles, simulate_tiles

RECIPE = Path(__file__).parents[1] / "recipes" / "pix2pixcc-demo.toml"


def parser() -> argparse.ArgumentParser:
    """Parser of the command line."""
    top = argparse.ArgumentParser(prog="python -m training.data", description=__doc__)
    commands = top.add_subparsers(required=True)
    _prepare_options(
        commands.add_parser(
            "prepare", help="find, register and pair AIA and HMI files; resumes if begun"
        )
    )
    _simulate_options(
        commands.add_parser("simulate", help="render and pair simulated suns; resumes if begun")
    )
    _tile_options(
        commands.add_parser("tiles", help="render tiles of simulated HMI frames; resumes if begun")
    )
    _drawing_options(
        commands.add_parser("drawings", help="render drawings and their truth; resumes if begun")
    )
    return top


def _prepare_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_prepare)
    add = command.add_argument
    add("folders", type=Path, nargs="+", metavar="FOLDER", help="of FITS files, at any depth")
    _shared_options(command)
    add("--set-minutes", type=float, default=15.0, help="between EUV and magnetogram (%(default)s)")
    add("--age-step-days", type=float, default=3.9, help="step of reference ages (%(default)s)")
    add("--age-tolerance-hours", type=float, default=6.0, help="tolerance of ages (%(default)s)")
    add("--test-year", type=int, default=2011, help="year for which the test months are given")
    add("--test-month", type=int, default=1, help="first of that year's two test months")
    add("--guard-days", type=float, default=0.0, help="unused around test months (%(default)s)")
    add("--alone", action="store_true", help="each set is a sample without a reference, too")
    add("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster, or 'local', that reads")


def _simulate_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_simulate)
    add = command.add_argument
    _seed_option(command)
    _shared_options(command)
    add("--epochs", type=int, default=4, help="rotations of each Sun (%(default)s)")
    add("--times", type=int, default=6, help="surfaces of each rotation (%(default)s)")
    add("--from", dest="first", default=FROM, metavar="DATE", help="first of all (%(default)s)")
    add("--until", dest="last", default=UNTIL, metavar="DATE", help="last of all (%(default)s)")
    add("--span-days", type=float, default=SYNODIC_PERIOD_DAYS, help="of each (%(default)s)")
    add("--sdo-too", action="store_true", help="SDO's own views are to be generated as well")
    add("--offset-deg", type=float, default=0.0, help="of the far side from Eq. 5 (%(default)s)")
    add("--share", type=float, default=1.0, help="of the pairs that is kept (%(default)s)")
    add("--split", choices=("train", "test"), default="train", help="all these suns (%(default)s)")
    add("--variety", type=float, default=0.0, help="of the bands' answers (%(default)s; 1 is much)")


def _tile_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_tiles)
    add = command.add_argument
    _seed_option(command)
    _store_options(command)
    add("--dates", type=count, default=Tiles.dates, help="dates per Sun (%(default)s)")
    add("--tiles", type=count, default=Tiles.tiles, help="tiles per date (%(default)s)")
    add("--side", type=count, default=Tiles.side_px, help="side of a tile, pixels (%(default)s)")


def _drawing_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_drawings)
    _seed_option(command)
    _shared_options(command)
    command.add_argument(
        "--dates", type=count, default=Drawings.dates, help="dates per Sun (%(default)s)"
    )


def _seed_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--seeds",
        type=_seeds,
        required=True,
        metavar="FIRST:COUNT",
        help="seeds of the suns, e.g. 1000000:200; those below a million are for scoring",
    )


def _shared_options(command: argparse.ArgumentParser) -> None:
    _store_options(command)
    command.add_argument(
        "--recipe", type=Path, default=RECIPE, help="Recipe (TOML) whose grid is used"
    )


def _store_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--out", type=Path, required=True, metavar="STORE", help="store to make, or to resume")
    add("--processes", type=count, default=2, help="number of parallel processes (%(default)s)")


def _seeds(text: str) -> tuple[int, int]:
    first, _, count = text.partition(":")
    try:
        return int(first), int(count)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected FIRST:COUNT") from error


def _prepare(arguments: argparse.Namespace) -> str:
    plan = ArchivePlan(
        grid=_recipe(arguments).disk,
        set_minutes=arguments.set_minutes,
        ages=Ages(arguments.age_step_days, arguments.age_tolerance_hours),
        rule=MonthsRule(arguments.test_year, arguments.test_month, arguments.guard_days),
        alone=arguments.alone,
        processes=arguments.processes,
        dask=arguments.dask,
    )
    summary = prepare(arguments.folders, arguments.out, plan)
    counts = str(summary).splitlines()[0]
    return f"{counts}; each is listed in {arguments.out / SUMMARY}"


def _simulate(arguments: argparse.Namespace) -> str:
    first_seed, seeds = arguments.seeds
    campaign = Campaign(
        grid=_recipe(arguments).disk,
        first_seed=first_seed,
        seeds=seeds,
        epochs=arguments.epochs,
        times=arguments.times,
        first=arguments.first,
        last=arguments.last,
        share=arguments.share,
        test=arguments.split == "test",
        variety=arguments.variety,
        span_days=arguments.span_days,
        sdo_too=arguments.sdo_too,
        offset_deg=arguments.offset_deg,
    )
    return str(simulate(arguments.out, campaign, arguments.processes))


def _tiles(arguments: argparse.Namespace) -> str:
    first_seed, seeds = arguments.seeds
    plan = Tiles(first_seed, seeds, arguments.dates, arguments.tiles, arguments.side)
    count = simulate_tiles(arguments.out, plan, arguments.processes)
    return f"suns: {plan.seeds}; tiles: {count}"


def _drawings(arguments: argparse.Namespace) -> str:
    first_seed, seeds = arguments.seeds
    plan = Drawings(_recipe(arguments).disk, first_seed, seeds, arguments.dates)
    count = simulate_drawings(arguments.out, plan, arguments.processes)
    return f"suns: {plan.seeds}; drawings: {count}"


def _recipe(arguments: argparse.Namespace) -> Recipe:
    return Recipe.from_toml(arguments.recipe.read_text(encoding="utf-8"))


def main() -> None:
    """Run the command line; an error ends it with one sentence."""
    arguments = parser().parse_args()
    with exit_on_error():
        print(arguments.run(arguments))


if __name__ == "__main__":
    main()
