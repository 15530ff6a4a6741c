"""``farside fetch`` from local archives, to the files that `farside generate` takes."""

from pathlib import Path

from typer.testing import CliRunner

from farside.cli.app import app
from tests.fetch.conftest import one_set
from tests.support import local_archives as local
from tests.support.local_archives import LocalArchives, serve

QUICK = "pause_s = 0.0\nretries = 0\n"


def test_fetch_prints_role_and_path_of_each_file(tmp_path: Path) -> None:
    changes = tmp_path / "archives.toml"
    changes.write_text(QUICK)
    with serve(LocalArchives(dict(one_set()))) as mirror:
        words = ["fetch", "--mirror", mirror.address, "--archives", str(changes),
                 "--cache", str(tmp_path / "cache"), "--model", "pix2pixcc-demo"]  # fmt: skip
        asked = [*words, "--time", "2011-02-15T00:15:00", "--out", str(tmp_path / "out")]
        done = CliRunner().invoke(app, asked)
        checked = CliRunner().invoke(app, [*words, "--check"])
    assert done.exit_code == 0, done.output
    roles = [line.split()[0] for line in done.stdout.splitlines()]
    assert roles == ["observation"] * 3 + ["reference"] * 4
    assert all(Path(line.split()[1]).is_file() for line in done.stdout.splitlines())
    assert checked.exit_code == 1
    lines = {line.split()[0]: line for line in checked.stdout.splitlines()}
    assert lines["euvi-a-level0"].endswith(f"{mirror.address}{local.LEVEL_0}  ok")
    assert "SourceMovedError" in lines["euvi-b-level0"]


def test_fetch_without_a_time_says_what_it_expects() -> None:
    done = CliRunner().invoke(app, ["fetch"])
    assert done.exit_code == 2
    assert "expected --time and --out, or --check" in done.output.replace("\n", " ")
