"""``python -m training.data prepare FOLDER… --out STORE``: a store of pairs of real images."""

from __future__ import annotations

import argparse
from pathlib import Path

from farside.errors import FarsideError
from farside.recipe import Recipe
from training.data.archive import SUMMARY, Plan, prepare
from training.data.pairing import Ages, MonthsRule

RECIPE = Path(__file__).parents[1] / "recipes" / "pix2pixcc-demo.toml"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m training.data", description=__doc__)
    command = top.add_subparsers(required=True).add_parser(
        "prepare", help="find, register and pair AIA and HMI files; goes on where it was"
    )
    add = command.add_argument
    add("folders", type=Path, nargs="+", metavar="FOLDER", help="with FITS files at any depth")
    add("--out", type=Path, required=True, metavar="STORE", help="zarr store, new or begun")
    add("--recipe", type=Path, default=RECIPE, help="TOML; its grid is the store's")
    add("--set-minutes", type=float, default=15.0, help="EUV from its magnetogram (%(default)s)")
    add("--age-step-days", type=float, default=3.9, help="ages of references (%(default)s)")
    add("--age-tolerance-hours", type=float, default=6.0, help="of these ages (%(default)s)")
    add("--test-year", type=int, default=2011, help="a year whose test months are known")
    add("--test-month", type=int, default=1, help="the first of that year's two test months")
    add("--guard-days", type=float, default=0.0, help="left out around test months (%(default)s)")
    add("--processes", type=int, default=2, help="that read files (%(default)s)")
    return top


def plan_of(arguments: argparse.Namespace) -> Plan:
    """The plan that a command line asks for."""
    recipe = Recipe.from_toml(arguments.recipe.read_text(encoding="utf-8"))
    return Plan(
        grid=recipe.grid,
        set_minutes=arguments.set_minutes,
        ages=Ages(arguments.age_step_days, arguments.age_tolerance_hours),
        rule=MonthsRule(arguments.test_year, arguments.test_month, arguments.guard_days),
        processes=arguments.processes,
    )


def main() -> None:
    """Prepare; what goes wrong is one sentence."""
    arguments = parser().parse_args()
    try:
        summary = prepare(arguments.folders, arguments.out, plan_of(arguments))
    except (FarsideError, OSError, ValueError) as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error
    counts = str(summary).splitlines()[0]
    print(f"{counts}; each is listed in {arguments.out / SUMMARY}")


if __name__ == "__main__":
    main()
