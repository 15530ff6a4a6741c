"""Two checkouts of Farside measured in turn: ``python -m benchmarks.versions BEFORE [PART …]``.

BEFORE is another checkout with its environment in ``.venv``. Both get the same files and requests;
runs alternate, and each figure is the median of its runs. A part is a table in Markdown, in which a
ratio above 1 is a gain of this checkout. Inputs are made once, in a folder that is kept.
"""

from __future__ import annotations

import argparse
import math
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from astropy.time import Time

from benchmarks.archive import (
    CADENCE,
    QUERIES,
    SERIES,
    SLOTS_OF_A_DECADE,
    START,
    write_decade,
    write_files,
)
from benchmarks.checkouts import Checkout, Cost, Service
from benchmarks.load import Request, connect, post, request_of, run_clients
from farside.archive.index import FILE_NAME
from farside.simulation import SimulatedSet, write_set

ROOT = Path(__file__).resolve().parents[1]
MODEL = "pix2pixcc-demo"
RECIPE = f"training/recipes/{MODEL}.toml"
TIME, LONGITUDE_DEG = Time("2026-11-01T00:00:00"), 70.0
PASSES = 3

Found = dict[str, dict[str, list[float]]]
"""Figures of all runs, by what was measured, then by contestant."""


@dataclass(frozen=True)
class Bench:
    """Contestants and the amount of work.

    Attributes
    ----------
    folder
        Inputs that are made once.
    requests
        Requests of each number of clients, by size of the files.
    files
        Number of files in the drop folder.
    steps
        Lengths of two training runs; their difference has neither start nor validation.
    """

    before: Checkout
    now: Checkout
    folder: Path
    rounds: int = 3
    clients: tuple[int, ...] = (1, 2, 4, 8)
    requests: tuple[tuple[str, int], ...] = (("native", 16), ("small", 64))
    files: int = 10_000
    steps: tuple[int, int] = (5, 65)

    def turns(self) -> Iterator[Checkout]:
        """Both checkouts in turn, as often as there are rounds."""
        for _ in range(self.rounds):
            yield from (self.before, self.now)

    def simulated(self, size: str) -> SimulatedSet:
        """The seven files of a size."""
        folder = self.folder / size
        if not folder.exists():
            write_set(folder, TIME, LONGITUDE_DEG, size=size)
        observations = tuple(sorted(folder.glob("*eu?.fts")))
        references = tuple(sorted(set(folder.glob("*.f*ts")) - set(observations)))
        (truth,) = (folder / "truth").iterdir()
        return SimulatedSet(observations, references, truth)

    def repository(self, checkout: Checkout) -> Path:
        """A repository of a checkout's demonstration model alone."""
        link = self.folder / f"{checkout.name}-repository" / MODEL
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(checkout.root / "model_repository" / MODEL)
        return link.parent


def start(bench: Bench) -> Found:
    """Import, a first product by the command line, and the service until its first answer."""
    files = bench.simulated("small")
    request = request_of(files)
    found = _found()
    with TemporaryDirectory() as folder:
        generate = [
            "-m",
            "farside.cli",
            "generate",
            "--model",
            MODEL,
            "--out",
            f"{folder}/far.fits",
        ]
        generate += [f"--observation={path}" for path in files.observations]
        generate += [f"--reference={path}" for path in files.references]
        programs = {
            "`import farside`": ["-c", "import farside"],
            "`import farside.pipeline`": ["-c", "import farside.pipeline"],
            "`farside generate`, small files": generate,
        }
        for number, checkout in enumerate(bench.turns()):
            for what, arguments in programs.items():
                if number < 2:
                    checkout.python(*arguments)  # byte code, and the cache of files
                _note(found, what, checkout, checkout.python(*arguments))
            settings = {"model_repository": bench.repository(checkout)}
            with checkout.serving(Path(folder) / str(number), **settings) as service:
                _note_service(found, checkout.name, service, request)
    return found


def _note_service(found: Found, name: str, service: Service, request: Request) -> None:
    with connect(service.url) as client:
        load = run_clients(service.url, request, 1, 1)
        if post(client, request) != "200":
            raise RuntimeError(f"the service of {name} gave no product")
    figures = {
        "the service until it is ready, s": service.ready_s,
        "the same, processor s": service.ready_processor_s,
        "its first answer, s": float(load.latencies_s[0]),
        "its memory after two answers, MB": service.memory_mb(),
    }
    for what, value in figures.items():
        found[what][name].append(value)


_READ = """
import json, sys, time
from pathlib import Path
clock, step, passes, *named = sys.argv[1:]
if clock == "processor":
    time.perf_counter = time.process_time
import benchmarks.preprocessing as benchmark
step, passes = getattr(benchmark, step), int(passes)
files = [(name, Path(path)) for name, path in (each.split("=", 1) for each in named)]
step(*files[0], {})
times, found = {}, {}
for name, path in files * passes:
    step(name, path, times)
for (_, what), seconds in times.items():
    found[what] = found.get(what, 0) + seconds / passes
print(json.dumps(found))
"""

_PREPARE = """
import sys
from pathlib import Path
from farside.pipeline import prepare
try:
    from farside.model.recipe import Recipe
except ImportError:
    from farside.recipe import Recipe
recipe, count, *files = sys.argv[1:]
files = [Path(each) for each in files]
prepare(files[:int(count)], files[int(count):], Recipe.from_toml(Path(recipe).read_text()))
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6)
"""


def files(bench: Bench) -> Found:
    """Seven files of native size to network input, and the memory of that."""
    native = bench.simulated("native")
    paths = [*native.observations, *native.references]
    named = [f"{_instrument(path)}={path}" for path in paths]
    runs = [
        (bench.before, "before", "by_farside", PASSES),
        (bench.now, "now", "by_farside", PASSES),
    ]
    runs += [(bench.now, "astropy", "by_astropy", PASSES)]
    once = [(bench.now, "SunPy", "by_sunpy", 1)]
    found = _found()
    for number, clock in product(range(bench.rounds), ("wall", "processor")):
        for checkout, name, step, passes in runs + (once if number == 0 else []):
            steps = checkout.answer(_READ, clock, step, passes, *named)
            unit = "s" if clock == "wall" else "processor s"
            for what, seconds in steps.items():
                found[f"{what}, {unit}"][name].append(seconds)
            if name != "astropy":
                found[f"all, {unit}"][name].append(sum(steps.values()))
    for checkout in bench.turns():
        peak_mb = checkout.answer(_PREPARE, RECIPE, len(native.observations), *paths)
        found["peak of a process that prepares all seven, MB"][checkout.name].append(peak_mb)
    return found


def _instrument(path: Path) -> str:
    return {"aia": "AIA", "hmi": "HMI"}.get(path.name[:3].lower(), "EUVI")


def service(bench: Bench) -> Found:
    """Requests to both services in turn, by one load generator."""
    return _services(bench, triton=False)


def triton(bench: Bench) -> Found:
    """The same with the network in a Triton server, that of each checkout."""
    return _services(bench, triton=True)


def _services(bench: Bench, triton: bool) -> Found:
    found = _found()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        running = {}
        for checkout in (bench.before, bench.now):
            repository = bench.repository(checkout)
            settings: dict[str, object] = {"queue_size": max(bench.clients)}
            if triton:
                exporting = ["-m", "export", MODEL, "--formats", "torchscript"]
                checkout.python(*exporting, "--repository", repository)
                serving = checkout.serving_triton(repository, folder / f"{checkout.name}-triton")
                settings["triton_url"] = stack.enter_context(serving)
            else:
                settings["model_repository"] = repository
            context = checkout.serving(folder / checkout.name, **settings)
            running[checkout.name] = stack.enter_context(context)
        for size, count in bench.requests:
            request = request_of(bench.simulated(size))
            for service in running.values():
                run_clients(service.url, request, 2, 1)  # the first requests load tables
            for clients in bench.clients:
                _load(found, bench, running, request, f"{size}, {clients} clients", clients, count)
    return found


def _load(
    found: Found,
    bench: Bench,
    running: Mapping[str, Service],
    request: Request,
    label: str,
    clients: int,
    count: int,
) -> None:
    each = math.ceil(count / clients / bench.rounds)
    latencies: dict[str, list[float]] = defaultdict(list)
    for checkout in bench.turns():
        service = running[checkout.name]
        used = service.processor_s()
        load = run_clients(service.url, request, clients, each)
        answered = load.counts["200"]
        if answered < load.counts.total():
            raise RuntimeError(f"the service of {checkout.name} answered {dict(load.counts)}")
        latencies[checkout.name] += load.latencies_s.tolist()
        found[f"{label}, requests/s"][checkout.name].append(answered / load.seconds)
        used = (service.processor_s() - used) / answered
        found[f"{label}, processor s a request"][checkout.name].append(used)
    for (what, share), (name, seconds) in product((("p50", 0.5), ("p99", 0.99)), latencies.items()):
        found[f"{label}, {what}, s"][name].append(float(np.quantile(seconds, share)))


_MAP = """
import json
import benchmarks.synchronic as benchmark
surface = benchmark.SimulatedSun(500).at(benchmark.TIME, benchmark.COARSE)
rows = [row for rows in benchmark.measure(surface, 3) for row in rows]
print(json.dumps({row[0]: row[1] for row in rows}))
"""


def maps(bench: Bench) -> Found:
    """The map of the whole Sun and the corona above it: benchmarks.synchronic of both."""
    found = _found()
    for checkout in bench.turns():
        for what, seconds in checkout.answer(_MAP).items():
            found[f"{what}, s"][checkout.name].append(seconds)
    return found


def watch(bench: Bench) -> Found:
    """``farside watch --once`` over a drop folder of new files, then of known ones."""
    inbox = bench.folder / f"inbox-{bench.files}"
    if not inbox.exists():
        inbox.mkdir()
        write_files(inbox, bench.files)
    found = _found()
    for checkout in (bench.before, bench.now):
        with TemporaryDirectory() as out:
            command = ["-m", "farside.cli", "watch", inbox, "--out", out, "--once", "--settle", "0"]
            command += ["--model", MODEL, "--repository", bench.repository(checkout)]
            for state in ("new", "known"):
                _note(found, f"`farside watch`, {state} files", checkout, checkout.python(*command))
    return found


_ASK = """
import json, sys, time
from datetime import datetime
from pathlib import Path
from statistics import median
from farside.archive.index import reading
from farside.archive.naming import Name
folder, disks, maps, slot, count = sys.argv[1:]
slot = datetime.fromisoformat(slot)
def milliseconds(ask):
    used = []
    for _ in range(int(count)):
        start = time.process_time()
        ask()
        used.append(time.process_time() - start)
    return 1e3 * median(used)
with reading(Path(folder)) as index:
    inputs = getattr(index, "inputs", None) or index.ingredients
    latest = index.find if hasattr(index, "find") else lambda limit: index.products()[-limit:]
    asked = {
        "the latest 100 products": lambda: latest(limit=100),
        "the product of a slot": lambda: index.current(disks, slot),
        "the last map before a slot": lambda: index.last_before(maps, slot),
        "the inputs of a product": lambda: inputs(Name(disks, slot, 1)),
        "a content without a product": lambda: index.has_content("nothing"),
    }
    print(json.dumps({what: milliseconds(ask) for what, ask in asked.items()}))
"""

_OLD_TABLES = """
import json
from farside.archive.index import Index
print(json.dumps(hasattr(Index, "ingredients")))
"""

_AS_BEFORE = """
ALTER TABLE input RENAME TO ingredient;
DROP INDEX product_kind; DROP INDEX product_series; DROP INDEX product_content;
DROP INDEX arrival_content; DROP INDEX arrival_unusable;
"""
"""From the present tables and indices of an archive to those of 7696a70."""


def queries(bench: Bench) -> Found:
    """Questions to the index of a decade of products."""
    found = _found()
    with TemporaryDirectory() as folder:
        archives = {name: Path(folder) / name for name in ("before", "now")}
        write_decade(archives["now"], SLOTS_OF_A_DECADE)
        shutil.copytree(archives["now"], archives["before"])
        if bench.before.answer(_OLD_TABLES):
            with closing(sqlite3.connect(archives["before"] / FILE_NAME)) as connection:
                connection.executescript(_AS_BEFORE)
        middle = START + SLOTS_OF_A_DECADE // 2 * CADENCE
        for checkout in bench.turns():
            asked = checkout.answer(
                _ASK, archives[checkout.name], *SERIES, middle.isoformat(), QUERIES
            )
            for what, taken in asked.items():
                found[f"{what}, processor ms"][checkout.name].append(taken)
    return found


def training(bench: Bench) -> Found:
    """Training steps of the demonstration network, and of a plain loop beside it."""
    found = _found()
    for checkout in (bench.before, bench.now):
        _write_stores(bench, checkout)
    for _ in range(bench.rounds):
        for checkout, name, precision in (
            (bench.before, "before", "32-true"),
            (bench.now, "now", "auto"),
            (bench.now, "now, float32", "32-true"),
        ):
            costs = [_train(bench, checkout, precision, steps) for steps in bench.steps]
            count = bench.steps[1] - bench.steps[0]
            wall_s = costs[1].wall_s - costs[0].wall_s
            used_s = costs[1].processor_s - costs[0].processor_s
            found["samples/s"][name].append(count / wall_s)
            found["processor s a sample"][name].append(used_s / count)
        with TemporaryDirectory() as folder:
            config = _write_config(bench, bench.now, "32-true", 1, Path(folder))
            plain = ["-m", "benchmarks.plain_training", config, f"{folder}/samples", "--steps"]
            cost = bench.now.python(*plain, bench.steps[1] - bench.steps[0])
            found["samples/s"]["plain loop"].append(float(cost.output.split()[-1]))
    return found


def _write_stores(bench: Bench, checkout: Checkout) -> None:
    for split, seeds in (("train", "1000000:2"), ("test", "0:1")):
        store = bench.folder / f"{checkout.name}-{split}.zarr"
        if not store.exists():
            command = ["-m", "training.data", "simulate", "--recipe", RECIPE, "--seeds", seeds]
            checkout.python(*command, "--epochs", 1, "--split", split, "--out", store)


def _train(bench: Bench, checkout: Checkout, precision: str, steps: int) -> Cost:
    with TemporaryDirectory() as folder:
        config = _write_config(bench, checkout, precision, steps, Path(folder))
        return checkout.python("-m", "training", config, "--out", f"{folder}/run")


def _write_config(
    bench: Bench, checkout: Checkout, precision: str, steps: int, folder: Path
) -> Path:
    """The paper's objective for a number of steps, one validation at their end."""
    path = folder / "config.toml"
    path.write_text(f"""
recipe = "{RECIPE}"
[data]
store = "{bench.folder / checkout.name}-train.zarr"
validation = "{bench.folder / checkout.name}-test.zarr"
validation_samples = 1
check = false
[run]
iterations = {steps}
validate_every = {steps}
accelerator = "cpu"
precision = "{precision}"
""")
    return path


def _found() -> Found:
    return defaultdict(lambda: defaultdict(list))


def _note(found: Found, what: str, checkout: Checkout, cost: Cost) -> None:
    found[f"{what}, s"][checkout.name].append(cost.wall_s)
    found[f"{what}, processor s"][checkout.name].append(cost.processor_s)


def table(found: Found) -> Iterator[str]:
    """Lines of Markdown: medians of each contestant, and how much better the present one is.

    Figures that end in "/s" are the better the larger they are.
    """
    names = list(dict.fromkeys(name for figures in found.values() for name in figures))
    others = [name for name in names if name != "now"]
    yield "| | " + " | ".join([*names, *(f"{name} : now" for name in others)]) + " |"
    yield "|---" * (1 + len(names) + len(others)) + "|"
    for what, figures in found.items():
        values = {name: median(figures[name]) for name in names if name in figures}
        cells = [f"{values[name]:.3g}" if name in values else "" for name in names]
        cells += [
            _ratio(what, values[name], values["now"]) if name in values else "" for name in others
        ]
        yield f"| {what} | " + " | ".join(cells) + " |"


def _ratio(what: str, other: float, now: float) -> str:
    gain = now / other if what.endswith("/s") else other / now
    return f"{gain:.2f}×" if gain < 10 else f"{gain:.0f}×"


PARTS: Mapping[str, Callable[[Bench], Found]] = {
    "start": start,
    "files": files,
    "service": service,
    "triton": triton,
    "maps": maps,
    "watch": watch,
    "queries": queries,
    "training": training,
}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(description=__doc__)
    add = top.add_argument
    add("before", type=Path, help="the other checkout")
    add("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all if left out")
    add("--folder", type=Path, default=Path("build/versions"), help="of inputs (%(default)s)")
    add("--rounds", type=int, default=3, help="runs of each (%(default)s)")
    add("--out", type=Path, help="file to append the tables to")
    return top


def main() -> None:
    """Print the table of each part as soon as it is measured."""
    options = parser().parse_args()
    unknown = set(options.parts) - PARTS.keys()
    if unknown:
        raise SystemExit(f"got {', '.join(sorted(unknown))}, expected some of {', '.join(PARTS)}")
    bench = Bench(
        Checkout("before", options.before.resolve()),
        Checkout("now", ROOT),
        options.folder.resolve(),
        options.rounds,
    )
    bench.folder.mkdir(parents=True, exist_ok=True)
    for part in options.parts or PARTS:
        title = f"`python -m benchmarks.versions {options.before} {part}`"
        text = "\n".join([title, "", *table(PARTS[part](bench)), ""])
        print(text, flush=True)
        if options.out:
            with options.out.open("a", encoding="utf-8") as file:
                file.write(text + "\n")


if __name__ == "__main__":
    main()
