"""The public verbs, from an image to a map of the whole Sun."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from astropy.time import Time
from astropy.units import Quantity

from farside.errors import FormatError, MissingMetadataError
from farside.io.atomic import NamedFile
from farside.io.fits import MAX_BYTES, primary_cards, text, unpack
from farside.io.formats import FITS_SUFFIXES
from farside.io.objects import is_address
from farside.io.source import Source, bytes_of, listed, naming_errors
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.defaults import default_folder
from farside.model.engine import Engine, only_model
from farside.observation.image import Observation
from farside.observation.image import read as read_image
from farside.observation.read import read_each
from farside.pipeline import generate as generate_by
from farside.pipeline import map_sun
from farside.progress import Progress, no_progress
from farside.sun.reference_epoch import reference_time as epoch_of
from farside.synchronic import fits as native
from farside.synchronic.base import read_base
from farside.synchronic.map import BaseMap, SynchronicMap

if TYPE_CHECKING:
    from astropy.table import Table

    from farside.model.models import Models
    from farside.solarwind.euhforia import Boundary

Reference: TypeAlias = "Source | Observation | BaseMap | SynchronicMap"
"""Reference of a generated magnetogram: an image of the front side, or a synoptic map."""

# What takes long to import, torch above all, is imported where it is used.


def read(source: Source) -> Observation:
    """Read one image of the Sun: EUVI, AIA, HMI line of sight, or a sunspot drawing.

    Parameters
    ----------
    source : path, bytes, open binary file, astropy.io.fits.HDUList or sunpy.map.GenericMap
        Plain or gzip. A drawing (PNG, JPEG or FITS) has its side-car beside its path.

    Returns
    -------
    Observation
        Float32 pixels (y, x) in DN or gauss, with pointing, observer, time and quality.

    Raises
    ------
    InputError
        The image cannot be used; the message says what was found and what is expected.

    Examples
    --------
    >>> import farside
    >>> farside.read("euvi304.fts")
    <Observation EUVI-A 304 2026-02-14T00:00:17, 512 by 512 pixels>
    """
    return next(read_each([source]))


def load_models(
    folder: str | Path | None = None, names: str | Collection[str] | None = None
) -> Models:
    """Open a folder of models; each is compiled when it is first used.

    Parameters
    ----------
    folder : path, optional
        Holds ``<model>/<version>/model.safetensors``. By default the folder that the environment
        variable FARSIDE_MODEL_REPOSITORY names, ``model_repository`` in the current folder, that
        of the clone, or the demonstration models installed with the package.
    names : str or collection of str, optional
        Only these models.

    Returns
    -------
    Models
        Mapping from the name of a model to its Recipe and identity.

    Raises
    ------
    EngineUnavailableError
        No model in the folder.
    UnknownModelError
        One of `names` is not in it.

    Examples
    --------
    >>> import farside
    >>> farside.load_models(names="pix2pixcc-demo")["pix2pixcc-demo"].recipe.version
    '3'
    """
    from farside.model.models import Models

    given = [names] if isinstance(names, str) else names or ()
    return Models(default_folder() if folder is None else Path(folder), given)


@lru_cache(maxsize=4)
def _models_of(folder: Path) -> Models:
    """Models that stay compiled from one call to the next."""
    return load_models(folder)


def generate(
    observations: Source | Observation | Iterable[Source | Observation],
    references: Reference | Iterable[Reference] = (),
    model: str | None = None,
    *,
    models: Models | Engine | None = None,
    seed: int | None = None,
    progress: Progress = no_progress,
) -> Magnetogram:
    """Generate the magnetogram that the spacecraft of `observations` would have measured.

    Parameters
    ----------
    observations : file, HDUList, Map or Observation, or several
        Images of the far side, in any order.
    references : file, HDUList, Map or Observation, or several
        Images of the front side near the epoch of Eq. 5 (:func:`farside.reference_time`), where
        the model takes any; for some models a synoptic map (GONG, ADAPT, HMI, SynchronicMap or
        BaseMap) in place of the magnetogram. The Recipe has the limits of their age.
    model : str, optional
        Name of the model. By default FARSIDE_DEFAULT_MODEL, or the only one there is.
    models : Models or Engine, optional
        What :func:`farside.load_models` gave. By default the models of its default folder.
    seed : int, optional
        Draw a realisation with this seed, by :meth:`Magnetogram.sample`, instead of the mean; the
        model must give σ and the expected |B|, as farside-1 does.
    progress : callable, optional
        Called with the tiles done and their number, by models that work in tiles.

    Returns
    -------
    Magnetogram
        Line-of-sight field in gauss, (y, x), north up, with observer, quality and inputs.

    Raises
    ------
    InputError, SetError
        An image cannot be used, or the images do not belong together.
    UnknownModelError
        There is no such model, or several and none is named.

    Notes
    -----
    The method is that of the model: farside-1 is described in docs/farside-1.md, Pix2PixCC by Jeong
    et al. (2022, ApJS 262, 50). Needs the extra ``openvino`` or ``torch``.

    Examples
    --------
    >>> import farside
    >>> far = farside.generate(
    ...     ["euvi304.fts", "euvi195.fts", "euvi171.fts"],
    ...     ["aia304.fits", "aia193.fits", "aia171.fits", "hmi.fits"],
    ...     model="farside-1",
    ... )
    >>> far.field.unit, far.field.shape
    (Unit("G"), (512, 512))
    """
    from farside.model.models import Models

    known = _models_of(default_folder()) if models is None else models
    if isinstance(known, Models):
        name = model or known.default()
        engine = known.engine(name)
    else:
        engine = known
        name = model or only_model({one.recipe.name for one in engine.models().values()})
    made = generate_by(listed(observations), listed(references), name, engine, progress)
    return made if seed is None else made.sample(seed)


def synchronic_map(
    observed: Source | Observation | Iterable[Source | Observation] = (),
    generated: Source | Magnetogram | Iterable[Source | Magnetogram] = (),
    base: Source | SynchronicMap | BaseMap | None = None,
    time: Time | datetime | str | None = None,
    *,
    allow_saturating: bool = False,
) -> SynchronicMap:
    """Merge magnetograms of both sides and a base map into one map of the whole Sun.

    Parameters
    ----------
    observed : file, HDUList, Map or Observation, or several
        Full-disk line-of-sight magnetograms of HMI, MDI, SO/PHI-FDT or GONG.
    generated : file, HDUList or Magnetogram, or several
        Products of :func:`farside.generate`, or magnetograms of the AISFM archive.
    base : file, HDUList, SynchronicMap or BaseMap, optional
        Map of GONG, ADAPT or HMI, or an earlier one of ours; fills what no disk shows.
    time : astropy Time, datetime or str, optional
        Time of the map, UTC. By default that of the most recent disk.
    allow_saturating : bool
        Accept products of models whose field is clipped at a greatest strength (card AICLIP).

    Returns
    -------
    SynchronicMap
        Radial field in gauss, (row, column) on a Carrington grid, row 0 south, with source, age
        and standard deviation of each pixel.

    Raises
    ------
    InputError, SetError
        A file cannot be used, or the files do not belong together.

    Examples
    --------
    >>> import farside
    >>> sun = farside.synchronic_map(generated="far.fits")
    >>> sun.field.unit, sun.field.shape
    (Unit("G"), (180, 360))
    """
    return map_sun(
        listed(observed),
        listed(generated),
        base,
        None if time is None else Time(time),
        allow_saturating=allow_saturating,
    )


def reference_time(time: Time | datetime | str, longitude: Quantity | float) -> Time:
    """Epoch of the front-side images that belong to an observation of the far side.

    Parameters
    ----------
    time : astropy Time, datetime or str
        Time of the observation, UTC.
    longitude : Quantity or float
        Stonyhurst longitude of its observer; degrees if it is a number.

    Returns
    -------
    astropy.time.Time
        When the front side showed the disk that the observer sees at `time`.

    Notes
    -----
    Jeong et al. (2022, ApJS 262, 50), Eq. 5: longitude times 27.3 days over 360 degrees before.

    Examples
    --------
    >>> import farside
    >>> farside.reference_time("2026-11-01T00:00:00", 70).isot
    '2026-10-26T16:36:00.000'
    """
    return epoch_of(Time(time), float(Quantity(longitude, "deg").value))


def write(
    product: Magnetogram | SynchronicMap,
    path: str | Path,
    format: str | None = None,  # noqa: A002  # the word of the command line
    *,
    flux_scale: float = 1.0,
) -> Path:
    """Write a product; readers of the folder see the whole file or none.

    Parameters
    ----------
    product : Magnetogram or SynchronicMap
        What to write.
    path : path
        File, or an existing folder, in which the file gets the name of its format.
    format : str, optional
        ``"native"`` (FITS) or ``"png"``; of a map also ``"gong"``, ``"adapt"`` or ``"wsa"``. By
        default ``"png"`` for a path that ends so, else ``"native"``.
    flux_scale : float
        Factor that multiplies the field of a map in a format other than ours.

    Returns
    -------
    Path
        Where the file was written.

    Raises
    ------
    FormatError
        The product is not written in this format, the suffix of the path names none, or the path is
        the address of an object store.

    Examples
    --------
    >>> import farside
    >>> farside.write(farside.read_product("far.fits"), "far.png").name
    'far.png'
    """
    if is_address(path):
        raise FormatError(
            f"got the address {path}, expected a path; `farside generate --out` and jobs write to "
            "object stores"
        )
    path = Path(path)
    chosen = format or _format_of(path)
    file = _packed(product, chosen, flux_scale)
    return (
        file.write_to(path)
        if path.is_dir()
        else NamedFile(path.name, file.content).write_to(path.parent)
    )


def _format_of(path: Path) -> str:
    """Format by the suffix of a path; native in a folder."""
    if path.suffix.lower() == ".png":
        return "png"
    if path.is_dir() or path.suffix.lower() in FITS_SUFFIXES:
        return "native"
    raise FormatError(f"got {path.name}, expected a name in .fits or .png, or a format")


def _packed(product: Magnetogram | SynchronicMap, format: str, flux_scale: float) -> NamedFile:  # noqa: A002
    """Make the file of a product in memory, with the name of its format."""
    if isinstance(product, SynchronicMap) and format != "png":
        from farside.solarwind import pack

        return pack(product, format, flux_scale)
    if flux_scale != 1.0:
        raise FormatError(f"the flux scale is {flux_scale}, expected 1 for {format!r}")
    kind = "synchronic" if isinstance(product, SynchronicMap) else product.spacecraft.lower()
    stem = f"farside_{kind}_{product.time.utc.strftime('%Y%m%dT%H%M%S')}"
    if format == "png":
        from farside.plots.products import picture

        return NamedFile(f"{stem}.png", picture(product))
    if format == "native" and isinstance(product, Magnetogram):
        return NamedFile(f"{stem}.fits", product.to_bytes())
    raise FormatError(f"the format is {format!r}, expected 'native' or 'png' for a magnetogram")


def read_product(
    source: Source,
) -> Magnetogram | SynchronicMap | BaseMap | Observation | Boundary | Table:
    """Read a product of Farside back.

    Parameters
    ----------
    source : path, bytes, open binary file or astropy.io.fits.HDUList
        Plain or gzip.

    Returns
    -------
    Magnetogram
        Of a generated, denoised or restored magnetogram.
    SynchronicMap
        Of a map in our own format.
    BaseMap
        Of a map in the format of GONG, ADAPT or WSA.
    Observation
        Of a mean of HMI frames.
    Boundary
        Of a solar-wind boundary for EUHFORIA (``.dat``, given as a path).
    astropy.table.Table
        Of the flux curve of a tracked region: ``.csv`` or ``.ecsv`` given as a path, or the FITS
        file with its cut-outs.

    Raises
    ------
    InputError
        It is not a product of Farside, or it was altered after it was written.

    Examples
    --------
    >>> import farside
    >>> farside.read_product("far.fits")
    <Magnetogram STEREO_A 2026-02-04T21:35:23 by tiny 1>
    """
    if isinstance(source, str | Path) and Path(source).suffix in _TEXTS:
        return _read_text(Path(source))
    data, name = bytes_of(source, "", MAX_BYTES)
    with naming_errors(name or "file without a name"):
        plain = unpack(data)
        cards = primary_cards(plain)
        if native.is_synchronic_map(cards):
            return native.read(plain)
        if "INPUTDAT" in cards:
            return Magnetogram.read(plain)
        if text(cards, "CONTENT") == "REGION TRACK":
            return _table(BytesIO(plain), "fits", hdu="FLUXCURVE")
    if text(cards, "ORIGIN").startswith("Farside"):
        return read_base(data, name)
    if text(cards, "CREATOR").startswith("Farside"):
        return read_image(data, name)
    raise MissingMetadataError(
        f"{name or 'file without a name'}: no product of Farside, expected ORIGIN or CREATOR ="
        " 'Farside …'",
        (name,),
    )


_TEXTS = {".csv": "ascii.csv", ".ecsv": "ascii.ecsv", ".dat": "euhforia"}
"""Formats of products that are no FITS files, by the suffix of their path."""


def _read_text(path: Path) -> Boundary | Table:
    from farside.solarwind import euhforia

    return euhforia.read(path) if path.suffix == ".dat" else _table(path, _TEXTS[path.suffix])


def _table(source: Path | BytesIO, format: str, hdu: str | None = None) -> Table:  # noqa: A002
    from astropy.table import Table

    return Table.read(source, format=format, **({"hdu": hdu} if hdu else {}))
