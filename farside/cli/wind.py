"""``farside wind``: the solar wind at Earth from one or more maps."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farside.cli.coronal import Law, require_corona
from farside.cli.options import parse_time, progress_bar

if TYPE_CHECKING:
    from farside.corona.at_earth import Stream, WindAtEarth
    from farside.corona.wind import SolarWind
    from farside.synchronic.map import BaseMap, SynchronicMap

DAYS_AFTER = 7.0
"""Days of wind after the last map by default: what has left the Sun by then arrives in four, and
three more of the half of the map that Earth sees. A choice."""


def wind(
    maps: Annotated[
        list[Path],
        typer.Argument(
            metavar="MAP...", help="Synchronic maps of Farside, or maps of GONG, ADAPT or HMI."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    begin: Annotated[
        str | None, typer.Option("--from", help="First hour, UTC. Default: that of the first map.")
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", help="Last hour, UTC. Default: a week after the last map."),
    ] = None,
    law: Annotated[
        Law, typer.Option(help="Solar-wind speed law, and its default heights.")
    ] = "fitted",
    omni: Annotated[
        list[Path] | None,
        typer.Option(help="Hourly table of OMNI to draw beside it. Repeat for each file."),
    ] = None,
    forecast: Annotated[
        bool,
        typer.Option(
            "--forecast",
            help="Take each longitude from the last map made before it faces Earth, "
            "not from the first made after.",
        ),
    ] = False,
    members: Annotated[
        int, typer.Option(min=1, max=200, help="Members of the ensemble of the spread.")
    ] = 12,
    realisations: Annotated[
        int,
        typer.Option(
            min=0,
            max=100,
            help="Coronas of realisations of each map with generated disks, whose regions have "
            "either polarity by its probability; the members take them in turn. Each costs as much "
            "as that of the map; 0: the spread is of the path alone.",
        ),
    ] = 12,
) -> None:
    """Compute the wind at Earth: hourly table, streams, plot, and a velocity file of each map."""
    require_corona()
    import astropy.units as u
    import numpy as np

    from farside.cli.coronal import heights_of, law_of
    from farside.corona import corona
    from farside.corona.at_earth import streams, wind_at_earth
    from farside.corona.omni import read_omni
    from farside.corona.plasma import velocity_map
    from farside.io.atomic import NamedFile
    from farside.plots.wind_series import draw_wind_series
    from farside.quality import Quality
    from farside.solarwind import velocity
    from farside.synchronic.base import read_base

    heights, winds, quality = heights_of(law), [], Quality.GOOD
    drawn: list[list[SolarWind]] = []
    with progress_bar("coronas") as progress:
        for number, path in enumerate(maps, start=1):
            base = read_base(path)
            found = corona(base, law_of(law), heights).wind
            packed = velocity.pack(velocity_map(found, heights, base.name, base.quality))
            typer.echo(packed.write_to(out))
            winds.append(found)
            others = [
                corona(each, law_of(law), heights).wind
                for each in _realised(path, base, realisations)
            ]
            drawn.append(others or [found] * realisations)
            quality |= base.quality
            progress(number, len(maps))
    times = [each.time for each in winds]
    first = parse_time(begin) if begin else min(times)
    last = parse_time(end) if end else max(times) + DAYS_AFTER * u.day
    if not last > first + 1 * u.hour:
        raise typer.BadParameter(f"--to is {last.isot}, expected some hours after {first.isot}")
    made = wind_at_earth(
        winds, first, last, forecast=forecast, members=members, realised=[*zip(*drawn, strict=True)]
    )
    observed = read_omni(omni, first, len(made.speed_km_s)) if omni else None
    fast = streams(made)
    typer.echo(_write(out / "wind.csv", _WIND, _wind_rows(made)))
    typer.echo(_write(out / "streams.csv", _STREAMS, _stream_rows(fast)))
    picture = draw_wind_series(made, fast, observed, quality)
    typer.echo(NamedFile("wind.png", picture).write_to(out))
    if observed is not None and np.isfinite(observed).sum() > 1:
        known = np.isfinite(observed)
        apart = (made.speed_km_s - observed)[known]
        r = np.corrcoef(made.speed_km_s[known], observed[known])[0, 1]
        typer.echo(
            f"beside OMNI, {known.sum()} hours: r {r:.2f}, RMSE {np.sqrt(np.mean(apart**2)):.0f}"
            f" km/s, bias {apart.mean():+.0f} km/s",
            err=True,
        )


def _realised(path: Path, base: BaseMap, count: int) -> Iterator[SynchronicMap]:
    """Yield realisations of a map that has a generated part and is none itself."""
    from farside.cli.coronal import read_map

    if base.generated is None or not base.generated.any():
        return
    made = read_map(path)
    if made.seed is None:
        yield from (made.sample(seed) for seed in range(count))


_WIND = "time_utc", "speed_km_s", "polarity", "spread"
_STREAMS = "time_utc", "speed_km_s", "polarity", "longitude_deg"


def _wind_rows(made: WindAtEarth) -> Iterator[Sequence[object]]:
    import astropy.units as u
    import numpy as np

    times = (made.begin + np.arange(len(made.speed_km_s)) * u.hour).utc.isot
    for time, speed, sign, spread in zip(
        times, made.speed_km_s, made.polarity, made.spread_km_s, strict=True
    ):
        yield time[:19], f"{speed:.1f}", f"{sign:+.0f}", f"{spread:.1f}"


def _stream_rows(found: Sequence[Stream]) -> Iterator[Sequence[object]]:
    for each in found:
        yield (
            each.time.utc.isot[:19],
            f"{each.speed_km_s:.0f}",
            f"{each.polarity:+d}",
            f"{each.longitude_deg:.0f}",
        )


def _write(path: Path, names: Sequence[str], rows: Iterator[Sequence[object]]) -> Path:
    from farside.io.atomic import atomic_path

    with atomic_path(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
    return path
