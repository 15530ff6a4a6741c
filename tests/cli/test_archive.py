"""``farside archive``, on products without a network."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from farside.archive.naming import Name
from farside.archive.store import NewProduct, open_archive
from farside.cli.app import app
from farside.quality import Quality
from tests.archive.drop import magnetogram

DAY = datetime(2026, 2, 14, tzinfo=UTC)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["archive", *map(str, arguments)])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two issues of STEREO-A's first slot, one of its second, and one of STEREO-B."""
    folder = tmp_path_factory.mktemp("archive")
    products = [
        ("stereo_a", 0, 1, Quality.BEACON),
        ("stereo_a", 0, 2, Quality.GOOD),
        ("stereo_a", 6, 1, Quality.BEACON | Quality.OLD_REFERENCE),
        ("stereo_b", 6, 1, Quality.GOOD),
    ]
    with open_archive(folder) as archive:
        for number, (spacecraft, hour, issue, quality) in enumerate(products):
            name = Name(f"tiny_v1_{spacecraft}", DAY.replace(hour=hour), issue)
            content = magnetogram(
                f"2026-02-14T{hour:02}:00:20.000", spacecraft.upper(), quality, float(number)
            )
            archive.file(NewProduct.of(name, content))
    return folder


A0, A6, B6 = (
    f"tiny_v1_{name}" for name in (
        "stereo_a_20260214T000000", "stereo_a_20260214T060000", "stereo_b_20260214T060000"
    )
)  # fmt: skip


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ([], [f"{A0}_i2", f"{A6}_i1", f"{B6}_i1"]),
        (["--superseded"], [f"{A0}_i1", f"{A0}_i2", f"{A6}_i1", f"{B6}_i1"]),
        (["--from", "2026-02-14T06:00:00"], [f"{A6}_i1", f"{B6}_i1"]),
        (["--to", "2026-02-14T06:00:00"], [f"{A0}_i2"]),
        (["--series", "tiny_v1_stereo_b"], [f"{B6}_i1"]),
        (["--spacecraft", "stereo_a"], [f"{A0}_i2", f"{A6}_i1"]),
        (["--having", "BEACON"], [f"{A6}_i1"]),
        (["--without", "beacon", "--latest", "1"], [f"{B6}_i1"]),
    ],
)
def test_products_are_found_one_path_a_line(
    root: Path, options: list[str], wanted: list[str]
) -> None:
    result = run("find", root, *options)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [str(root / f"2026/02/14/{name}.fits") for name in wanted]
    assert all(Path(line).is_file() for line in result.stdout.splitlines())


def test_nothing_found_is_exit_code_1_for_scripts(root: Path) -> None:
    result = run("find", root, "--from", "2027-01-01")
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_flag_that_is_none_is_refused_with_those_that_are(root: Path) -> None:
    result = run("find", root, "--without", "BACON")
    assert result.exit_code == 2
    assert "BEACON" in result.stderr


def test_the_series_are_listed_with_their_times(root: Path) -> None:
    assert json.loads(run("list", root, "--json").stdout) == [
        {
            "series": "tiny_v1_stereo_a",
            "products": 2,
            "first": "2026-02-14T00:00:00",
            "last": "2026-02-14T06:00:00",
            "superseded": 1,
        },
        {
            "series": "tiny_v1_stereo_b",
            "products": 1,
            "first": "2026-02-14T06:00:00",
            "last": "2026-02-14T06:00:00",
            "superseded": 0,
        },
    ]
    heads, first, *_ = run("list", root).stdout.splitlines()
    assert heads.split() == ["series", "products", "first", "last", "superseded"]
    assert first.split()[:2] == ["tiny_v1_stereo_a", "2"]
    assert first.index("2026-") == heads.index("first")


def test_a_product_is_shown_by_its_path_and_by_its_name(root: Path) -> None:
    path = root / f"2026/02/14/{A0}_i1.fits"
    shown = run("show", root, path)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout == run("show", root, f"{A0}_i1").stdout
    card = json.loads(run("show", root, path, "--json").stdout)
    assert card["path"] == str(path)
    assert card["quality"] == ["BEACON"]
    assert card["superseded_by"] == str(root / f"2026/02/14/{A0}_i2.fits")
    assert f"superseded_by {card['superseded_by']}" in shown.stdout


def test_a_product_that_is_not_there_is_refused(root: Path) -> None:
    result = run("show", root, f"{A0}_i9")
    assert result.exit_code == 2
    assert f"{A0}_i9" in result.stderr
