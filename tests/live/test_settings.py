"""The configuration of ``farside live``: what it takes, and how it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from typer.testing import CliRunner

from farside.archive.store import open_archive
from farside.cli.app import app
from farside.cli.watch import EX_CONFIG
from farside.errors import SettingsError
from farside.fetch import load_archives
from farside.live.asked import LEAST_WAIT, Asked
from farside.live.live import Live, Request, due_slots
from farside.live.metrics import LiveMetrics
from farside.live.settings import LiveSettings, check_coverage, load_settings
from tests.live.day import configuration
from tests.support.live import ROOT
from tests.support.tiny_recipe import recipe

NOON = datetime(2011, 2, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def refusal(folder: Path, text: str) -> str:
    path = folder / "live.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_the_example_is_a_configuration_and_names_only_keys_that_there_are() -> None:
    example = load_settings(ROOT / "deploy" / "example" / "live.toml")
    assert example.begin.tzinfo == UTC
    assert example.cadence == timedelta(hours=6)
    check_coverage(example, load_archives())


WHOLE = 'archive = "/a"\ninputs = "/i"\nbegin = 2026-11-01\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'{WHOLE}archve = "/b"', "got the unknown key 'archve', expected one of archive, inputs"),
        (f'{WHOLE}[[drop]]\nfolder="/d"\nkeep=1', "unknown key 'drop.0.keep', expected one of fol"),
        ('archive = "/a"\nbegin = 2026-11-01', "got no 'inputs', expected it"),
        (f"{WHOLE}every_s = '5'", "every_s: got '5', expected: Input should be a valid number"),
        (f'{WHOLE}spacecraft = ["C"]', "spacecraft.0: got 'C', expected: Input should be 'A' or"),
        (f'{WHOLE}spacecraft = ["A", "A"]', "spacecraft: got A, A, expected each once"),
        (f'{WHOLE}server = "http://h"\nrepository = "/r"', "got server and repository, expected"),
        (f'{WHOLE}metrics = "localhost:99999"', "expected a port up to 65535"),
        (f"{WHOLE}cadence_minutes = 7", "cadence_minutes must divide 1440, got 7"),
        ('archive = "/a"\ninputs = "/a/i"\nbegin = 2026-11-01', "must be apart, got /a and /a/i"),
        (f'{WHOLE}cache = "/i/cache"', "must be apart, got /i and /i/cache"),
        (f'{WHOLE}[[drop]]\nfolder="/d"\nformats=["native"]\nflux_scale=2.0', "flux_scale must be"),
        ("archive = ", "expected TOML"),
    ],
)
def test_a_refusal_says_what_it_got_and_what_it_expects(
    text: str, told: str, tmp_path: Path
) -> None:
    assert told in refusal(tmp_path, text)


@pytest.mark.parametrize("begin", ["2006-12-03", "2014-09-28"])
def test_a_first_slot_before_launch_or_after_the_loss_of_a_spacecraft_is_refused(
    begin: str, tmp_path: Path
) -> None:
    path = configuration(tmp_path, "http://127.0.0.1:9", spacecraft='["B"]', begin=begin)
    done = CliRunner().invoke(app, ["live", str(path), "--once"])
    assert done.exit_code == EX_CONFIG
    assert f"got begin = {begin}, expected a time of" in done.stderr
    assert "EUVI-B from 2006-12-04 to 2014-09-27" in done.stderr


def settings(**changes: object) -> LiveSettings:
    whole = {"archive": Path("/a"), "inputs": Path("/i"), "begin": NOON} | changes
    return LiveSettings.model_validate(whole)


def test_slots_are_due_from_the_first_on_after_the_delay_and_none_in_the_future() -> None:
    six_hourly = settings(begin=NOON - HOUR)
    assert list(due_slots(six_hourly, NOON + 0.99 * HOUR)) == []
    assert list(due_slots(six_hourly, NOON + 7 * HOUR)) == [NOON, NOON + 6 * HOUR]


def test_what_was_asked_for_is_asked_for_again_less_and_less_often(tmp_path: Path) -> None:
    asked = Asked(tmp_path)
    for key, now in (("young", NOON + HOUR), ("old", NOON + 240 * HOUR)):
        assert asked.is_due(key, now)
        asked.note(key, NOON, now, answered=True)
    asked.note("away", NOON, NOON + 240 * HOUR, answered=False)
    asked.keep({"young", "old", "away"})
    again = Asked(tmp_path)
    assert not again.is_due("young", NOON + HOUR)
    assert again.is_due("young", NOON + HOUR + LEAST_WAIT)
    assert not again.is_due("old", NOON + 263 * HOUR)
    assert again.is_due("old", NOON + 264 * HOUR)
    assert again.is_due("away", NOON + 240 * HOUR + LEAST_WAIT)


def test_what_was_asked_for_in_the_future_or_in_a_damaged_file_is_due(tmp_path: Path) -> None:
    asked = Asked(tmp_path)
    asked.note("set", NOON, NOON + 100 * HOUR, answered=True)
    asked.keep({"set"})
    assert Asked(tmp_path).is_due("set", NOON + HOUR)
    (tmp_path / ".asked.json").write_text('{"set": [')
    assert Asked(tmp_path).is_due("set", NOON + 100 * HOUR)


def test_while_an_archive_is_away_every_slot_has_its_turn(tmp_path: Path) -> None:
    days = 10
    asked: set[datetime] = set()

    class Away(Live):
        def _ask(self, request: Request, *_: object, **__: object) -> bool:
            asked.add(request.slot)
            return False

    chosen = settings(archive=tmp_path / "archive", inputs=tmp_path / "inputs")
    with open_archive(chosen.archive) as archive:
        live = Away(chosen, archive, None, load_archives(), Event(), LiveMetrics())  # type: ignore[arg-type]  # nothing is produced
        slots = tuple(due_slots(chosen, NOON + 24 * days * HOUR))
        for number in range(3 * len(slots)):
            now = NOON + 24 * days * HOUR + number * timedelta(minutes=5)
            live._fetch(slots, recipe(), now)  # what a round begins with
    assert asked == set(slots)
