"""State of one worker process, and the way of a request through it.

The story of :mod:`farside.pipeline` in stages with threads of their own: while the network runs,
the files of the next request are read and registered and the product of the last is written. A map
of the Sun is merged beside them, in a process that is ended at the deadline.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from farside.errors import (
    EngineUnavailableError,
    OverloadedError,
    RequestError,
    StoppingError,
)
from farside.evaluation.monitoring import product_statistics
from farside.io.atomic import NamedFile
from farside.magnetogram.magnetogram import Magnetogram
from farside.magnetogram.stack import Stack
from farside.model.engine import Engine, Model, Tensor, find_model
from farside.pipeline import prepare
from farside.progress import Timer
from farside.synchronic.map import SynchronicMap
from service.admission import FairSemaphore, Permit
from service.batching import Batcher
from service.gpu import GpuReader
from service.job_store import JobStore
from service.maps import make_map
from service.metrics import Metrics, Snapshot
from service.process import Process
from service.request_log import RequestLog, input_lines, map_input_lines
from service.schemas import Format, GenerateForm, SynchronicForm
from service.settings import Settings
from service.unpacked import check_unpacked

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("farside.service")

READY_TIMEOUT_S = 2.0
"""How long a scrape waits for an engine that is slow to say whether it is ready, a choice."""

IDLE_POLL_S = 0.1
"""How often a worker that stops looks whether all is done, a choice."""


class ThreadStage:
    """Threads that do one kind of work, first come, first served.

    Parameters
    ----------
    name
        As in the metrics of those who wait.
    threads
        How many pieces of work run side by side.
    """

    def __init__(self, name: str, threads: int, metrics: Metrics) -> None:
        self._name = name
        self._metrics = metrics
        self._turns = asyncio.Semaphore(threads)
        self._threads = ThreadPoolExecutor(threads, name)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Wait for a turn, work in a thread. The work times itself.

        Cancelled while it waits, it gives up its place. Cancelled while the thread works, the
        thread finishes, its result is dropped, and only then is it the turn of the next.
        """
        with self._metrics.queued(self._name):
            await self._turns.acquire()

        here = copy_context()  # the thread shall know which request it works for
        running = asyncio.get_running_loop().run_in_executor(
            self._threads, partial(here.run, work, *args, **kwargs)
        )
        running.add_done_callback(lambda _: self._turns.release())
        try:
            return await asyncio.shield(running)
        finally:
            del running  # the traceback of its error keeps this frame

    def close(self) -> None:
        """Let the threads finish what they do."""
        self._threads.shutdown()


class Worker:
    """One engine, the stages around it, and the places of those who wait.

    Attributes
    ----------
    stopping
        Whether new work is refused.
    jobs
        Jobs and their results; None where the settings name no folder for them.
    job_runs
        Whether this worker runs a job, which must be put back before it ends.
    """

    def __init__(self, settings: Settings, engine: Engine, metrics: Metrics) -> None:
        self.settings = settings
        self.engine = engine
        self.metrics = metrics
        self.stopping = False
        self.jobs = None if settings.jobs is None else JobStore(settings.jobs, settings)
        self.job_runs = False
        self._inside: Counter[str] = Counter()
        self._memory = FairSemaphore((settings.queue_size + 1) * settings.max_upload_bytes)
        self._slots = FairSemaphore(settings.queue_size + 1)
        self._gpus = GpuReader()
        self._looking: asyncio.Task[tuple[bool, Mapping[str, Model]]] | None = None
        metrics.places.set(max_requests(settings))
        self._prepare = ThreadStage("prepare", settings.prepare_threads, metrics)
        # In this process always the same thread: OpenMP keeps a team of threads for every thread
        # that calls it.
        at_once = settings.triton_requests if settings.triton_url else 1
        self._infer = ThreadStage("infer", at_once, metrics)
        self._batcher = Batcher(engine, metrics)
        self._merge = ThreadStage("merge", 1, metrics)
        self._map_maker = Process(make_map.__module__, settings.log_format)
        # One at a time: matplotlib is not made for several threads.
        self._write = ThreadStage("write", 1, metrics)

    def check_default_model(self) -> None:
        """Warn if the model of requests that name none is not loaded."""
        name, loaded = self.settings.default_model, self._loaded()
        if name and name not in loaded:
            log.warning(
                "FARSIDE_DEFAULT_MODEL is %s, expected one of the loaded models, %s: requests that "
                "name no model are refused",
                name,
                ", ".join(loaded) or "none",
            )

    def warm_up(self) -> None:
        """Start the process that makes maps, before the first map is asked for."""
        self._map_maker.start()

    @property
    def in_flight(self) -> int:
        """How many requests are let in and not yet answered."""
        return self._inside.total()

    @contextmanager
    def admit(self, client: str) -> Iterator[None]:
        """Count a request in, from its head to its answer.

        Raises
        ------
        StoppingError, OverloadedError
            The worker is about to end; it has as many requests as it may have, or of this client.
        """
        if self.stopping:
            raise StoppingError("the service is stopping; try again, another one may answer")
        if self.in_flight >= max_requests(self.settings):
            raise OverloadedError(f"{self.in_flight} requests wait or run already; try again later")
        most = self.settings.queue_size + 1 + self.settings.waiting // 2
        if self._inside[client] >= most:
            raise OverloadedError(f"{most} requests of this client wait or run; try again later")
        self._inside[client] += 1
        try:
            with self.metrics.in_flight.track_inprogress():
                yield
        finally:
            self._inside[client] -= 1
            self._inside += Counter()  # without those that have none

    @asynccontextmanager
    async def memory(self, client: str, size: int) -> AsyncIterator[Callable[[int], None]]:
        """Hold memory for a body, from before its upload to the answer.

        Gives what is told the true size once it is known.

        Raises
        ------
        OverloadedError
            None came free in time.
        """
        async with self._queued(self._memory, "upload", client, size) as permit:
            yield partial(self._memory.reduce, permit)

    @asynccontextmanager
    async def _queued(
        self, share: FairSemaphore, stage: str, client: str, amount: int
    ) -> AsyncIterator[Permit]:
        async with AsyncExitStack() as held:
            try:
                with self.metrics.queued(stage):
                    async with asyncio.timeout(self.settings.patience_s):
                        permit = await held.enter_async_context(share.permit(client, amount))
            except TimeoutError as error:
                raise OverloadedError(
                    f"{self.settings.patience_s:g} s in line were not enough; try again later"
                ) from error
            yield permit

    async def idle(self) -> None:
        """Wait until every request is answered, and the job that runs is put back."""
        while self.in_flight or self.job_runs:
            await asyncio.sleep(IDLE_POLL_S)

    def model(self, name: str | None) -> Model:
        """Find the model that a request names, or the default.

        Raises
        ------
        RequestError
            None is named and there is no default.
        UnknownModelError
            No such model is loaded.
        """
        wanted = name or self.settings.default_model
        if wanted:
            return find_model(self.engine, wanted)
        loaded = self._loaded()
        if len(loaded) != 1:
            names = ", ".join(loaded) or "none, as none is loaded"
            raise RequestError(f"no field 'model' in the form, expected one of {names}")
        return find_model(self.engine, *loaded)

    def _loaded(self) -> list[str]:
        """Names of the loaded models."""
        return list(dict.fromkeys(m.recipe.name for m in self.engine.models().values()))

    async def generate(
        self, form: GenerateForm, model: Model, client: str
    ) -> tuple[Magnetogram, bytes]:
        """Make the magnetogram of a form, and the file that it asks for."""
        async with self._queued(self._slots, "place", client, 1):
            try:
                stack, magnetogram = await self._translated(form, model)
            except EngineUnavailableError:
                newer = await asyncio.to_thread(self.model, form.model)
                if newer == model:
                    raise
                # Triton took up another version meanwhile and let go of this one.
                stack, magnetogram = await self._translated(form, newer)
            return await self.pack(magnetogram, stack, form.format, form.seed)

    async def _translated(self, form: GenerateForm, model: Model) -> tuple[Stack, Magnetogram]:
        stack = await self._prepare.run(self._prepared, form, model, self.metrics.timed)
        with self._batcher.pending(stack, model) as pending:
            return stack, await self._infer.run(self._batcher.run, pending)

    async def register(self, form: GenerateForm, model: Model, client: str, timer: Timer) -> Stack:
        """Read and register the files of a job, in a place like that of a request."""
        async with self._queued(self._slots, "place", client, 1):
            return await self._prepare.run(self._prepared, form, model, timer)

    async def infer(self, model: str, tensor: Tensor) -> Tensor:
        """Run one forward of a job, in its turn among those of the requests."""
        return await self._infer.run(self.engine.infer, model, tensor)

    async def pack(
        self, made: Magnetogram, stack: Stack, kind: Format, seed: int | None
    ) -> tuple[Magnetogram, bytes]:
        """Make the file of a product or of its realisation, and count it."""
        return await self._write.run(self._written, made, stack, kind, seed)

    def _prepared(self, form: GenerateForm, model: Model, timer: Timer) -> Stack:
        check_unpacked(form.files())
        return prepare(form.observation, form.reference, model.recipe, timer)

    def _written(
        self, made: Magnetogram, stack: Stack, kind: Format, seed: int | None
    ) -> tuple[Magnetogram, bytes]:
        with self.metrics.timed("write"):
            magnetogram = made if seed is None else made.sample(seed)
            content = write(magnetogram, kind)
        with self.metrics.timed("vitals"):
            self.metrics.products.add(made, product_statistics(made, stack))
        record = RequestLog.current()
        record.inputs, record.quality = input_lines(magnetogram.inputs), magnetogram.quality.names()
        return magnetogram, content

    async def state(self) -> Snapshot:
        """Look at what is so now; an engine that is slow to say it is ready is not."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(asyncio.to_thread(self._look))
        done, _ = await asyncio.wait({self._looking}, timeout=READY_TIMEOUT_S)
        ready, models = self._looking.result() if done else (False, {})
        gpus = await asyncio.to_thread(self._gpus.read)
        jobs = await asyncio.to_thread(self.jobs.counts) if self.jobs else None
        return Snapshot(ready, (self.engine.name, self.engine.precision), models, gpus, jobs)

    def _look(self) -> tuple[bool, Mapping[str, Model]]:
        try:
            return self.engine.ready(), self.engine.models()
        except EngineUnavailableError:
            return False, {}

    async def synchronic(
        self, form: SynchronicForm, client: str
    ) -> tuple[SynchronicMap, NamedFile]:
        """Make the map of a form, and the file that it asks for."""
        async with self._queued(self._slots, "place", client, 1):
            return await self._merge.run(self._merged, form)

    def _merged(self, form: SynchronicForm) -> tuple[SynchronicMap, NamedFile]:
        with self.metrics.timed("merge"):
            made, file = self._map_maker.call(self.settings.deadline_s, make_map, form)
        names = {model.recipe.name for model in self.engine.models().values()}
        self.metrics.maps.add(made, form.format, names)
        record = RequestLog.current()
        record.inputs, record.quality = map_input_lines(made.sources), made.quality.names()
        return made, file

    def close(self) -> None:
        """Finish what runs and release the engine."""
        self._map_maker.close()  # every request is answered: nobody waits for what it still does
        for stage in (self._prepare, self._infer, self._merge, self._write):
            stage.close()
        self.engine.close()
        if self.jobs:
            self.jobs.close()
        self.metrics.close()


def max_requests(settings: Settings) -> int:
    """How many requests a worker lets in: those in line, those that wait and the one that runs."""
    return settings.waiting + settings.queue_size + 1


def write(magnetogram: Magnetogram, kind: Format) -> bytes:
    """Make the FITS product, or a picture of it."""
    if kind is Format.FITS:
        return magnetogram.to_bytes()
    from farside.plots.magnetogram import render  # matplotlib takes a second to import

    return render(magnetogram)
