"""Hours in minutes: memory, fairness and deaths of the real service under mixed load."""

from __future__ import annotations

import gzip
import os
import random
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from farside.simulation.instruments.files import SimulatedSet
from tests.support.live import Server, eventually, serving

Parts = list[tuple[str, tuple[str, bytes]]]

KILLS = int(os.environ.get("SOAK_KILLS", "100"))
REQUESTS = int(os.environ.get("SOAK_REQUESTS", "10000"))
LIMIT_BYTES = 4 * 2**30
GROWTH_BYTES = 300e6


def parts_of(files: SimulatedSet) -> Parts:
    parts = [("observation", (p.name, p.read_bytes())) for p in files.observations]
    return parts + [("reference", (p.name, p.read_bytes())) for p in files.references]


def resident_bytes(server: Server) -> int:
    """Memory of the service's processes together, but for that of the program that starts them."""
    workers = psutil.Process(server.process.pid).children(recursive=True)
    return sum(one.memory_info().rss for one in workers)


def worker_of(server: Server) -> psutil.Process | None:
    """The only worker; None between the end of one and the start of the next."""
    return next(iter(psutil.Process(server.process.pid).children()), None)


@pytest.mark.soak
def test_many_good_and_bad_requests_leave_no_memory_behind(
    repository: Path, simulated: SimulatedSet, tmp_path: Path
) -> None:
    good = parts_of(simulated)
    bomb = gzip.compress(bytes(2**26)) * 5
    kinds: list[Parts] = [
        good,
        good[:3],
        [*good, good[0]],
        [("observation", ("a", b"no FITS"))],
        [("observation", ("a", bomb))],
        [("observation", ("a", bytes(10**7)))],
        [("unknown", ("a", b"x"))],
        good[::-1],
    ]
    sizes: list[int] = []
    with (
        serving(tmp_path, model_repository=repository, threads=1) as server,
        ThreadPoolExecutor(12) as clients,
    ):

        def ask(number: int) -> int:
            answer = httpx.post(f"{server.url}/generate", files=kinds[number % 8], timeout=300)
            if number % max(1, REQUESTS // 200) == 0:
                sizes.append(resident_bytes(server))
            return answer.status_code

        answers = list(clients.map(ask, range(REQUESTS)))
    assert set(answers) <= {200, 400, 413, 422, 429}
    assert answers.count(200) > REQUESTS / 8
    fifth = len(sizes) // 5
    growth = max(sizes[-fifth:]) - max(sizes[fifth : 2 * fifth])
    print(f"{REQUESTS} requests: peak {max(sizes) / 1e6:.0f} MB, growth {growth / 1e6:.0f} MB")  # noqa: T201
    assert max(sizes) < LIMIT_BYTES
    assert growth < GROWTH_BYTES, sizes


@pytest.mark.soak
def test_of_64_clients_in_a_minute_none_is_left_unserved(
    repository: Path, simulated: SimulatedSet, tmp_path: Path
) -> None:
    parts = parts_of(simulated)
    with (
        serving(tmp_path, model_repository=repository, threads=1) as server,
        ThreadPoolExecutor(64) as clients,
    ):
        end = time.monotonic() + 60

        def ask(_: int) -> int:
            made = 0
            with httpx.Client(base_url=server.url, timeout=300) as client:
                while time.monotonic() < end:
                    answer = client.post("/generate", files=parts)
                    made += answer.is_success
                    if answer.status_code == 429:
                        time.sleep(float(answer.headers["retry-after"]))
            return made

        counts = list(clients.map(ask, range(64)))
    assert min(counts) >= 1, counts


@pytest.mark.soak
def test_workers_killed_at_random_moments_come_back_and_leave_nothing(
    repository: Path, simulated: SimulatedSet, tmp_path: Path
) -> None:
    parts = parts_of(simulated)
    moments = random.Random(3)  # noqa: S311
    with (
        serving(tmp_path, model_repository=repository, threads=1) as server,
        ThreadPoolExecutor(3) as clients,
    ):

        def ask(_: int) -> bool:
            with suppress(httpx.TransportError):
                return httpx.post(f"{server.url}/generate", files=parts, timeout=300).is_success
            return False

        def places() -> set[float]:
            with suppress(httpx.TransportError):
                text = httpx.get(f"{server.url}/metrics", timeout=60).text
                return {float(n) for n in re.findall(r"^farside_places (\S+)$", text, re.M)}
            return set()

        def left() -> set[Path]:
            files = server.scratch_files()
            return {file for file in files if "farside-metrics" not in str(file)}

        begin = time.monotonic()
        assert ask(0)
        longest_s = time.monotonic() - begin
        (before,), files = places(), left()
        for _ in range(KILLS):
            asked = clients.map(ask, range(3))
            time.sleep(moments.uniform(0, 2 * longest_s))
            killed = worker_of(server)
            assert killed
            killed.send_signal(signal.SIGKILL)
            list(asked)
            eventually(lambda killed=killed: worker_of(server) not in {None, killed}, 120)  # type: ignore[misc]
            eventually(lambda: places() == {before}, 240)
            assert ask(0)
        assert left() == files
