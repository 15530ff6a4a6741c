"""What one worker process holds, and how a request passes through it.

The story of :mod:`farside.pipeline` in stages with threads of their own: while the network runs,
the files of the next request are read and registered and the product of the last is written. A map
of the Sun is merged in a stage of its own, beside them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from farside.engine import Engine, Model, find_model
from farside.errors import (
    EngineUnavailableError,
    OverloadedError,
    RequestError,
    StoppingError,
)
from farside.magnetogram import Magnetogram
from farside.pipeline import map_sun, prepare
from farside.solarwind import pack
from farside.stack import Stack
from farside.synchronicmap import SynchronicMap
from farside.vitals import vitals
from farside.wholefile import NamedFile
from service.company import Company
from service.forms import Format, GenerateForm, SynchronicForm
from service.gpu import Gpus
from service.metrics import Metrics, State
from service.record import Record, lines_of, lines_of_map
from service.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

LOOK_S = 2.0
"""How long a scrape waits for an engine that is slow to say whether it is ready, a choice."""

IDLE_S = 0.1
"""How often a worker that stops looks whether all is done, a choice."""


class Stage:
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
        return await asyncio.shield(running)

    def close(self) -> None:
        """Let the threads finish what they do."""
        self._threads.shutdown()


class Worker:
    """One engine, the stages around it, and the places of those who wait.

    Attributes
    ----------
    taken
        How many places are.
    stopping
        Whether new work is refused.
    """

    def __init__(self, settings: Settings, engine: Engine, metrics: Metrics) -> None:
        self.settings = settings
        self.engine = engine
        self.metrics = metrics
        self.taken = 0
        self.stopping = False
        self._gpus = Gpus()
        self._looking: asyncio.Task[tuple[bool, Mapping[str, Model]]] | None = None
        metrics.places.set(settings.queue_size + 1)
        self._prepare = Stage("prepare", settings.prepare_threads, metrics)
        # In this process always the same thread: OpenMP keeps a team of threads for every thread
        # that calls it.
        at_once = settings.triton_requests if settings.triton_url else 1
        self._infer = Stage("infer", at_once, metrics)
        self._company = Company(engine, metrics)
        self._merge = Stage("merge", 1, metrics)
        # One at a time: matplotlib is not made for several threads.
        self._write = Stage("write", 1, metrics)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places of this worker, from before the upload to the answer.

        Raises
        ------
        StoppingError, OverloadedError
            The worker is about to end; all are taken.
        """
        if self.stopping:
            raise StoppingError("the service is stopping; try again, another one may answer")
        places = self.settings.queue_size + 1
        if self.taken >= places:
            raise OverloadedError(f"all {places} places of the queue are taken; try again later")
        self.taken += 1
        try:
            with self.metrics.in_flight.track_inprogress():
                yield
        finally:
            self.taken -= 1

    async def idle(self) -> None:
        """Wait until no place is taken."""
        while self.taken:
            await asyncio.sleep(IDLE_S)

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
        loaded = list(dict.fromkeys(m.recipe.name for m in self.engine.models().values()))
        if len(loaded) != 1:
            names = ", ".join(loaded) or "none, as none is loaded"
            raise RequestError(f"no field 'model' in the form, wanted one of {names}")
        return find_model(self.engine, *loaded)

    async def generate(self, form: GenerateForm, model: Model) -> tuple[Magnetogram, bytes]:
        """Make the magnetogram of a form, and the file that it asks for."""
        try:
            stack, magnetogram = await self._translated(form, model)
        except EngineUnavailableError:
            newer = await asyncio.to_thread(self.model, form.model)
            if newer == model:
                raise
            # Triton took up another version meanwhile and let go of this one.
            stack, magnetogram = await self._translated(form, newer)
        return magnetogram, await self._write.run(self._written, magnetogram, stack, form.format)

    async def _translated(self, form: GenerateForm, model: Model) -> tuple[Stack, Magnetogram]:
        stack = await self._prepare.run(
            prepare, form.observation, form.reference, model.recipe, self.metrics.timed
        )
        with self._company.seat(stack, model) as seat:
            return stack, await self._infer.run(self._company.serve, seat)

    def _written(self, magnetogram: Magnetogram, stack: Stack, kind: Format) -> bytes:
        with self.metrics.timed("write"):
            content = write(magnetogram, kind)
        with self.metrics.timed("vitals"):
            self.metrics.products.add(magnetogram, vitals(magnetogram, stack))
        record = Record.current()
        record.inputs, record.quality = lines_of(magnetogram.inputs), magnetogram.quality.names()
        return content

    async def state(self) -> State:
        """Look at what is so now; an engine that is slow to say it is ready is not."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(asyncio.to_thread(self._look))
        done, _ = await asyncio.wait({self._looking}, timeout=LOOK_S)
        ready, models = self._looking.result() if done else (False, {})
        gpus = await asyncio.to_thread(self._gpus.read)
        return State(ready, (self.engine.name, self.engine.precision), models, gpus)

    def _look(self) -> tuple[bool, Mapping[str, Model]]:
        try:
            return self.engine.ready(), self.engine.models()
        except EngineUnavailableError:
            return False, {}

    async def synchronic(self, form: SynchronicForm) -> tuple[SynchronicMap, NamedFile]:
        """Make the map of a form, and the file that it asks for."""
        made = await self._merge.run(self._merged, form)
        return made, await self._write.run(self._packed, made, form)

    def _merged(self, form: SynchronicForm) -> SynchronicMap:
        with self.metrics.timed("merge"):
            return map_sun(
                form.observed,
                form.generated,
                form.base,
                form.time,
                allow_saturating=form.allow_saturating,
            )

    def _packed(self, made: SynchronicMap, form: SynchronicForm) -> NamedFile:
        with self.metrics.timed("write"):
            file = pack(made, form.format, form.flux_scale)
        self.metrics.maps.add(made, form.format)
        record = Record.current()
        record.inputs, record.quality = lines_of_map(made.sources), made.quality.names()
        return file

    def close(self) -> None:
        """Finish what runs and release the engine."""
        for stage in (self._prepare, self._infer, self._merge, self._write):
            stage.close()
        self.engine.close()
        self.metrics.close()


def write(magnetogram: Magnetogram, kind: Format) -> bytes:
    """Make the FITS product, or a picture of it."""
    if kind is Format.FITS:
        return magnetogram.to_bytes()
    from farside.quicklook import render  # matplotlib takes a second to import

    return render(magnetogram)
