"""``bentoml serve service.app:FarsideService``.

The endpoints are a Starlette application inside the BentoML service: there uploads are parsed in
memory, while BentoML's own file parameters write each to disk and fetch addresses.
"""

from __future__ import annotations

import gc
import logging

import bentoml
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from farside.model.engine import Engine
from service import connection, metric_files, supervisor
from service.job_runner import JobRunner, check_archives
from service.keys import KeyCheck, Keys
from service.logs import configure
from service.metrics import Metrics
from service.middleware import ErrorEnvelope
from service.routes import ENDPOINTS, ROUTES
from service.settings import LONGEST_S, Settings, SettingsError, from_environment
from service.shutdown import GracefulShutdown
from service.starting import starting
from service.tracing import tracing
from service.worker import Worker

try:
    SETTINGS = from_environment()  # here already: BentoML wants to know how many workers to start
    KEYS = Keys(SETTINGS)
    check_archives(SETTINGS)
except SettingsError as error:
    raise SystemExit(f"farside: {error}") from error

log = logging.getLogger("farside.service")

connection.install()
metric_files.install()
supervisor.install()

http = Starlette(routes=ROUTES)


def endpoints_first(framework: ASGIApp) -> ASGIApp:
    """Answer the addresses of :data:`ROUTES` before BentoML, some of which it has as well."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        own = scope["type"] == "http" and any(r.path_regex.match(scope["path"]) for r in ROUTES)
        await (http if own else framework)(scope, receive, send)

    return answer


def open_engine(settings: Settings) -> Engine:
    """Open the engine that the settings ask for."""
    if settings.triton_url:
        from farside.model.engines.triton import TritonEngine

        return TritonEngine(
            settings.triton_url, slots=settings.triton_requests, deadline_s=settings.deadline_s
        )
    from farside.model.engines import embedded

    return embedded(
        settings.model_repository,
        settings.threads,
        settings.precision,
        settings.winograd,
        settings.model_names,
    )


class Farside:
    """Far-side magnetograms: FITS files in, FITS file out."""

    def __init__(self) -> None:
        configure(SETTINGS.log_format)
        with starting():
            self._worker = Worker(SETTINGS, open_engine(SETTINGS), Metrics())
            http.state.worker = self._worker
            GracefulShutdown(self._worker)
            if not SETTINGS.triton_url:  # a server's models may come later
                self._worker.check_default_model()
            self._worker.warm_up()
            jobs = self._worker.jobs
            self._runner = None if jobs is None else JobRunner(self._worker, jobs)
        log.info("%s", KEYS)
        gc.collect()
        gc.freeze()  # what is loaded stays: a collection after a request need not look at it

    async def __is_ready__(self) -> bool:
        """Whether new work is taken and every model has answered; drives ``/readyz``."""
        return not self._worker.stopping and await run_in_threadpool(self._worker.engine.ready)

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]  # bentoml gives it no type
    def close(self) -> None:
        """Finish what runs and release the engine."""
        if self._runner:
            self._runner.close()
        self._worker.close()


FarsideService = bentoml.service(
    name="farside",
    workers=SETTINGS.workers,
    traffic={"timeout": 2 * LONGEST_S + 60},  # the time limits of the settings come first
    metrics={"enabled": False},  # labelled with any path a client asks for; ours stand in for them
    logging={"access": {"enabled": False}},  # ours says more
    tracing=tracing(SETTINGS),
)(Farside)
FarsideService.add_asgi_middleware(
    ErrorEnvelope, worker=lambda: http.state.worker, endpoints=ENDPOINTS
)
FarsideService.add_asgi_middleware(KeyCheck, keys=KEYS)
FarsideService.add_asgi_middleware(endpoints_first)
