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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from astropy.time import Time

from clients import demo_archive, demo_map
from clients.demo_map import MapInputs
from farside.archive.producer import ServiceProducer
from farside.client import Client
from farside.errors import ConnectionFailedError, DeadlineError
from farside.evaluation import metrics
from farside.evaluation.flux import unsigned_flux_mx
from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import Stack
from farside.model.engine import Model, only_model
from farside.pipeline import prepare
from farside.plots import magnetogram as quicklook
from farside.simulation.instruments.files import SIZES, SimulatedSet, read_truth, write_set

OBSERVATION_TIME = Time("2026-11-01T00:00:00")
_STARTED = time.monotonic()
STEREO_A_LONGITUDE_DEG = 70.0
"""Approximate Stonyhurst longitude of STEREO-A in November 2026."""

SEED = 83
"""A Sun on which a region has just emerged behind the western limb, in view of STEREO-A alone."""


def main() -> None:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo"))
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--size",
        choices=SIZES,
        default="small",
        help="small: the real-time files, EUVI beacon and synoptic SDO images; native: 72 MB",
    )
    parser.add_argument("--server", help="address of a running service; without it one is started")
    parser.add_argument(
        "--fetch",
        action="store_true",
        help="take the files by farside fetch, from a local mirror of the public archives",
    )
    arguments = parser.parse_args()
    inputs, product, maps = (arguments.out / name for name in ("inputs", "far.fits", "map"))
    arguments.out.mkdir(parents=True, exist_ok=True)
    with _service(arguments.server, arguments.out / "service.log") as ready:
        _say(f"simulating STEREO-A at {STEREO_A_LONGITUDE_DEG:+.0f}° on {OBSERVATION_TIME.isot}")
        files = write_set(
            inputs, OBSERVATION_TIME, STEREO_A_LONGITUDE_DEG, arguments.seed, arguments.size
        )
        _say("simulating a rotation of HMI magnetograms, and a map of it")
        given = demo_map.simulate(inputs / "map", OBSERVATION_TIME, arguments.seed)
        address = ready()
        with Client(address) as client:
            models = client.models()
            if arguments.fetch:
                files, given = _fetched(files, given, models, arguments.out / "fetched")
            _say(f"posting {len(files.observations) + len(files.references)} files to {address}")
            client.generate(files.observations, files.references, out=product)
            _say("posting the answer with the current HMI magnetogram and that map")
            sun = demo_map.post(client, given, product, maps)
            _say("filling an archive of three days")
            archive = demo_archive.fill(
                arguments.out,
                ServiceProducer(client, Magnetogram.read(product).generator.model),
                files.references,
                given.base,
                OBSERVATION_TIME,
                arguments.seed,
            )
    made = Magnetogram.read(product)
    recipe = models[made.generator.model].recipe
    stack = prepare(files.observations, files.references, recipe)
    _say("drawing and scoring against the simulated truth")
    compared = demo_map.compare(sun, given)
    demo_map.draw(sun, compared, maps)
    scores = _scores(made, files, stack, arguments.out)
    scores |= demo_map.score(sun, given, product, compared)
    (arguments.out / "scores.json").write_text(json.dumps(scores, indent=2) + "\n")
    print("\n".join(f"  {value:6.3f}  {name}" for name, value in scores.items()))
    demo_archive.photograph(archive, arguments.out / "page.png")
    _say("done")
    print(
        f"""
Farside made {product}, the magnetogram that STEREO-A would have measured, from simulated files of
STEREO-A and SDO in {inputs}; {arguments.out / "far.png"} shows it beside the simulated truth.
With HMI's view of the front it became a map of the whole Sun, in four formats and with pictures in
{maps}; the scores above are in {arguments.out / "scores.json"}.
Look at the page of a small archive: `.venv/bin/farside page {archive}`, at http://127.0.0.1:8300/
Next, run `make serve`, and post these files or your own by the commands of README.md."""
    )


def _fetched(
    files: SimulatedSet, given: MapInputs, models: Mapping[str, Model], folder: Path
) -> tuple[SimulatedSet, MapInputs]:
    """Put the simulated files into a local mirror of the archives, and fetch them from it."""
    from clients.demo_fetch import fetch_from_mirror  # which nothing else needs

    name = os.environ.get("FARSIDE_DEFAULT_MODEL") or only_model(models)
    _say(f"fetching them from a mirror of the archives, {folder / 'mirror'}")
    simulated = (*files.observations, *files.references, given.observed)
    got = fetch_from_mirror(simulated, OBSERVATION_TIME, models[name].recipe, folder)
    print("\n".join(f"  {file.role:11} {file.address}" for file in got.files))
    (observed,) = got.observed
    return (
        replace(files, observations=got.observations, references=got.references),
        replace(given, observed=observed),
    )


def _say(step: str) -> None:
    """Print a step, with the seconds since the start of the program."""
    print(f"[{time.monotonic() - _STARTED:4.0f} s] {step}", flush=True)


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
def _service(address: str | None, log: Path) -> Iterator[Callable[[], str]]:
    """Start a service on a free port until the block ends, unless the address of one is given.

    What is yielded waits until it is ready, and gives its address.
    """
    if address:
        yield lambda: address
        return
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "bentoml", "serve", "service.app:FarsideService"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environment = {"FARSIDE_MODELS": os.environ.get("FARSIDE_DEFAULT_MODEL", "")} | os.environ
    _say(f"starting the service, which writes to {log}")
    with (
        log.open("wb") as written,
        subprocess.Popen(  # noqa: S603  our own command
            command,
            env=environment | {"BENTOML_DO_NOT_TRACK": "true"},
            stdout=written,
            stderr=written,
        ) as server,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            yield lambda: _await_ready(url, server, log)
        finally:
            server.terminate()


def _await_ready(url: str, server: subprocess.Popen[bytes], log: Path, seconds: float = 120) -> str:
    """Wait until a service is ready, and return its address."""
    deadline = time.monotonic() + seconds
    with Client(url, timeout=10) as client:
        while time.monotonic() < deadline and server.poll() is None:
            try:
                if client.ready():
                    return url
            except (ConnectionFailedError, DeadlineError):
                pass
            time.sleep(0.1)
    raise SystemExit(f"the service at {url} was not ready within {seconds:.0f} s: see {log}")


if __name__ == "__main__":
    main()
