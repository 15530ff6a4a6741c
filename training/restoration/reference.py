"""``python -m training.restoration.reference DENOISER``: test whether a denoised reference helps.

Each far side is generated from three reference magnetograms: HMI's 45 s frame, the same frame
denoised, and the usual mean of 720 s.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from astropy.time import Time
from rich.progress import track

from farside.disk.registration import Disk, register
from farside.evaluation.compare import Measures, measure
from farside.io.source import Source
from farside.magnetogram.stack import Stack, align
from farside.model.engine import Engine, Model
from farside.observation.image import Origin, read
from farside.pipeline import generate, translate
from farside.quality import Quality
from farside.simulation.instruments.files import SIZES, write_hmi
from farside.simulation.instruments.headers import M_720S
from farside.simulation.instruments.hmi_series import write_frames
from farside.simulation.instruments.registered import BANDS, InstrumentSuite, render_view
from farside.simulation.scene import Scene
from farside.sun.grid import Grid, Image
from farside.sun.observer import Observer, View, earth
from training.command import exit_on_error
from training.restoration.denoiser import ONE_FRAME, Denoiser, day_of
from training.score.__main__ import count
from training.score.markdown import table, text
from training.score.models import load
from training.score.summary import AR, FULL, QR, difference, estimated

SUNS = 6
"""Number of suns; each takes a minute of one core for its native frame."""

LONGITUDES_DEG = (70.0, 330.0)
"""Range of the spacecraft's Stonyhurst longitude, drawn for each Sun."""

USUAL = "720 s"

ERROR = "error of the reference, G"


class LoadedModel(NamedTuple):
    """Model and its engine."""

    model: Model
    engine: Engine


@dataclass(frozen=True, eq=False)
class FarSide:
    """Far-side scene without its reference magnetogram.

    Attributes
    ----------
    disks
        EUV disks of both sides.
    view, truth
        View to be generated, and its true field.
    """

    disks: tuple[Disk, ...]
    view: View
    truth: Image


def far_side(scene: Scene, grid: Grid, rng: np.random.Generator) -> FarSide:
    """Render both sides of a scene in EUV, and the field of the far side."""
    far = render_view(scene.far, scene.spacecraft, "EUVI", grid, rng)
    front = earth(scene.reference_time)
    near = render_view(scene.front, front, "SDO", grid, rng)
    return FarSide(
        disks=(
            *_euv(far, "EUVI", grid, scene.time, scene.spacecraft),
            *_euv(near, "SDO", grid, scene.reference_time, front),
        ),
        view=View(scene.spacecraft, scene.time),
        truth=np.where(grid.on_disk(), far[3], np.float32(np.nan)),
    )


def _euv(
    planes: Image, instrument: InstrumentSuite, grid: Grid, time: Time, observer: Observer
) -> Iterator[Disk]:
    for plane, name in zip(planes, BANDS[instrument], strict=False):
        carrier, band = name.replace("EUVI", "EUVI-A").split()
        image = np.where(grid.on_disk(), plane, np.float32(np.nan))
        yield Disk(image, grid, Origin(carrier, band, time, observer, "", ""))


def generated(known: FarSide, reference: Disk, generator: LoadedModel) -> Measures:
    """Generate from one reference and compare with the truth."""
    recipe = generator.model.recipe
    given = (*known.disks, reference)
    disks = tuple(
        next(d for d in given if channel.takes(channel.role, d.origin.instrument, d.origin.band))
        for channel in recipe.channels
    )
    view = known.view
    stack = Stack(
        disks=align(disks, recipe, view.observer, view.time),
        time=view.time,
        observer=view.observer,
        spacecraft="STEREO_A",
        quality=Quality.SIMULATED_TRAINING,
    )
    made = translate(stack, *generator)
    return measure(made.image, known.truth, recipe.disk, view)


Found = Mapping[str, Mapping[str, Sequence[float]]]
"""Values by reference and measure."""


def compare(seed: int, generator: LoadedModel, denoiser: Denoiser) -> Found:
    """Score one Sun with each reference."""
    rng = np.random.default_rng([seed, 47])
    scene = Scene.of(seed, Time(day_of(seed)), rng.uniform(*LONGITUDES_DEG))
    grid = generator.model.recipe.disk
    known = far_side(scene, grid, rng)
    found: dict[str, dict[str, list[float]]] = {}
    with TemporaryDirectory() as folder:
        # Both series are sampled at the slot nearest to the same time.
        frames = write_frames(Path(folder), M_720S.slot(scene.reference_time), seed, 1)
        (frame,) = frames.frames
        true = register(read(frames.truth), grid).image
        sources: dict[str, Source] = {
            ONE_FRAME: frame,
            denoiser.name: generate([frame], [], denoiser.name, denoiser.engine).to_bytes(),
            USUAL: write_hmi(Path(folder), scene.front, rng, SIZES["native"]),
        }
        for name, source in sources.items():
            disk = register(read(source), grid)
            error = float(np.sqrt(np.nanmean((disk.image - true) ** 2)))
            found[name] = _values(generated(known, disk, generator)) | {ERROR: [error]}
    return found


def _values(measures: Measures) -> dict[str, list[float]]:
    """Correlations of blocks of 8 paper pixels, of the disk and of each patch."""
    values = defaultdict(list)
    boxes = [(FULL, measures.disk), *((patch.kind, patch.measures) for patch in measures.patches)]
    for area, box in boxes:
        correlation = box.correlation.blocks_of_8
        if correlation is not None and np.isfinite(correlation):
            values[area].append(correlation)
    return dict(values)


def page(suns: Mapping[int, Found]) -> str:
    """Format two tables: each reference, and each minus the usual one, paired over suns."""
    references = list(next(iter(suns.values())))
    measures = (ERROR, FULL, AR, QR)
    values = {
        (name, each): {str(seed): f[name][each] for seed, f in suns.items() if f[name].get(each)}
        for name in references
        for each in measures
    }
    means = [
        [name, *(text(estimated(values[name, each]), ".4f") for each in measures)]
        for name in references
    ]
    less = [
        [name, *(text(difference(values[name, e], values[USUAL, e]), "+.4f") for e in measures)]
        for name in references
        if name != USUAL
    ]
    heads = ("reference", f"reference, minus {USUAL}")
    return "\n\n".join(
        table([head, *measures], rows) for head, rows in zip(heads, (means, less), strict=True)
    )


def parser() -> argparse.ArgumentParser:
    """Parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m training.restoration.reference", description=__doc__
    )
    add = top.add_argument
    add("denoiser", metavar="DENOISER", help="name in the repository, or a model file")
    add("--generator", default="pix2pixcc-demo", help="generator, likewise (%(default)s)")
    add("--repository", type=Path, default=Path("model_repository"), help="folder of models")
    add("--suns", type=count, default=SUNS, help="seeds from 0 (%(default)s)")
    return top


def main() -> None:
    """Compare, and print the tables; an error ends the program with one sentence."""
    arguments = parser().parse_args()
    with exit_on_error():
        denoiser = Denoiser(*load(arguments.denoiser, arguments.repository))
        generator = LoadedModel(*load(arguments.generator, arguments.repository))
        seeds = track(range(arguments.suns), "comparing")
        print(page({seed: compare(seed, generator, denoiser) for seed in seeds}))


if __name__ == "__main__":
    main()
