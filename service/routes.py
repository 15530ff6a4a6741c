"""The endpoints."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from farside.errors import DeadlineError, UnknownJobError
from farside.job import JobFailure
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.engine import Model
from farside.quality import Quality
from service.archive_api import ARCHIVE_ROUTES, PAGE_ROUTES
from service.errors import ClientGoneError, error_of
from service.job_request import FilesRequest, JobRequest, parse_body, repeat_key
from service.job_store import JobStore, Submission
from service.metrics import CONTENT_TYPE
from service.multipart import F, Upload, announced_bytes, read_form, read_small
from service.openapi import client_schema, document
from service.schemas import Format, GenerateForm, SynchronicForm
from service.settings import Settings
from service.worker import Worker

T = TypeVar("T")

MEDIA_TYPES = {Format.FITS: "application/fits", Format.PNG: "image/png"}

JSON = "application/json"


async def generate(request: Request) -> Response:
    """``POST /generate``: the files of one set in, a magnetogram out."""
    worker, client = _worker(request), _client(request)
    async with _form(request, GenerateForm) as form:
        model = await run_in_threadpool(worker.model, form.model)
        request.state.model = model.recipe.name
        magnetogram, content = await _in_time(
            worker.generate(form, model, client), request, worker.settings.deadline_s
        )
    return Response(
        content,
        media_type=MEDIA_TYPES[form.format],
        headers=product_headers(magnetogram, form.format),
    )


async def synchronic(request: Request) -> Response:
    """``POST /synchronic``: disks and a base map in, one map of the whole Sun out."""
    worker, client = _worker(request), _client(request)
    async with _form(request, SynchronicForm) as form:
        made, file = await _in_time(
            worker.synchronic(form, client), request, worker.settings.deadline_s
        )
    # The packing of a file is part of it, not of its journey: no Content-Encoding.
    kind = "application/gzip" if file.name.endswith(".gz") else MEDIA_TYPES[Format.FITS]
    headers = {"X-Farside-Quality": _quality(made.quality)} | _attachment(file.name)
    return Response(file.content, media_type=kind, headers=headers)


async def submit(request: Request) -> JSONResponse:
    """``POST /jobs``: the form of ``/generate`` or a JSON object in, the state of a job out."""
    worker, _ = _worker(request), _jobs(request)
    if request.headers.get("content-type", "").partition(";")[0].strip() == JSON:
        with worker.admit(_client(request)):
            asked = parse_body(await read_small(request, worker.settings), worker.settings)
            return await _submitted(request, asked, ())
    async with _form(request, GenerateForm) as form:
        return await _submitted(request, FilesRequest.of(form), form.files())


async def _submitted(request: Request, asked: JobRequest, files: Sequence[Upload]) -> JSONResponse:
    await run_in_threadpool(_worker(request).model, asked.model)  # refuses an unknown one
    key = repeat_key(request.headers)
    # Of each API key its own: another client that sends the same gets no job of this one.
    key = key and f"{getattr(request.state, 'key', '')} {key}"
    given = Submission(asked, files, _client(request), request.state.request_id, key)
    taken = await run_in_threadpool(_jobs(request).submit, given)
    # Relative, for a service behind a proxy below a path of its own.
    place = "" if request.scope["raw_path"].endswith(b"/") else "jobs/"
    return JSONResponse(taken.model_dump(mode="json"), 202, {"Location": f"{place}{taken.id}"})


async def job(request: Request) -> Response:
    """``GET /jobs/{id}``: state of a job; ``DELETE``: cancel it, or drop its result."""
    jobs, name = _jobs(request), request.path_params["id"]
    if request.method == "DELETE":
        await run_in_threadpool(jobs.remove, name)
        return Response(status_code=204)
    found = await run_in_threadpool(jobs.status, name)
    return JSONResponse(found.model_dump(mode="json"))


async def job_result(request: Request) -> Response:
    """``GET /jobs/{id}/result``: what ``/generate`` would have answered."""
    found = await run_in_threadpool(_jobs(request).result, request.path_params["id"])
    if isinstance(found, JobFailure):
        raise error_of(found)
    return FileResponse(found.path, headers=dict(found.headers), media_type=found.media_type)


async def models(request: Request) -> JSONResponse:
    """``GET /models``: identity and Recipe of each loaded model."""
    loaded = await run_in_threadpool(_worker(request).engine.models)
    return JSONResponse({"models": [_card(model) for model in loaded.values()]})


async def metrics(request: Request) -> Response:
    """``GET /metrics``: the numbers of all workers."""
    worker = _worker(request)
    text = await run_in_threadpool(worker.metrics.text, await worker.state())
    return Response(text, media_type=CONTENT_TYPE)


async def docs(request: Request) -> Response:
    """``GET /openapi.json``, and ``/docs.json`` as BentoML calls it: OpenAPI."""
    return Response(_described(_worker(request).settings), media_type=JSON)


@lru_cache(maxsize=1)
def _described(settings: Settings) -> bytes:
    """OpenAPI document, which takes 66 ms to make and needs no key."""
    return json.dumps(document(settings)).encode()


async def schema(_: Request) -> JSONResponse:
    """``GET /schema.json``: the endpoints, for BentoML's client."""
    return JSONResponse(client_schema())


ROUTES = [
    Route("/generate", generate, methods=["POST"]),
    Route("/synchronic", synchronic, methods=["POST"]),
    Route("/jobs", submit, methods=["POST"]),
    Route("/jobs/{id}", job, methods=["GET", "DELETE"]),
    Route("/jobs/{id}/result", job_result),
    Route("/models", models),
    Route("/metrics", metrics),
    Route("/openapi.json", docs),
    Route("/docs.json", docs),
    Route("/schema.json", schema),
    *ARCHIVE_ROUTES,
    *PAGE_ROUTES,
]

ENDPOINTS = frozenset({route.path for route in ROUTES} | {"/livez", "/readyz"})


@asynccontextmanager
async def _form(request: Request, kind: type[F]) -> AsyncIterator[F]:
    """Let a request in and read its form, which is in memory until the end of the block."""
    worker, client = _worker(request), _client(request)
    with worker.admit(client):
        announced = announced_bytes(request, worker.settings)
        async with worker.memory(client, announced) as came_to:
            with worker.metrics.timed("upload"):
                form = await read_form(request, worker.settings, kind)
            came_to(form.size_bytes())
            yield form


def _client(request: Request) -> str:
    """Name of a client's API key, or its address; behind a trusted proxy, the one it forwards."""
    address = request.client.host if request.client else ""
    return getattr(request.state, "key", "") or address


async def _in_time(work: Coroutine[Any, Any, T], request: Request, deadline_s: float) -> T:
    """Do `work` while the client is there and the deadline has not passed; else give it up."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_disconnect(request))
    done: set[asyncio.Future[Any]] = set()
    try:
        done, _ = await asyncio.wait(
            {task, gone}, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED
        )
        if task in done:
            return task.result()
        if gone in done:
            raise ClientGoneError("the client left before its answer")
        raise DeadlineError(f"no answer within {deadline_s:g} s after the upload; try again later")
    finally:
        task.cancel()
        gone.cancel()
        # The traceback of an error keeps this frame: it must not keep the error, and its images.
        del task, gone, done


async def _disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def product_headers(magnetogram: Magnetogram, kind: Format) -> dict[str, str]:
    """Headers of the answer that holds a product: model, quality and file name."""
    made_by = magnetogram.generator
    time = magnetogram.time.strftime("%Y%m%dT%H%M%S")
    name = f"farside_{magnetogram.spacecraft}_{time}_{made_by.model}.{kind}"
    return {
        "X-Farside-Model": f"{made_by.model} {made_by.version}",
        "X-Farside-Identity": made_by.identity,
        "X-Farside-Quality": _quality(magnetogram.quality),
    } | _attachment(name)


def _quality(quality: Quality) -> str:
    return " ".join((str(int(quality)), *quality.names()))


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _card(model: Model) -> dict[str, Any]:
    return {"identity": model.identity} | model.recipe.model_dump(mode="json")


def _jobs(request: Request) -> JobStore:
    jobs = _worker(request).jobs
    if jobs is None:
        raise UnknownJobError("there are no jobs here: FARSIDE_JOBS names no folder for them")
    return jobs


def _worker(request: Request) -> Worker:
    worker: Worker = request.app.state.worker
    return worker
