"""``farside key``."""

from __future__ import annotations

from typer.testing import CliRunner

from farside.cli.app import app
from farside.keys import ApiKey, digest_of


def test_the_line_is_printed_for_the_file_and_the_key_beside_it() -> None:
    limits = ["--per-minute", "10", "--places", "2", "--only", "generate", "--only", "models"]
    done = CliRunner().invoke(app, ["key", "swpc", *limits])
    line, key = done.stdout.strip(), done.stderr.strip()
    assert done.exit_code == 0
    assert ApiKey.parse(line) == ApiKey("swpc", digest_of(key), 10, 2, ("generate", "models"))


def test_a_name_that_cannot_stand_in_a_line_is_refused() -> None:
    done = CliRunner().invoke(app, ["key", "two words"])
    assert done.exit_code == 2
    assert "expected NAME" in done.stderr
