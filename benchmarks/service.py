"""Latency, throughput, stages and overhead of ``/generate``: ``python -m benchmarks.service``.

The real service runs on loopback with the embedded engine and, with ``--triton``, with a local
Triton; clients send the seven files of a simulated set from the same processors. The exit status is
1 if any answer is neither a product nor, with 64 clients and a short queue, 429.
"""

from __future__ import annotations

import argparse
import math
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import numpy as np

from benchmarks.load import (
    OTHER,
    STAGES,
    WAITING,
    LoadResult,
    Request,
    connect,
    post,
    run_clients,
    shares,
    simulated_request,
    stage_seconds,
)
from benchmarks.models import AISFM3, SMALLEST, write_random_model
from benchmarks.overhead import HEADER, measure
from deploy.local_triton.server import triton_serving
from farside.model import checkpoint
from farside.model.engine import Engine
from farside.model.engines import embedded
from farside.model.engines.triton import TritonEngine
from farside.simulation.instruments.files import SIZES
from tests.support.live import serving

APP = "service.app:FarsideService"
CROWD = 64
SHORT_QUEUE = 2
SIZE_PX = 1024


@dataclass(frozen=True)
class Deployment:
    """Running service, and a bare engine like its own."""

    url: str
    engine: Engine
    name: str

    def metrics(self) -> dict[str, float]:
        """Seconds spent in each stage so far."""
        return stage_seconds(httpx.get(f"{self.url}/metrics", timeout=60).text)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    add = top.add_argument
    add("--clients", type=int, nargs="+", default=[1, 2, 4, 8])
    add("--requests", type=int, default=12, help="requests per number of clients (%(default)s)")
    add("--files", choices=tuple(SIZES), default="native", help="size of the files (%(default)s)")
    add("--repository", type=Path, default=Path("model_repository"), help="with one model")
    add("--triton", action="store_true", help="also measure with Triton on the CPU")
    add("--rounds", type=int, default=8, help="overhead; half for AISFM 3.0 (%(default)s)")
    add("--no-overhead", action="store_true", help="skip the overhead, which takes longest")
    return top


def main() -> None:
    """Print the tables."""
    options = parser().parse_args()
    kinds = ("embedded", "triton") if options.triton else ("embedded",)
    requests = {size: simulated_request(size) for size in SIZES}
    unexpected: Counter[str] = Counter()
    for kind in kinds:
        unexpected += load_tables(kind, requests[options.files], options)
    if not options.no_overhead:
        overhead_table(kinds, requests, options.rounds)
    if unexpected:
        print(f"neither a product nor 429: {_counts(unexpected)}", file=sys.stderr)
        raise SystemExit(1)


def load_tables(kind: str, request: Request, options: argparse.Namespace) -> Counter[str]:
    """Print the results of few and of many clients; count unexpected answers."""
    (source,) = checkpoint.newest_versions(options.repository)
    with TemporaryDirectory() as folder:
        repository = Path(folder) / "repository"
        shutil.copytree(source.parent, repository / Path(*source.parts[-3:-1]))
        with running(kind, repository, queue_size=max(options.clients)) as place:
            found = clients_table(place, request, options)
        with running(kind, repository, queue_size=SHORT_QUEUE, waiting=0) as place:
            crowd = run_clients(place.url, request, CROWD, each=1)
    print(
        f"{CROWD} clients, {SHORT_QUEUE} of them may wait: {_counts(crowd.counts)} "
        f"in {crowd.seconds:.1f} s",
        flush=True,
    )
    return found + crowd.unexpected


def clients_table(place: Deployment, request: Request, options: argparse.Namespace) -> Counter[str]:
    (model,) = place.engine.models().values()
    print(
        f"\n{model.recipe.name}, {model.recipe.side_px}², {place.name}, "
        f"{options.files} files ({len(request.body) / 1e6:.0f} MB)"
    )
    columns = (*STAGES, WAITING, OTHER)
    print("clients  requests/s   p50 s   p95 s" + "".join(f"{c:>9s}" for c in columns) + "  errors")
    with connect(place.url) as client:
        post(client, request)  # warm-up: the first request of a process loads tables
    unexpected: Counter[str] = Counter()
    for clients in options.clients:
        before = place.metrics()
        load = run_clients(place.url, request, clients, math.ceil(options.requests / clients))
        print(_row(load, shares(before, place.metrics(), load), columns), flush=True)
        unexpected += load.unexpected
    return unexpected


def _row(load: LoadResult, share: dict[str, float], columns: tuple[str, ...]) -> str:
    p50, p95 = np.quantile(load.latencies_s, (0.5, 0.95))
    good = load.counts["200"]
    return (
        f"{load.clients:7d}{good / load.seconds:12.2f}{p50:8.2f}{p95:8.2f}"
        + "".join(f"{share[column]:9.0%}" for column in columns)
        + f"{load.counts.total() - good:8d}"
    )


def overhead_table(kinds: tuple[str, ...], requests: dict[str, Request], rounds: int) -> None:
    """Print the overhead with the smallest network, and embedded with AISFM 3.0's."""
    print(f"\noverhead on {SIZE_PX}², random weights, medians of {rounds} rounds or {rounds // 2}")
    print(HEADER)
    for kind in kinds:
        _overhead_rows(kind, "smallest", SMALLEST, requests, rounds)
    _overhead_rows("embedded", "AISFM 3.0", AISFM3, requests, rounds // 2)


def _overhead_rows(
    kind: str,
    network: str,
    arguments: dict[str, int],
    requests: dict[str, Request],
    rounds: int,
) -> None:
    with TemporaryDirectory() as folder:
        repository = Path(folder)
        write_random_model(repository, arguments, SIZE_PX)
        with running(kind, repository) as place:
            for size, request in requests.items():
                found = measure(place.engine, "bench", place.url, request, rounds)
                print(found.row(network, place.name, size), flush=True)


@contextmanager
def running(kind: str, repository: Path, **settings: object) -> Iterator[Deployment]:
    """Run the service with the only model of a repository, embedded or exported to Triton."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        if kind == "triton":
            _export(repository)
            server = stack.enter_context(triton_serving(repository, folder))
            settings |= {"triton_url": server.url}
            engine: Engine = TritonEngine(server.url)
        else:
            engine = embedded(repository)
        stack.callback(engine.close)
        settings |= {"model_repository": repository}
        service = stack.enter_context(serving(folder / "service", APP, (), **settings))
        yield Deployment(service.url, engine, engine.name)


def _export(repository: Path) -> None:
    if list(repository.glob("*-torchscript")):
        return
    subprocess.run(  # noqa: S603  ours
        [sys.executable, "-m", "export", "--formats", "torchscript", "--repository", repository],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{kind} × {number}" for kind, number in sorted(counts.items()))


if __name__ == "__main__":
    main()
