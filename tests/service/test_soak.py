"""Hours in minutes: memory, fairness and deaths of the real service under mixed load."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import signal
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil
import pytest
from astropy.io import fits

from deploy.local_triton.processes import PATIENCE_S
from farside.client import Client
from farside.magnetogram.magnetogram import Magnetogram
from farside.simulation.instruments.files import SimulatedSet
from service.settings import Settings
from tests.support.live import Server, eventually, serving
from tests.support.map_files import MapFiles
from tests.support.memory_cgroup import memory_cgroup

Parts = list[tuple[str, tuple[str, bytes]]]

KILLS = int(os.environ.get("SOAK_KILLS", "100"))
REQUESTS = int(os.environ.get("SOAK_REQUESTS", "10000"))
LIMIT_BYTES = 4 * 2**30
"""Memory of a pod, as deploy/ has it."""

PEAK_BYTES = 2e9
GROWTH_BYTES = 200e6


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


Kind = tuple[int, str, dict[str, Any], set[int]]
"""Weight, address, what httpx sends, and the statuses that are right."""


def enlarged(magnetogram: Path) -> bytes:
    """A small file of HMI in as many pixels as the camera has, gzipped."""
    file = BytesIO()
    with fits.open(magnetogram) as hdus:
        header, data = hdus[1].header, hdus[1].data.astype(np.float32)
        times = 4096 // len(data)
        for axis in "12":
            header["CDELT" + axis] /= times
            header["CRPIX" + axis] = (header["CRPIX" + axis] - 0.5) * times + 0.5
        large = fits.PrimaryHDU(np.kron(data, np.ones((times, times), np.float32)), header)
        large.writeto(
            file, output_verify="silentfix+ignore"
        )  # the header has some nan, as real ones do
    return gzip.compress(file.getvalue(), 1)


def kinds_of(good: Parts, maps: MapFiles) -> dict[str, Kind]:
    """Good and bad requests; most are small and bad, some of native size."""
    native = ("hmi.fits.gz", enlarged(maps.observed))
    bomb = gzip.compress(bytes(2**26)) * 5
    product, observed = maps.generated.read_bytes(), maps.observed.read_bytes()

    def file(field: str, data: bytes) -> dict[str, Any]:
        return {"files": [(field, ("a.fits", data))]}

    make, chart, busy = "/generate", "/synchronic", {429}
    return {
        "a good set": (30, make, {"files": good}, {200} | busy),
        "a picture of it": (5, make, {"files": good, "data": {"format": "png"}}, {200} | busy),
        "a good map": (2, chart, file("generated", product), {200} | busy),
        "half a set": (30, make, {"files": good[:3]}, {422} | busy),
        "an image twice": (20, make, {"files": [*good, good[0]]}, {422} | busy),
        "wrong roles": (20, make, {"files": [("reference", p) for _, p in good]}, {400} | busy),
        "native size": (1, make, {"files": [*good[:-1], ("reference", native)]}, {200} | busy),
        "native size in a map": (1, chart, {"files": [("observed", native)]}, {200} | busy),
        "a bomb": (5, make, file("observation", bomb), {413} | busy),
        "large and empty": (10, make, file("observation", bytes(10**7)), {400} | busy),
        "no FITS": (300, make, file("observation", b"no FITS"), {400} | busy),
        "a truncated image": (
            100,
            make,
            file("observation", good[-1][1][1][:50_000]),
            {400} | busy,
        ),
        "a truncated product": (50, chart, file("generated", product[:9000]), {400} | busy),
        "an image as product": (20, chart, file("generated", observed), {400, 422} | busy),
        "an unknown field": (120, make, file("unknown", b"x"), {400} | busy),
        "no form": (100, make, {"json": {"observation": "http://127.0.0.1/"}}, {415} | busy),
        "an unknown model": (60, make, {"files": good[:1], "data": {"model": "x"}}, {422} | busy),
        "an unknown address": (100, "/wp-admin.php", {"content": b"x" * 1000}, {404}),
        "an unknown parameter": (40, f"{make}?model=tiny", file("observation", b"x"), {400}),
    }


def leave_in_the_middle(url: str, body: bytes) -> None:
    """Send half of a form and hang up."""
    address = urlsplit(url)
    head = (
        b"POST /generate HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    )
    part = b'--b\r\nContent-Disposition: form-data; name="observation"; filename="a"\r\n\r\n'
    with (
        suppress(OSError),
        socket.create_connection((str(address.hostname), address.port or 0), PATIENCE_S) as wire,
    ):
        wire.sendall(head + b"Content-Length: %d\r\n\r\n" % (2 * len(body)) + part + body)


@pytest.mark.soak
def test_many_good_and_bad_requests_leave_no_memory_behind(
    repository: Path, simulated: SimulatedSet, map_files: MapFiles, tmp_path: Path
) -> None:
    good = parts_of(simulated)
    kinds = kinds_of(good, map_files)
    names, weights = list(kinds), [kind[0] for kind in kinds.values()]
    sizes: list[int] = []
    answers: Counter[tuple[str, int]] = Counter()
    here = threading.local()
    with (
        memory_cgroup(LIMIT_BYTES) as group,
        serving(
            tmp_path,
            before=group.command if group else (),
            model_repository=repository,
            threads=1,
        ) as server,
        ExitStack() as opened,
        ThreadPoolExecutor(8) as clients,
    ):

        def ask(number: int) -> None:
            if not hasattr(here, "client"):
                one = httpx.Client(base_url=server.url, timeout=PATIENCE_S)
                here.client = opened.enter_context(one)
            if number % 50 == 0:
                sizes.append(group.resident_bytes() if group else resident_bytes(server))
                leave_in_the_middle(server.url, good[0][1][1])
            (name,) = random.Random(number).choices(names, weights)  # noqa: S311
            _, path, content, _ = kinds[name]
            answers[name, here.client.post(path, **content).status_code] += 1

        list(clients.map(ask, range(REQUESTS)))
        eventually(lambda: "in_flight 0.0" in httpx.get(f"{server.url}/metrics").text)
        killed = group.killed() if group else 0
    fifth = len(sizes) // 5
    growth = max(sizes[-fifth:]) - max(sizes[fifth : 2 * fifth])
    print(  # noqa: T201
        *(f"{name} {status}: {count}\n" for (name, status), count in sorted(answers.items())),
        f"{answers.total()} requests in {group or 'no control group'}: "
        f"peak {max(sizes) / 1e6:.0f} MB, growth {growth / 1e6:.0f} MB",
    )
    assert {(name, status) for name, status in answers if status not in kinds[name][3]} == set()
    assert {name for name, _ in answers} == set(kinds)
    assert sum(answers[name, 200] for name in kinds) > REQUESTS / 40
    assert (answers.total(), killed) == (REQUESTS, 0)
    assert max(sizes) < PEAK_BYTES
    assert growth < GROWTH_BYTES, sizes


@pytest.mark.soak
def test_uploads_at_once_hold_no_more_memory_than_is_documented(
    repository: Path, tmp_path: Path
) -> None:
    largest, sizes, over = Settings(max_upload_mb=40), [], threading.Event()
    files = {"observation": ("a", bytes(largest.max_upload_bytes - 1000))}
    with (
        serving(tmp_path, model_repository=repository, threads=1, max_upload_mb=40) as server,
        ThreadPoolExecutor(31) as clients,
    ):

        def look() -> None:
            while not over.wait(0.05):
                sizes.append(resident_bytes(server))

        def ask(_: int) -> int:
            return httpx.post(f"{server.url}/generate", files=files, timeout=PATIENCE_S).status_code

        list(clients.map(ask, range(30)))  # what a process keeps for ever after its first uploads
        before = resident_bytes(server)
        looking = clients.submit(look)
        answers = Counter(clients.map(ask, range(30)))
        over.set()
        looking.result()
    grown = max(sizes) - before
    print(f"{answers}: {grown / 1e6:.0f} MB more than before")  # noqa: T201
    assert set(answers) <= {400, 429}
    assert grown < 1.1 * (largest.queue_size + 1) * largest.max_upload_bytes


@pytest.mark.soak
def test_of_64_clients_none_is_left_unserved_while_others_are_served_twice_over(
    repository: Path, simulated: SimulatedSet, tmp_path: Path
) -> None:
    parts = parts_of(simulated)
    made = [0] * 64
    begin = time.monotonic()
    with (
        serving(tmp_path, model_repository=repository, threads=1) as server,
        ThreadPoolExecutor(64) as clients,
    ):

        def ask(number: int) -> None:
            with httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
                while sum(made) < 3 * len(made):
                    answer = client.post("/generate", files=parts)
                    made[number] += answer.is_success
                    if answer.status_code == 429:
                        time.sleep(float(answer.headers["retry-after"]))

        list(clients.map(ask, range(64)))
    print(f"{sum(made)} products in {time.monotonic() - begin:.0f} s: {sorted(made)}")  # noqa: T201
    assert min(made) >= 1, made


@pytest.mark.soak
def test_workers_killed_at_random_moments_lose_and_double_nothing_and_leave_nothing(
    repository: Path, simulated: SimulatedSet, tmp_path: Path
) -> None:
    given = simulated.observations, simulated.references, "tiny"
    moments = random.Random(3)  # noqa: S311
    with (
        serving(tmp_path, model_repository=repository, threads=1, jobs=tmp_path / "jobs") as server,
        Client(server.url, timeout=PATIENCE_S, retries=20) as client,
        ThreadPoolExecutor(2) as clients,
    ):

        def ask() -> np.ndarray[Any, Any]:
            return Magnetogram.read(client.generate_bytes(*given)).image

        def numbers(name: str) -> set[float]:
            with suppress(httpx.TransportError):
                text = httpx.get(f"{server.url}/metrics", timeout=PATIENCE_S).text
                return {float(n) for n in re.findall(rf"^{name} (\S+)$", text, re.M)}
            return set()

        def left() -> set[Path]:
            files = server.scratch_files()
            return {file for file in files if "farside-metrics" not in str(file)}

        right = ask()
        begin = time.monotonic()
        ask()
        longest_s = time.monotonic() - begin
        places, files = numbers("farside_places"), left()
        assert len(places) == 1
        jobs = []
        for _ in range(KILLS):
            asked = [clients.submit(ask) for _ in range(2)]
            job = client.submit(*given)
            time.sleep(moments.uniform(0, 2 * longest_s))
            eventually(lambda: worker_of(server) is not None)
            killed = worker_of(server)
            assert killed
            killed.send_signal(signal.SIGKILL)
            assert all(np.array_equal(one.result(), right, equal_nan=True) for one in asked)
            assert len(job.result()) > 0
            job.cancel()  # its result is dropped, else there would be too many
            jobs.append(job.id)
            assert numbers("farside_places") == places
        assert numbers("farside_requests_in_flight") == {0.0}
        assert left() == files
        assert not list((tmp_path / "jobs").glob("*/*"))
        lines = [json.loads(line) for line in server.log.read_text().splitlines() if line[0] == "{"]
    assert len(set(jobs)) == KILLS
    ended = Counter(line["request_id"] for line in lines if line.get("method") == "JOB")
    assert max(ended.values()) == 1
    assert KILLS - len(ended) <= KILLS / 10  # killed between the result and the line
