"""Rounds of a watch on the files of a simulated scene, with a network in a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from threading import Event

import pytest
from astropy.io import fits
from astropy.time import Time

from farside.archive.inbox import known_arrivals, path_of
from farside.archive.index import reading
from farside.archive.producer import LocalProducer, Producer
from farside.archive.schedule import Plan, Round
from farside.archive.store import open_archive
from farside.errors import ConnectionFailedError, DamagedImageError, DeadlineError, FarsideError
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.engine import Model
from farside.quality import Quality
from farside.simulation import SimulatedSet
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.base import read_base
from tests.archive.drop import (
    PRODUCER,
    Inbox,
    LastPlane,
    near_real_time,
    of_the_day,
    science,
)
from tests.support.logs import own_records
from tests.support.moved_files import moved

DISK, MAP = "tiny_v1_stereo_a_20260214T000000", "tiny_v1_synchronic_20260214T000000"


@dataclass
class Failing:
    """Raises a few times, then does the work."""

    errors: list[Exception]

    def model(self) -> Model:
        return PRODUCER.model()

    def magnetogram(self, observations: Sequence[Path], references: Sequence[Path]) -> bytes:
        if self.errors:
            raise self.errors.pop()
        return PRODUCER.magnetogram(observations, references)

    def synchronic_map(
        self, observed: Sequence[Path], generated: Sequence[Path], base: Path | None, time: Time
    ) -> bytes:
        return PRODUCER.synchronic_map(observed, generated, base, time)


def test_a_set_becomes_a_product_when_its_last_file_is_there(
    inbox: Inbox, simulated: SimulatedSet
) -> None:
    last, *others = (*simulated.observations, *simulated.references)
    for path in reversed(others):
        inbox.put(path)
    assert inbox.look() == 0
    inbox.put(last)
    inbox.put(last, "again.fts")
    assert inbox.look() == 1
    assert inbox.look() == 0
    (product,) = inbox.products()
    read = Magnetogram.read(inbox.archive / product.name.path)
    assert (str(product.name), product.quality) == (f"{DISK}_i1", Quality.BEACON)
    assert (read.quality, read.generator.identity) == (Quality.BEACON, product.identity)
    with reading(inbox.archive) as index:
        names = {each.filename for each in index.inputs(product.name)}
    assert names - {"again.fts"} <= {path.name for path in (last, *others)}


def test_better_files_make_a_new_issue_and_the_old_one_is_kept(
    inbox: Inbox, simulated: SimulatedSet
) -> None:
    inbox.put_all(simulated)
    inbox.put(simulated.references[-1], "hmi_today.fits", of_the_day(simulated))
    assert inbox.look() == 2
    for path in simulated.observations:
        assert inbox.names() == [f"{DISK}_i1", f"{MAP}_i1"]
        inbox.put_science(path)
        made = inbox.look()
    assert made == 2
    assert inbox.names() == [f"{DISK}_i2", f"{MAP}_i2"]
    assert inbox.names(superseded=True) == [
        f"{DISK}_i1", f"{DISK}_i2", f"{MAP}_i1", f"{MAP}_i2"
    ]  # fmt: skip
    old, new = (Magnetogram.read(inbox.archive / f"2026/02/14/{DISK}_i{i}.fits") for i in (1, 2))
    assert (old.quality, new.quality) == (Quality.BEACON, Quality.GOOD)
    made_of = synchronic_fits.read(inbox.archive / f"2026/02/14/{MAP}_i2.fits").sources
    assert [source.name for source in made_of if source.kind == "generated"] == [f"{DISK}_i2.fits"]


def test_a_definitive_disk_of_the_day_makes_the_map_again_alone(
    inbox: Inbox, simulated: SimulatedSet
) -> None:
    inbox.put_all(simulated)
    day = inbox.put(simulated.references[-1], "hmi.m_720s_nrt.fits", of_the_day(simulated))
    day.write_bytes(near_real_time(day))
    inbox.look()
    inbox.put(simulated.references[-1], "hmi.m_720s.fits", of_the_day(simulated))
    assert inbox.look() == 1
    assert inbox.names() == [f"{DISK}_i1", f"{MAP}_i2"]
    old, new = (synchronic_fits.read(inbox.archive / f"2026/02/14/{MAP}_i{i}.fits") for i in (1, 2))
    assert Quality.NEAR_REAL_TIME in old.quality
    assert Quality.NEAR_REAL_TIME not in new.quality


def test_a_map_starts_from_the_last_one_before_it(inbox: Inbox, simulated: SimulatedSet) -> None:
    inbox.put_all(simulated)
    today = inbox.put(simulated.references[-1], "hmi_today.fits", of_the_day(simulated))
    three_hours = timedelta(hours=3)
    for path in (*simulated.observations, today):
        inbox.put(path, f"later_{path.name}", moved(path, three_hours))
    assert inbox.look() == 4
    second = synchronic_fits.read(
        inbox.archive / "2026/02/14/tiny_v1_synchronic_20260214T030000_i1.fits"
    )
    (base,) = (source for source in second.sources if source.kind == "base")
    assert (base.instrument, base.name) == ("FARSIDE", f"{MAP}_i1.fits")
    assert second.time.isot == "2026-02-14T03:00:00.000"


def test_the_first_map_starts_from_the_one_given(inbox: Inbox, simulated: SimulatedSet) -> None:
    inbox.put_all(simulated)
    inbox.put(simulated.references[-1], "hmi_today.fits", of_the_day(simulated))
    inbox.look()
    first = inbox.archive / f"2026/02/14/{MAP}_i1.fits"
    other = replace(inbox, archive=inbox.archive.with_name("other"))
    other.look(plan=Plan(base=first))
    made = read_base(other.archive / f"2026/02/14/{MAP}_i1.fits")
    assert Quality.NO_BASE not in made.quality
    assert Quality.NO_BASE in read_base(first).quality


def test_while_the_service_is_away_nothing_is_lost(inbox: Inbox, simulated: SimulatedSet) -> None:
    inbox.put_all(simulated)
    away: Producer = Failing([ConnectionFailedError("nobody")] * 2)
    for _ in range(2):
        with pytest.raises(ConnectionFailedError):
            inbox.look(away)
    assert inbox.look(away) == 1
    assert inbox.names(superseded=True) == [f"{DISK}_i1"]


def test_a_slow_set_does_not_hold_up_those_after_it_but_two_in_a_row_do(
    inbox: Inbox, simulated: SimulatedSet
) -> None:
    inbox.put_all(simulated)
    for hours in 3, 6:
        for path in (*simulated.observations, *simulated.references):
            inbox.put(path, f"{hours}_{path.name}", moved(path, timedelta(hours=hours)))
    for _ in range(2):
        with pytest.raises(DeadlineError):
            inbox.look(Failing([DeadlineError("late")] * 2))
        assert inbox.names() == []
    with pytest.raises(DeadlineError):
        inbox.look(Failing([DeadlineError("late")]))
    assert inbox.names() == [f"{DISK[:-6]}0{hours}0000_i1" for hours in (3, 6)]
    assert inbox.look() == 1


def test_a_set_that_cannot_be_used_is_tried_once(
    inbox: Inbox, simulated: SimulatedSet, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.put_all(simulated)
    error = DamagedImageError("all of it is dark")
    assert inbox.look(Failing([error])) == 0
    assert f"refused {DISK}_i1: DamagedImageError: all of it is dark" in caplog.messages
    assert inbox.look() == 0
    for path in simulated.observations:
        inbox.put_science(path)
    assert inbox.look() == 1


@pytest.mark.parametrize(
    "error", [FarsideError("the service failed unexpectedly"), ZeroDivisionError(), KeyError("x")]
)
def test_whatever_a_set_raises_it_is_filed_as_refused_and_the_round_goes_on(
    inbox: Inbox, simulated: SimulatedSet, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    inbox.put_all(simulated)
    for path in (*simulated.observations, *simulated.references):
        inbox.put(path, f"later_{path.name}", moved(path, timedelta(hours=3)))
    assert inbox.look(Failing([error])) == 1
    assert [bool(r.exc_info) for r in own_records(caplog) if r.levelname == "ERROR"] == [True]
    assert inbox.look() == 0
    assert inbox.look(plan=Plan(remake=True)) == 1


@pytest.mark.parametrize(
    "error", [PermissionError(13, "denied"), OSError(5, "Input/output error"), MemoryError()]
)
def test_what_may_pass_is_put_off_alone_and_tried_again(
    inbox: Inbox, simulated: SimulatedSet, error: Exception
) -> None:
    inbox.put_all(simulated)
    assert inbox.look(Failing([error])) == 0
    assert inbox.look() == 1


def test_a_file_whose_pixels_are_damaged_gives_its_place_to_another(
    inbox: Inbox, simulated: SimulatedSet
) -> None:
    """The science image is better by its header, and half of it is missing."""
    inbox.put_all(simulated)
    good = simulated.observations[0]
    with fits.open(BytesIO(science(good))) as hdus:
        hdus[0].data[: len(hdus[0].data) // 2] = 0
        file = BytesIO()
        hdus.writeto(file)
    damaged = [inbox.put(good, name, file.getvalue()) for name in ("a_n4euA.fts", "b_n4euA.fts")]
    assert inbox.look() == 0
    assert inbox.look() == 1
    (product,) = inbox.products()
    assert product.quality == Quality.BEACON
    with reading(inbox.archive) as index:
        unusable = {path_of(each) for each in index.arrivals().values() if each.error}
    assert unusable == set(damaged)


def test_a_map_is_not_replaced_by_one_without_its_base_map(
    inbox: Inbox, simulated: SimulatedSet, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.put_all(simulated)
    inbox.put(simulated.references[-1], "hmi_today.fits", of_the_day(simulated))
    inbox.look()
    base = inbox.archive / f"2026/02/14/{MAP}_i1.fits"
    other = replace(inbox, archive=inbox.archive.with_name("other"))
    other.look(plan=Plan(base=base))
    again = Plan(remake=True, made_before=datetime(2100, 1, 1, tzinfo=UTC))
    other.look(plan=again)
    assert other.names() == [f"{DISK}_i2", f"{MAP}_i1"]
    assert f"refused {MAP}_i2: got NO_BASE, which {MAP}_i1 does not have" in caplog.text
    other.look(plan=replace(again, base=base))
    assert f"{MAP}_i2" in other.names()


def test_a_file_replaced_before_it_is_used_is_not_in_a_product(
    inbox: Inbox, simulated: SimulatedSet
) -> None:
    inbox.put_all(simulated)

    class Replacing(Failing):
        def magnetogram(self, observations: Sequence[Path], references: Sequence[Path]) -> bytes:
            observations[0].write_bytes(science(simulated.observations[0]))
            return PRODUCER.magnetogram(observations, references)

    assert inbox.look(Replacing([])) == 0
    assert inbox.names(superseded=True) == []
    assert inbox.look() == 1


def test_the_same_files_are_not_used_again_though_the_product_has_more_flags_than_they(
    inbox: Inbox, simulated: SimulatedSet
) -> None:
    inbox.put_all(simulated)
    for path in simulated.observations:
        inbox.put_science(path)

    class Strict(Failing):
        def magnetogram(self, observations: Sequence[Path], references: Sequence[Path]) -> bytes:
            made = Magnetogram.read(PRODUCER.magnetogram(observations, references))
            return replace(made, quality=Quality.OLD_REFERENCE).to_bytes()

    assert [inbox.look(Strict([])) for _ in range(2)] == [1, 0]


def test_a_newer_model_makes_new_products_where_it_is_asked_to(
    inbox: Inbox, simulated: SimulatedSet
) -> None:
    inbox.put_all(simulated)
    inbox.look()
    newer = LocalProducer(LastPlane("2", "cd"), "tiny")
    assert inbox.look(newer) == 0
    assert inbox.look(newer, Plan(remake=True)) == 1
    assert inbox.look(newer, Plan(remake=True)) == 0
    assert inbox.names() == [f"{DISK}_i1", f"{DISK}_i1".replace("v1", "v2")]


def test_other_weights_of_one_version_supersede(inbox: Inbox, simulated: SimulatedSet) -> None:
    inbox.put_all(simulated)
    inbox.look()
    retrained = LocalProducer(LastPlane("1", "cd"), "tiny")
    assert inbox.look(retrained, Plan(remake=True)) == 1
    assert inbox.names(superseded=True) == [f"{DISK}_i1", f"{DISK}_i2"]
    assert [product.identity[:2] for product in inbox.products()] == ["cd"]


def test_a_round_that_is_to_stop_begins_nothing(inbox: Inbox, simulated: SimulatedSet) -> None:
    inbox.put_all(simulated)
    inbox.read()
    stop = Event()
    stop.set()
    with open_archive(inbox.archive) as archive:
        one_round = Round(archive, PRODUCER, PRODUCER.model(), Plan(), stop)
        assert one_round.run(known_arrivals(archive.index)) == 0
