"""Last part of the demonstration: an archive of three days, and a picture of its page."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import astropy.units as u
import numpy as np
from astropy.time import Time

from farside.archive.inbox import scan
from farside.archive.producer import Producer
from farside.archive.schedule import Plan, Round
from farside.archive.store import open_archive
from farside.page.api import ArchiveApi
from farside.page.server import page_server
from farside.page.tiles import Tiles
from farside.simulation.instruments.files import SIZES, write_euvi, write_hmi
from farside.simulation.scene import stereo
from farside.simulation.sun import SimulatedSun

SPACECRAFT = {"A": 70.0, "B": 170.0}
"""Stonyhurst longitudes of the two spacecraft: together they show the whole far side."""

HOUR = 6.0
"""Hour of each day's images; the region of the demonstration emerges on the first day."""

DAYS = (2, 1, 0)

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def fill(
    folder: Path,
    producer: Producer,
    references: Iterable[Path],
    base: Path,
    time: Time,
    seed: int,
) -> Path:
    """Simulate three days of EUVI images of both spacecraft and of HMI; archive what they yield.

    Parameters
    ----------
    folder
        Holds the archive afterwards, and the drop folder that it was made from.
    producer
        Backend that makes the products.
    references, base
        SDO's images that all sets share, and the first base map.
    time, seed
        Last day, and the Sun.
    """
    incoming, archive = folder / "incoming", folder / "archive"
    incoming.mkdir(exist_ok=True)
    for path in references:
        shutil.copy(path, incoming)
    sun, rng = SimulatedSun(seed), np.random.default_rng([seed, 10])
    for days in DAYS:
        moment = Time((time + (HOUR / 24 - days) * u.day).isot, scale="utc")
        surface = sun.at(moment)
        for side, longitude_deg in SPACECRAFT.items():
            write_euvi(incoming, surface, stereo(moment, longitude_deg), rng, side, SIZES["small"])
        write_hmi(incoming, surface, rng, SIZES["small"])
    plan = Plan(cadence=timedelta(hours=HOUR), base=base)
    stop = Event()
    with open_archive(archive) as writable:
        arrivals = scan([incoming], writable.index, 0.0, archive, stop)
        made = Round(writable, producer, producer.model(), plan, stop).run(arrivals)
    print(f"archive  {archive}: {made} products of three days and two spacecraft")
    return archive


def photograph(archive: Path, picture: Path) -> None:
    """Draw the page of an archive with the browser of this machine, if there is one."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return
    with page_server(ArchiveApi(archive, Tiles(64_000_000)), "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        command = [browser, "--headless=new", "--disable-gpu", "--enable-unsafe-swiftshader"]
        command += ["--no-sandbox"] if os.geteuid() == 0 else []
        command += ["--hide-scrollbars", "--window-size=1440,1000", "--virtual-time-budget=20000"]
        command += [f"--screenshot={picture.resolve()}"]
        command += [f"http://127.0.0.1:{server.server_address[1]}/"]
        subprocess.run(command, check=False, capture_output=True, timeout=120)  # noqa: S603  our own command
        server.shutdown()
        thread.join()
    if picture.exists():
        print(f"picture  {picture}")
