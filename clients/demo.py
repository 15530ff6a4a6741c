"""Demonstration: simulate instrument files, post them to the service, draw and score the answer.

Inputs, product, truth, the synchronic map in every format, pictures and scores stay in one folder.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from astropy.time import Time

from clients import demo_archive, demo_map
from farside.archive.producer import ServiceProducer
from farside.client import Client
from farside.errors import ConnectionFailedError, DeadlineError
from farside.evaluation import metrics
from farside.evaluation.flux import unsigned_flux_mx
from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import Stack
from farside.pipeline import prepare
from farside.plots import magnetogram as quicklook
from farside.simulation.instruments.files import SimulatedSet, read_truth, write_set

OBSERVATION_TIME = Time("2026-11-01T00:00:00")
STEREO_A_LONGITUDE_DEG = 70.0
"""Approximate Stonyhurst longitude of STEREO-A in November 2026."""


def main() -> None:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--server", help="address of a running service; without it one is started")
    arguments = parser.parse_args()
    print(f"simulating STEREO-A at {STEREO_A_LONGITUDE_DEG:+.0f}° on {OBSERVATION_TIME.isot} …")
    files = write_set(
        arguments.out / "inputs", OBSERVATION_TIME, STEREO_A_LONGITUDE_DEG, arguments.seed
    )
    given = demo_map.simulate(arguments.out / "inputs" / "map", OBSERVATION_TIME, arguments.seed)
    product, maps = arguments.out / "far.fits", arguments.out / "map"
    log = arguments.out / "service.log"
    with _service(arguments.server, log) as address, Client(address) as client:
        print(f"posting {len(files.observations) + len(files.references)} files to {address} …")
        started = time.monotonic()
        client.generate(files.observations, files.references, out=product)
        print(f"answered in {time.monotonic() - started:.1f} s")
        models = client.models()
        print("posting it with the current HMI magnetogram and a map of the last rotation …")
        sun = demo_map.post(client, given, product, maps)
        model = Magnetogram.read(product).generator.model
        archive = demo_archive.fill(
            arguments.out,
            ServiceProducer(client, model),
            files.references,
            given.base,
            OBSERVATION_TIME,
            arguments.seed,
        )
    made = Magnetogram.read(product)
    recipe = models[made.generator.model].recipe
    stack = prepare(files.observations, files.references, recipe)
    demo_map.draw(sun, maps)
    scores = _scores(made, files, stack, arguments.out) | demo_map.score(sun, given, product)
    (arguments.out / "scores.json").write_text(json.dumps(scores, indent=2) + "\n")
    print("\n".join(f"  {value:6.3f}  {name}" for name, value in scores.items()))
    print(f"inputs   {arguments.out / 'inputs'}\ntruth    {files.truth}\nproduct  {product}")
    print(f"picture  {arguments.out / 'far.png'}\nscores   {arguments.out / 'scores.json'}")
    demo_archive.photograph(archive, arguments.out / "page.png")
    print(f"page     farside page {archive}   at http://127.0.0.1:8300/")
    print("to go on with these files: make serve, and the commands of README.md")


def _scores(made: Magnetogram, files: SimulatedSet, stack: Stack, folder: Path) -> dict[str, float]:
    """Draw the comparison picture; score product and persistence against the truth."""
    truth = read_truth(files.truth, made.disk)
    (folder / "far.png").write_bytes(quicklook.compare(made, stack.given, truth))
    kept = metrics.persistence(stack.given[-1], made.observer, made.time)
    flux, true_flux = (unsigned_flux_mx(image, made.disk) for image in (made.image, truth))
    return {
        "correlation with the truth, 1 degree": metrics.correlation(made.image, truth, made.disk),
        "the same for persistence (reference rotated into view)": metrics.correlation(
            kept, truth, made.disk
        ),
        "unsigned flux, generated over true": flux / true_flux,
    }


@contextmanager
def _service(address: str | None, log: Path) -> Iterator[str]:
    """Address of the given service, or of one started on a free port until the block ends."""
    if address:
        yield address
        return
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "bentoml", "serve", "service.app:FarsideService"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environment = os.environ | {"BENTOML_DO_NOT_TRACK": "true"}
    print(f"starting the service, which writes to {log} …")
    with (
        log.open("wb") as written,
        subprocess.Popen(command, env=environment, stdout=written, stderr=written) as server,  # noqa: S603  our own command
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _await_ready(url, server, log)
            yield url
        finally:
            server.terminate()


def _await_ready(
    url: str, server: subprocess.Popen[bytes], log: Path, seconds: float = 120
) -> None:
    deadline = time.monotonic() + seconds
    with Client(url, timeout=10) as client:
        while time.monotonic() < deadline and server.poll() is None:
            try:
                if client.ready():
                    return
            except (ConnectionFailedError, DeadlineError):
                pass
            time.sleep(0.5)
    raise SystemExit(f"the service at {url} was not ready within {seconds:.0f} s: see {log}")


if __name__ == "__main__":
    main()
