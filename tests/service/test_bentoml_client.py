"""BentoML's own client calls the endpoints by name, as its users know it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from deploy.local_triton.processes import PATIENCE_S
from farside.magnetogram.magnetogram import Magnetogram
from farside.simulation.instruments.files import SimulatedSet
from farside.synchronic import fits as synchronic_fits
from tests.support.live import Server
from tests.support.map_files import MapFiles

CLIENT = """
import json, shutil, sys
from pathlib import Path
import bentoml
url, patience_s, observation, reference, generated, base, time = json.loads(sys.argv[1])
with bentoml.SyncHTTPClient(url, timeout=patience_s) as client:
    far = client.generate(
        observation=[Path(path) for path in observation],
        reference=[Path(path) for path in reference],
        model="tiny",
        format="fits",
    )
    shutil.copy(far, "far.fits")
    sun = client.synchronic(
        generated=[Path(generated)], base=Path(base), time=time, allow_saturating=False
    )
    shutil.copy(sun, "sun.fits")
    print(json.dumps([far.name, sun.name]))
    try:
        client.generate(observation=[Path(observation[0])], model="tiny")
    except bentoml.exceptions.BentoMLException as error:
        print(error)
"""


def test_generate_and_synchronic_give_files_and_an_error_has_its_sentence(
    server: Server, simulated: SimulatedSet, map_files: MapFiles, tmp_path: Path
) -> None:
    observation, reference = (
        [str(path) for path in paths] for paths in (simulated.observations, simulated.references)
    )
    time = map_files.time.isot
    given = server.url, PATIENCE_S, observation, reference
    made_of = str(map_files.generated), str(map_files.base), time
    done = subprocess.run(  # noqa: S603  our words
        [sys.executable, "-c", CLIENT, json.dumps([*given, *made_of])],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    names, error = done.stdout.strip().splitlines()
    far, sun = json.loads(names)
    assert far.endswith("_tiny.fits")
    assert sun.endswith(".fits")
    assert Magnetogram.read(tmp_path / "far.fits").generator.model == "tiny"
    assert synchronic_fits.read((tmp_path / "sun.fits").read_bytes()).time.isot == time
    assert json.loads(error)["type"] == "IncompleteSetError"
