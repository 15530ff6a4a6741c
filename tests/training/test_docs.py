"""The commands of docs/training.md are those that the programs take."""

import argparse
import ast
import re
import shlex

import pytest

from tests.support.live import ROOT
from training.config import read_config
from training.data.__main__ import parser as data_parser
from training.restoration.drawings import parser as drawings_parser
from training.score.__main__ import parser as score_parser

PAGE = (ROOT / "docs" / "training.md").read_text()


def commands(program: str) -> list[list[str]]:
    """Arguments of each use of a program, lines that go on joined."""
    shell = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")
    lines = [shlex.split(line) for line in shell.splitlines() if line.startswith(program)]
    assert lines
    return [line[len(program.split()) :] for line in lines]


@pytest.mark.parametrize(
    ("program", "parser"),
    [
        ("python -m training.data", data_parser()),
        ("python -m training.score", score_parser()),
        ("python -m training.restoration.drawings", drawings_parser()),
    ],
)
def test_commands_parse(program: str, parser: argparse.ArgumentParser) -> None:
    for arguments in commands(program):
        parser.parse_args(arguments)


def test_configurations_that_are_named_are_there() -> None:
    for name in re.findall(r"training/configs/\w+\.toml", PAGE):
        read_config(ROOT / name)


def test_python_examples_are_python() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        ast.parse(block)
