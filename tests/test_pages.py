"""Blocks of commands in README and the manual can be pasted as they stand, in order.

Programs, options, modules, targets and files that a block names are there; tests/test_readme.py,
tests/test_public_api.py and tests/test_adding_a_model.py run the blocks of their pages. What needs
more than a clone is listed in `OUTSIDE`.
"""

import ast
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

import pytest
import typer
import typer.main

from farside.cli.app import app
from tests.support.live import ROOT

OUTSIDE = {
    "docker ": "a container engine and the images of others",
    "kubectl ": "a cluster",
    "drms": "an address that JSOC knows, and terabytes",
    "Fido": "the Virtual Solar Observatory",
    "farside fetch": "the public archives",
    "farside.fetch": "the public archives",
    "prepare sdo": "the archive that the block before fetched",
    "sdo.zarr": "the archive that the block before fetched",
    "/data/": "folders of your own",
    "1000000_G.pt": "weights of the authors, which are not published",
    "--noaa": "magnetograms of your own that show the region",
    "AR_LIST_": "a list of far-side regions of your own",
    "mrzqs_c2270": "maps of GONG of your own",
    "run/model.safetensors": "a model that you have trained",
    "hmi.m_45s": "a frame of HMI of your own: the network takes native pixels alone",
    "drawing.png": "a drawing of your own",
    "farside_synchronic_2018": "a map of your own",
    "collector:": "a collector of traces",
    "prometheus --config": "the host names of compose.yaml",
    "/etc/farside": "a machine of your own, with a user of the service",
    "s3://": "an object store",
    "git worktree add": "a second checkout, and an hour of rendering",
    "pre-commit": "the repositories of its hooks",
    "aisfm3.toml": "the archive of SDO, and days of a GPU",
    "--target gpu": "a GPU",
}
"""Words by which a block is known that a fresh clone cannot run, and what it needs."""

PAGES = ("README.md", "CONTRIBUTING.md", *sorted(f"docs/{p.name}" for p in ROOT.glob("docs/*.md")))
FILES = re.compile(r"^[\w./*-]+\.(fits|fts|png|json|zarr|safetensors|gz|toml|dat|pt)$")
OUT_OPTIONS = {"-o", "--out", "--output"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def needs(self) -> str:
        """What it needs besides a clone; empty if nothing."""
        return next((why for word, why in OUTSIDE.items() if word in self.text), "")


def blocks(*languages: str) -> Iterator[Block]:
    for page in PAGES:
        text = (ROOT / page).read_text()
        for found in re.finditer(r"^( *)```(\w+)\n(.*?)^\1```", text, re.DOTALL | re.MULTILINE):
            if found[2] in languages:
                line = text[: found.start()].count("\n") + 1
                yield Block(page, line, found[2], dedent(found[3]))


SHELL = list(blocks("bash", "sh"))


def commands(block: Block) -> Iterator[list[str]]:
    """Simple commands of a shell block, words of each; what the shell would fill in is FILE."""
    text = block.text.replace("\\\n", " ")
    for name, value in re.findall(r'^(\w)="([^"]*)"$', text, re.MULTILINE):
        text = text.replace(f"${name} ", f"{value} ")
    text = re.sub(r"\$\(printf -- '(-[-\w]+) (?:\w+=@)?%s ' ([^)]*)\)", r"\1 FILE", text)
    text = re.sub(r"\$\([^)]*\)", "FILE", text)
    lexer = shlex.shlex(
        re.sub(r"(^|\s)#.*", r"\1", text) + "\n", posix=True, punctuation_chars=";|&><\n"
    )
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    words: list[str] = []
    for word in lexer:
        if set(word) <= set(";|&\n"):
            while words and re.fullmatch(r"\w+=.*|export", words[0]):
                words = words[1:]
            if words:
                yield words
            words = []
        elif set(word) <= set("><"):
            next(lexer)  # the file that it names
        else:
            words.append(word)


@pytest.mark.parametrize("page", PAGES)
def test_commands_stand_in_fenced_blocks(page: str) -> None:
    text = re.sub(
        r"^( *)```.*?^\1```", "", (ROOT / page).read_text(), flags=re.DOTALL | re.MULTILINE
    )
    assert re.findall(r"\n\n( {4,}(?:farside|python|make|curl) .*)", text) == []


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_the_shell_reads_each_block(block: Block) -> None:
    subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)  # noqa: S607


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_what_a_command_names_is_there(block: Block) -> None:
    if "kubectl run" in block.text:  # JSON over several lines
        return
    for words in commands(block):
        program, *arguments = words
        if Path(program).name == "farside":
            parse(arguments)
        elif Path(program).name == "python" and arguments[0] == "-m":
            check_module(arguments[1], arguments[2:])
        elif Path(program).name == "python" or ("/" in program and not program.startswith(".")):
            script = arguments[0] if Path(program).name == "python" else program
            assert (ROOT / script).is_file(), script
        elif program == "make":
            assert {a for a in arguments if "=" not in a and a[0] != "-"} <= targets(), words


def parse(arguments: list[str]) -> None:
    """Let the command line take its options; it refuses those that it does not have."""
    top = typer.main.get_command(app)
    while hasattr(top, "commands"):
        name, *arguments = arguments
        top = top.commands[name]
    try:
        top.make_context(name, arguments)
    except typer.BadParameter as error:  # test_each_file_… tells what must be there
        if not str(error).endswith("does not exist."):
            raise


def check_module(module: str, arguments: list[str]) -> None:
    """A program of the repository has the options that the block gives it."""
    if module in ("pip", "pytest", "sphinx"):
        return
    found = find_spec(module)
    assert found, module
    assert found.origin
    folder = Path(found.origin).parent
    sources = "".join(file.read_text() for file in folder.rglob("*.py"))
    for option in arguments:
        if option.startswith("--"):
            assert re.search(rf"""["']{option}["']""", sources), f"{module} {option}"


@cache
def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+(?: [a-z-]+)*):", (ROOT / "Makefile").read_text(), re.M)) | {
        "demo",
        "serve",
    }


@pytest.mark.parametrize("page", PAGES)
def test_each_file_of_a_block_is_in_the_clone_or_was_made_before(page: str) -> None:
    # A page may also give a file as a block of its own, below its name in backquotes.
    made = {"demo", "FILE"} | set(re.findall(r"^`([\w./-]+)`", (ROOT / page).read_text(), re.M))
    for block in SHELL:
        if block.page != page or "kubectl run" in block.text:
            continue
        for words in commands(block):
            for before, word in zip(["", *words], words, strict=False):
                name = word.rsplit("@", 1)[-1]
                if before in OUT_OPTIONS:
                    made |= {name.split("/")[0], name}
                elif FILES.match(name) and not name.startswith(("*", "/")):
                    known = {name, name.split("/")[0]} & made or list(ROOT.glob(name))
                    assert known or block.needs, (
                        f"{block}: {name} is neither in the clone nor made before"
                    )


@pytest.mark.parametrize("block", list(blocks("python")), ids=str)
def test_a_block_of_python_compiles_and_imports_what_is_there(block: Block) -> None:
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("farside"):
            module = import_module(node.module or "")
            assert all(hasattr(module, each.name) for each in node.names), ast.unparse(node)


@pytest.mark.parametrize("block", list(blocks("toml", "json")), ids=str)
def test_a_block_of_data_parses(block: Block) -> None:
    assert (tomllib.loads if block.language == "toml" else json.loads)(block.text)


def test_each_reason_is_still_needed() -> None:
    everything = "".join(block.text for block in blocks("bash", "sh", "python"))
    assert [word for word in OUTSIDE if word not in everything] == []
