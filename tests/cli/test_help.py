"""The help texts of the command line."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.core import TyperGroup
from typer.testing import CliRunner

from farside import __version__
from farside.cli.app import app


def leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(command, TyperGroup):
        yield path, command
        return
    assert (command.epilog or "").startswith("Example: farside "), path
    for name, each in command.commands.items():
        yield from leaves(each, f"{path} {name}")


COMMANDS = dict(leaves(typer.main.get_command(app), "farside"))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_help_ends_with_an_example_that_the_command_takes(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("archive", "incoming"):
        (tmp_path / folder).mkdir()
    (tmp_path / "base.fits").touch()
    command = COMMANDS[path]
    words = shlex.split(command.epilog.removeprefix("Example: "))
    own = path.split()
    assert words[: len(own)] == own
    assert command.make_context(path, words[len(own) :]).params


def test_commands_are_listed_by_what_they_are_for() -> None:
    lines = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "100"}).output.splitlines()
    titles = [line.split()[1] for line in lines if line.startswith("╭")]
    assert titles == ["Options", "Make", "Look", "Operate", "Simulate", "Develop"]
    first = [lines[n + 1].split()[1] for n, line in enumerate(lines) if line.startswith("╭")]
    assert first[1:] == ["generate", "quicklook", "watch", "simulate", "import-weights"]


def test_the_version_is_that_of_the_package() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"farside {__version__}\n"
