"""``farside``: what the service does, without a server or through one, and what surrounds it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farside.cli.archive import archive
from farside.cli.backfill import backfill
from farside.cli.coronal import coronal
from farside.cli.drawing import simulate_drawing
from farside.cli.frames import simulate_frames
from farside.cli.moment import moment
from farside.cli.noise import noise
from farside.cli.options import (
    ModelName,
    Precision,
    Repository,
    Server,
    embedded_models,
    only_model,
)
from farside.cli.progress import shown
from farside.cli.stack import stack
from farside.cli.synchronic import synchronic
from farside.cli.track import track
from farside.cli.watch import watch
from farside.errors import FarsideError
from farside.sun.grid import Grid

if TYPE_CHECKING:
    from farside.model.engine import Model
    from farside.model.recipe import Recipe

app = typer.Typer(
    help="Magnetograms of the side of the Sun that no magnetograph sees.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(synchronic)
app.command()(track)
app.command()(coronal)
app.command()(watch)
app.command()(backfill)
app.command()(simulate_drawing)
app.command("simulate-frames")(simulate_frames)
app.command()(stack)
app.command()(noise)
app.add_typer(archive, name="archive")

Moment = Annotated[str, typer.Option("--time", help="UTC, as in 2026-11-01T00:00:00.")]
Longitude = Annotated[
    float, typer.Option("--stereo-longitude", help="Stonyhurst longitude of the spacecraft, deg.")
]


@app.command()
def simulate(
    time: Moment,
    stereo_longitude: Longitude,
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    seed: Annotated[int, typer.Option(min=0, help="Names the simulated Sun.")] = 0,
    native: Annotated[
        bool, typer.Option("--native/--small", help="Sizes of the archives, or of real time.")
    ] = True,
) -> None:
    """Write the seven files that one far-side magnetogram needs, and its truth."""
    from farside.simulation import write_set

    size = "native" if native else "small"
    files = write_set(out, moment(time), stereo_longitude, seed, size)
    for path in (*files.observations, *files.references, files.truth):
        typer.echo(path)


@app.command()
def generate(
    observation: Annotated[
        list[Path], typer.Option(help="EUVI file, or what else the model wants; once for each.")
    ],
    reference: Annotated[
        list[Path] | None, typer.Option(help="SDO file, where the model wants any; once for each.")
    ] = None,
    out: Annotated[Path, typer.Option(help="FITS file to write.")] = Path("far.fits"),
    model: ModelName = None,
    server: Server = None,
    repository: Repository = Path("model_repository"),
    precision: Precision = Precision.float32,
) -> None:
    """Make a far-side magnetogram, or what else a model makes, here or through a service."""
    if server:
        from farside.client import Client

        with Client(server) as client:
            client.generate(observation, reference or [], model, out=out)
    else:
        from farside.pipeline import generate as generate_here

        models = embedded_models(repository, precision)
        name = model or only_model(models)
        engine = models.engine(name)
        with shown(name) as progress:
            made = generate_here(observation, reference or [], name, engine, progress)
        made.write(out)
    typer.echo(out)


@app.command()
def quicklook(
    product: Annotated[Path, typer.Argument(help="A product of `farside generate`.")],
    out: Annotated[
        Path | None, typer.Option(help="PNG to write; beside the product if left out.")
    ] = None,
) -> None:
    """Draw a product as a PNG."""
    from farside.magnetogram.magnetogram import Magnetogram
    from farside.plots.magnetogram import render

    path = out or product.with_suffix(".png")
    path.write_bytes(render(Magnetogram.read(product)))
    typer.echo(path)


@app.command()
def evaluate(
    product: Annotated[Path, typer.Argument(help="A product of `farside generate`.")],
    truth: Annotated[
        Path, typer.Argument(help="Magnetogram of the same view: simulated truth, or HMI.")
    ],
    reference: Annotated[
        Path | None, typer.Option(help="HMI file of the reference: scores persistence too.")
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0, help="Gauss; weaker fields carry no flux.")
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare a product with a true magnetogram by the papers' measures."""
    from farside.cli.evaluate import compare, print_table, to_json

    found = compare(product, truth, reference, threshold)
    if as_json:
        typer.echo(to_json(found))
    else:
        print_table(found)


@app.command("reference-time")
def reference_time(time: Moment, stereo_longitude: Longitude) -> None:
    """Print the epoch of the SDO reference for an observation (Jeong et al. 2022, Eq. 5)."""
    from farside.sun.reference_epoch import reference_time as epoch

    typer.echo(epoch(moment(time), stereo_longitude).isot)


@app.command("import-weights")
def import_weights(
    weights: Annotated[Path, typer.Argument(help="The authors' <iteration>_G.pt.")],
    recipe: Annotated[Path, typer.Argument(help="Recipe as TOML.")],
    out: Annotated[Path, typer.Argument(help="safetensors file to write.")],
    half: Annotated[bool, typer.Option(help="Store in half precision.")] = False,
) -> None:
    """Turn the authors' weights and a Recipe into a model file; print its identity."""
    from farside.model.checkpoint import import_weights as run

    typer.echo(run(weights, recipe, out, half))


@app.command()
def models(server: Server = None, repository: Repository = Path("model_repository")) -> None:
    """List the models of a repository or of a service."""
    for _, model in sorted(_models(server, repository).items()):
        typer.echo(_description(model))


def _description(model: Model) -> str:
    recipe = model.recipe
    lines = [
        f"{recipe.name} {recipe.version}: {recipe.title}",
        f"  identity  {model.identity}",
        f"  grid      {_geometry(recipe)}",
        f"  training  {recipe.training.data}: {recipe.training.description}",
        *(f"  wants     {channel}" for channel in recipe.channels),
        *(f"  score     {score.value:.3f}  {score.measure}" for score in recipe.scores),
    ]
    return "\n".join(lines)


def _geometry(recipe: Recipe) -> str:
    grid = recipe.grid
    if isinstance(grid, Grid):
        return f"{grid.size_px}², disk radius {grid.disk_radius_px:g} px"
    return f"native pixels of {grid.pixel_arcsec:g} arcsec, in tiles of {grid.tile_px}²"


def _models(server: str | None, repository: Path) -> dict[str, Model]:
    if not server:
        return dict(embedded_models(repository))
    from farside.client import Client

    with Client(server) as client:
        return dict(client.models())


def main() -> None:
    """Run the command line; what goes wrong is one sentence on standard error, and exit code 1."""
    try:
        app()
    except (FarsideError, OSError) as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise SystemExit(1) from error
