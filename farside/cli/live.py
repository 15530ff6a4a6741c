"""``farside live``: keep an archive up to date from the public archives, unattended."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farside.cli.fetch import check_archives
from farside.cli.watch import exit_on_error, log_start, open_producer, stop_on_signal

if TYPE_CHECKING:
    from farside.fetch.archives import Archives
    from farside.live.settings import LiveSettings

_log = logging.getLogger("farside.live")


def live(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", dir_okay=False, help="TOML file, see docs/live.md.")
    ],
    once: Annotated[bool, typer.Option("--once", help="Run one round, and end.")] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Only check the configuration, and say whether each archive answers."
        ),
    ] = False,
) -> None:
    """Fetch, make, file and drop what is due, until stopped; catch up after any outage.

    Exit code 0: done, or stopped by a signal; 1: error; 75: the service or a disk is unreachable,
    or another process is writing to the archive: try later; 78: an invalid configuration or no such
    model.
    """
    from farside.archive.store import open_archive
    from farside.archive.watch import watch as keep_watching
    from farside.live.live import Live
    from farside.live.metrics import LiveMetrics, serving

    with stop_on_signal() as stop, exit_on_error():
        settings, archives = _configuration(config)
        if check:
            check_archives(archives, settings.cache)
            return
        metrics = LiveMetrics()
        with (
            serving(metrics, settings.metrics),
            open_archive(settings.archive) as archive,
            open_producer(settings.server, settings.model, settings.repository) as producer,
        ):
            running = Live(settings, archive, producer, archives, stop, metrics)
            where = f"of {', '.join(settings.spacecraft)} into {settings.archive}"
            log_start(
                "live", where, settings.server, settings.model, settings.repository,
                settings.cadence_minutes,
            )  # fmt: skip
            if once:
                running.run_round()
            else:
                keep_watching(running.run_round, settings.every_s, stop, metrics.write_unreachable)
            _log.info("end of live%s", ": stopped by a signal" if stop.is_set() else "")


def _configuration(path: Path) -> tuple[LiveSettings, Archives]:
    from farside.fetch.archives import load_archives
    from farside.live.settings import check_coverage, load_settings

    settings = load_settings(path)
    archives = load_archives(settings.archives, settings.mirror)
    check_coverage(settings, archives)
    return settings, archives
