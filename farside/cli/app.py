"""``farside``: the commands, their groups in the help, and an example of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from farside import __version__
from farside.cli.archive import archive
from farside.cli.backfill import backfill
from farside.cli.coronal import coronal
from farside.cli.drawing import simulate_drawing
from farside.cli.fetch import fetch
from farside.cli.frames import simulate_frames
from farside.cli.key import key
from farside.cli.live import live
from farside.cli.noise import noise
from farside.cli.options import (
    FILE,
    ModelName,
    Repository,
    Server,
    check_output,
    embedded_models,
    parse_time,
    progress_bar,
    working,
)
from farside.cli.page import page
from farside.cli.quicklook import quicklook
from farside.cli.seismic import compare_seismic
from farside.cli.stack import stack
from farside.cli.synchronic import synchronic
from farside.cli.track import track
from farside.cli.watch import watch
from farside.cli.wind import wind
from farside.errors import FarsideError
from farside.model.defaults import Precision
from farside.sun.grid import Grid

if TYPE_CHECKING:
    from farside.model.engine import Model
    from farside.model.recipe import Recipe

Moment = Annotated[
    str, typer.Option("--time", help="Time of observation, UTC, e.g. 2026-11-01T00:00:00.")
]
Longitude = Annotated[
    float, typer.Option("--stereo-longitude", help="Stonyhurst longitude of the spacecraft, deg.")
]


def simulate(
    time: Moment,
    stereo_longitude: Longitude,
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    seed: Annotated[int, typer.Option(min=0, help="Number of the simulated Sun.")] = 0,
    native: Annotated[
        bool,
        typer.Option(
            "--native/--small",
            help="Full-size images (2048², 4096²), or beacon and synoptic ones (512², 1024²).",
        ),
    ] = True,
) -> None:
    """Simulate the seven input files of one far-side magnetogram, and its true magnetogram."""
    from farside.simulation import write_set

    size = "native" if native else "small"
    moment = parse_time(time)
    with working("simulating the Sun and seven images"):
        files = write_set(out, moment, stereo_longitude, seed, size)
    for path in (*files.observations, *files.references, files.truth):
        typer.echo(path)


def generate(
    observation: Annotated[
        list[str],
        typer.Option(
            metavar=FILE,
            help="Image of the far side (EUVI; for other models what `farside models` lists). "
            "Repeat for each file.",
        ),
    ],
    reference: Annotated[
        list[str] | None,
        typer.Option(
            metavar=FILE,
            help="SDO image of the reference epoch, if the model takes one. Repeat for each file.",
        ),
    ] = None,
    out: Annotated[str, typer.Option(metavar=FILE, help="FITS file to write.")] = "far.fits",
    model: ModelName = None,
    server: Server = None,
    repository: Repository = None,
    precision: Annotated[
        Precision, typer.Option(help="Floating-point format of the network, without --server.")
    ] = "float32",
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Draw a realisation with this seed instead of the mean."),
    ] = None,
) -> None:
    """Generate a far-side magnetogram, in this process or through a service.

    With another model it generates that model's product, e.g. a denoised magnetogram. A file may be
    an address, s3://bucket/key or file:///folder/name.
    """
    from farside.io.objects import put

    check_output(out, [*observation, *(reference or ())])
    if server:
        from farside.client import Client

        with Client(server) as client:
            content = client.generate_bytes(observation, reference or [], model, seed)
    else:
        from farside.pipeline import generate as generate_here

        models = embedded_models(repository, precision)
        name = model or models.default()
        engine = models.engine(name)
        with progress_bar(name) as progress:
            made = generate_here(observation, reference or [], name, engine, progress)
        content = (made if seed is None else made.sample(seed)).to_bytes()
    put(out, content)
    typer.echo(out)


def evaluate(
    product: Annotated[Path, typer.Argument(help="A product of `farside generate`.")],
    truth: Annotated[
        Path, typer.Argument(help="True magnetogram of the same view: simulated, or of HMI.")
    ],
    reference: Annotated[
        Path | None,
        typer.Option(help="HMI magnetogram of the reference epoch, to score persistence as well."),
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0, help="Weakest field that counts as flux, G.")
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Compare a product with a true magnetogram (measures of Jeong et al. 2022).

    AR, QR: active, quiet region. CC: correlation, SSIM: structural similarity, of pixels binned
    n×n. TUMF, NMF: total unsigned, net magnetic flux. R1, R2: relative error of the flux,
    normalised mean square error.
    """
    from farside.cli.evaluate import print_table, to_json
    from farside.evaluation.evaluate import evaluate as run

    found = run(product, truth, reference, threshold)
    if as_json:
        typer.echo(to_json(found))
    else:
        print_table(found)


def reference_time(time: Moment, stereo_longitude: Longitude) -> None:
    """Print the epoch of the SDO reference images of an observation (Jeong et al. 2022, Eq. 5)."""
    from farside.sun.reference_epoch import reference_time as epoch

    typer.echo(epoch(parse_time(time), stereo_longitude).isot)


def import_weights(
    weights: Annotated[Path, typer.Argument(help="State dict of the authors, <iteration>_G.pt.")],
    recipe: Annotated[Path, typer.Argument(help="Recipe, TOML.")],
    out: Annotated[Path, typer.Argument(help="safetensors file to write.")],
    half: Annotated[bool, typer.Option(help="Store the weights in half precision.")] = False,
) -> None:
    """Convert the authors' weights and a Recipe to a model file; print its identity."""
    from farside.model.checkpoint import import_weights as run

    typer.echo(run(weights, recipe, out, half))


def models(server: Server = None, repository: Repository = None) -> None:
    """List the models of a repository or of a service: inputs, training, scores."""
    for _, model in sorted(_models(server, repository).items()):
        typer.echo(_description(model))


def _description(model: Model) -> str:
    recipe = model.recipe
    lines = [
        f"{recipe.name} {recipe.version}: {recipe.title}",
        f"  identity  {model.identity}",
        f"  grid      {_geometry(recipe)}",
        f"  training  {recipe.training.data}: {recipe.training.description}",
        *(f"  {'takes' if c.optional else 'wants'}     {c}" for c in recipe.channels),
        *(f"  score     {score.value:.3f}  {score.measure}" for score in recipe.scores),
    ]
    return "\n".join(lines)


def _geometry(recipe: Recipe) -> str:
    grid = recipe.grid
    if isinstance(grid, Grid):
        return f"{grid.size_px}², disk radius {grid.disk_radius_px:g} px"
    return f"native pixels of {grid.pixel_arcsec:g} arcsec, in tiles of {grid.tile_px}²"


def _models(server: str | None, repository: Path | None) -> dict[str, Model]:
    if not server:
        return dict(embedded_models(repository))
    from farside.client import Client

    with Client(server) as client:
        return dict(client.models())


class _Panels(TyperGroup):
    """Commands in the order of their panels; typer lists groups of commands first."""

    def list_commands(self, ctx: Any) -> list[str]:  # a context of the click inside typer
        """Names of the commands."""
        order, names = tuple(_COMMANDS), super().list_commands(ctx)
        return sorted(
            names, key=lambda name: order.index(getattr(self.commands[name], "rich_help_panel", ""))
        )


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"farside {__version__}")
        raise typer.Exit


def farside(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version, and end."
        ),
    ] = False,
) -> None:
    """Far-side magnetograms of the Sun from STEREO EUV images, and what is made of them."""


_COMMANDS: dict[str, tuple[tuple[Callable[..., None], str], ...]] = {
    "Make": (
        (
            generate,
            "--observation euvi304.fts --observation euvi195.fts --observation euvi171.fts "
            "--reference aia304.fits --reference aia193.fits --reference aia171.fits "
            "--reference hmi.fits --model farside-1 --out far.fits",
        ),
        (
            synchronic,
            "--observed hmi_now.fits --generated far.fits --base base.fits --format gong "
            "--out sun.fits",
        ),
        (coronal, "sun.fits --out corona"),
        (wind, "sun.fits --out wind"),
        (stack, "frame1.fits frame2.fits frame3.fits --count 3 --out mean.fits"),
    ),
    "Look": (
        (quicklook, "far.fits --out far.png"),
        (evaluate, "far.fits truth.fits --reference hmi.fits"),
        (track, "hmi.fits far.fits sun.fits --position S20W12 --time 2026-11-01T00:00:00"),
        (noise, "hmi.fits"),
        (
            compare_seismic,
            "AR_LIST_2011.01.01_00-00-00.txt --with far-a.fits --with far-b.fits --out seismic",
        ),
        (page, "archive --port 8300"),
    ),
    "Operate": (
        (watch, "incoming --out archive --model pix2pixcc-demo --base base.fits"),
        (live, "live.toml"),
        (fetch, "--time 2026-11-01T00:00:00 --spacecraft A --out inputs --model pix2pixcc-demo"),
        (backfill, "archive --from 2026-11-01 --to 2026-12-01 --model pix2pixcc-demo"),
        (models, "--server http://localhost:3000"),
        (key, "forecast-centre --per-minute 10 --places 2"),
        (reference_time, "--time 2026-11-01T00:00:00 --stereo-longitude 70"),
    ),
    "Simulate": (
        (simulate, "--time 2026-11-01T00:00:00 --stereo-longitude 70 --out inputs --small"),
        (simulate_drawing, "--time 2014-04-01T15:00:00 --out drawings"),
        (simulate_frames, "--time 2026-11-01T00:00:00 --out frames"),
    ),
    "Develop": ((import_weights, "500000_G.pt recipe.toml model.safetensors"),),
}
"""Commands and their examples by panel of the help, in its order."""

app = typer.Typer(
    cls=_Panels,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Example: farside quicklook far.fits --out far.png",
)
app.callback()(farside)
for _panel, _commands in _COMMANDS.items():
    for _command, _example in _commands:
        _name = _command.__name__.replace("_", "-")
        app.command(_name, rich_help_panel=_panel, epilog=f"Example: farside {_name} {_example}")(
            _command
        )
app.add_typer(archive, name="archive", rich_help_panel="Operate")


def main() -> None:
    """Run the command line; an error is one sentence on standard error, and exit code 1."""
    try:
        app()
    except (FarsideError, OSError) as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        raise SystemExit(1) from error
