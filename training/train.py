"""Training loop: batches → losses → optimiser steps → validation → model file."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from rich.progress import Progress
from torch import Tensor, nn
from torch.nn import functional

from farside.evaluation.metrics import correlation
from farside.model import checkpoint
from farside.model.engines.processor import torch_has_bfloat16
from farside.model.recipe import FieldPlane, NativeTiling, Recipe
from farside.sun.grid import Image
from training.config import Config, Optimiser, Run, Stage
from training.discriminator import Discriminator, Discriminators
from training.losses import DISTANCES, concordance, discriminator_loss, generator_loss
from training.samples import Batches, SampleDataset, open_samples
from training.statistics import statistics_loss, statistics_of
from training.variations import without_reference

if TYPE_CHECKING:
    from lightning_fabric.wrappers import _FabricModule

STATE = "state.ckpt"
MODEL = "model.safetensors"
LOSSES = "losses.jsonl"

Precision = Literal["32-true", "bf16-mixed"]


class DivergedError(RuntimeError):
    """A loss or a gradient is not finite."""


class StateError(ValueError):
    """A state that does not belong to this run."""


@dataclass(frozen=True)
class Losses:
    """Losses of one step, before its update; means over all devices."""

    step: int
    generator: float
    discriminator: float
    concordance: float


@dataclass(eq=False)
class TrainedNetwork:
    """A network and its optimiser."""

    network: nn.Module
    optimiser: torch.optim.Optimizer


@dataclass(eq=False)
class State:
    """State of a run: networks, optimisers, step and best validation score."""

    generator: TrainedNetwork
    adversary: TrainedNetwork | None
    precision: Precision
    average: nn.Module | None = None
    step: int = 0
    best: float = -math.inf

    def parts(self, recipe: Recipe) -> dict[str, object]:
        """Contents of the state file, by name; loading a file fills them."""
        networks = {"generator": self.generator, "adversary": self.adversary}
        saved: dict[str, object] = {"recipe": recipe.to_json()}
        saved |= {"precision": self.precision, "step": self.step, "best": self.best}
        for name, trained in networks.items():
            if trained:
                saved |= {name: trained.network, f"{name}_optimiser": trained.optimiser}
        if self.average:
            saved["average"] = self.average
        return saved

    @property
    def served(self) -> nn.Module:
        """The network that is validated and written."""
        return self.average or self.generator.network


def train(config: Config, out: Path, last: int | None = None) -> State:
    """Train a network up to step `last`, by default to the end; resume a run found in `out`.

    Writes to `out`: the weights that validated best in the last stage as a model file, the state to
    resume from, the losses of each step as JSON lines, and TensorBoard events.

    Raises
    ------
    DivergedError
        A loss is not finite; the state of the last validation is kept and can be resumed.
    StateError
        The state in `out` is of another Recipe.
    StoreError, IncompleteSetError
        No samples fit the Recipe, or some are damaged.
    """
    recipe = Recipe.from_toml(config.recipe.read_text(encoding="utf-8"))
    run = config.run
    samples, validation = open_samples(config.data, recipe)
    precision = _precision(run, out)
    fabric = Fabric(
        accelerator=run.accelerator,
        devices=run.devices,
        strategy=_strategy(config),
        precision=precision,
        loggers=TensorBoardLogger(out, name="tensorboard", version=""),
    )
    fabric.launch()
    fabric.seed_everything(run.seed, verbose=False)
    _say(fabric, precision)
    state = _begin(fabric, recipe, config, precision)
    _resume(fabric, state, recipe, out)
    batches = Batches(samples, recipe, config.data, run.batch, run.seed, fabric.global_rank)
    disk = _on_disk(recipe, samples.side_px).to(fabric.device)
    last = last or run.iterations
    with _progress(fabric, state.step, last) as advance:
        for step, batch in batches.steps(state.step + 1, last):
            _set_rate(state, config, step)
            _seed_dropout(run.seed, fabric.global_rank, step)
            losses = _learn(fabric, state, recipe, fabric.to_device(batch), disk, config, step)
            _average(state, config, step)
            _log(fabric, losses, out)
            state.step = step
            if step % run.validate_every == 0 or step == last:
                _keep(fabric, state, recipe, validation, config, out)
            advance()
    return state


def _strategy(config: Config) -> str:
    """DDP strategy; with stages some weights have no gradient, which DDP must be told."""
    several = config.run.devices > 1 and len(config.stage_schedule) > 1
    return "ddp_find_unused_parameters_true" if several else "auto"


def _precision(run: Run, out: Path) -> Precision:
    """Precision: the one configured, that of the state in `out`, or the device's fastest."""
    if run.precision != "auto":
        return run.precision
    path = out / STATE
    if path.exists():
        saved = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        return cast("Precision", saved.get("precision", "32-true"))  # one without is refused later
    on_gpu = run.accelerator != "cpu" and torch.cuda.is_available()
    fast = (
        torch.cuda.is_bf16_supported(including_emulation=False) if on_gpu else torch_has_bfloat16()
    )
    return "bf16-mixed" if fast else "32-true"


def _say(fabric: Fabric, precision: Precision) -> None:
    words = {"bf16-mixed": "bfloat16 where float32 is not needed", "32-true": "float32 throughout"}
    fabric.print(f"{precision} on {fabric.device}: {words[precision]}")


def _begin(fabric: Fabric, recipe: Recipe, config: Config, precision: Precision) -> State:
    network = checkpoint.initialise(recipe)
    _initialise(network, config)
    _begin_from(network, config)
    adversary = None
    if config.weights.needs_adversary:
        channels = recipe.input_planes, len(recipe.targets)
        discriminators = Discriminators(
            Discriminator(*channels, **stage.adversary.model_dump())
            for stage in config.stage_schedule
        )
        _initialise(discriminators, config, head=False)
        adversary = _trained_network(fabric, discriminators, config.optimiser)
    average: nn.Module | None = None
    if config.run.average:
        average = fabric.to_device(copy.deepcopy(network).requires_grad_(False))
    return State(_trained_network(fabric, network, config.optimiser), adversary, precision, average)


@torch.no_grad()
def _average(state: State, config: Config, step: int) -> None:
    """Move the running mean of the weights; it forgets faster while they move fast."""
    if not (state.average and config.run.average):
        return
    share = 1 - min(config.run.average, (1 + step) / (10 + step))
    mean, last = state.average.state_dict(), state.generator.network.state_dict()
    for key, tensor in mean.items():
        if tensor.is_floating_point():
            tensor.lerp_(last[key], share)
        else:
            tensor.copy_(last[key])


def _begin_from(network: nn.Module, config: Config) -> None:
    """Take over what another model learnt, and let learn what is to."""
    if config.initialisation.weights:
        given = checkpoint.read(config.initialisation.weights).state
        shapes = {key: tensor.shape for key, tensor in network.state_dict().items()}
        fitting = {key: given[key].float() for key in given if shapes.get(key) == given[key].shape}
        if not fitting:
            raise StateError(
                f"{config.initialisation.weights}: got no tensor that fits, expected some of "
                f"{type(network).__name__}"
            )
        network.load_state_dict(fitting, strict=False)
    if config.optimiser.only:
        network.requires_grad_(False)
        network.get_submodule(config.optimiser.only).requires_grad_(True)


def _initialise(network: nn.Module, config: Config, head: bool = True) -> None:
    both = (nn.Conv2d, nn.ConvTranspose2d)
    convolutions = [module for module in network.modules() if isinstance(module, both)]
    for convolution in convolutions:
        initialisation, transposed = (
            config.initialisation,
            isinstance(convolution, nn.ConvTranspose2d),
        )
        std = initialisation.transposed_std if transposed else initialisation.conv_std
        if std:
            nn.init.normal_(convolution.weight, std=std)
    if head and config.initialisation.head_std:
        nn.init.normal_(convolutions[-1].weight, std=config.initialisation.head_std)


def _trained_network(fabric: Fabric, network: nn.Module, optimiser: Optimiser) -> TrainedNetwork:
    adam = torch.optim.AdamW(
        [weight for weight in network.parameters() if weight.requires_grad],
        lr=optimiser.rate,
        betas=optimiser.betas,
        weight_decay=optimiser.weight_decay,
    )
    return TrainedNetwork(*fabric.setup(network, adam))


def _resume(fabric: Fabric, state: State, recipe: Recipe, out: Path) -> None:
    path = out / STATE
    if not path.exists():
        return
    parts = state.parts(recipe)
    saved = torch.load(path, map_location="cpu", weights_only=True)
    if saved.get("recipe") != parts["recipe"] or saved.keys() != parts.keys():
        raise StateError(
            f"{path} is of another Recipe or objective: got {sorted(saved)}, expected "
            f"{sorted(parts)} of {recipe.name} {recipe.version}; train into another folder"
        )
    fabric.load(path, parts)
    state.step, state.best = int(saved["step"]), float(saved["best"])
    if fabric.is_global_zero:
        _forget_after(out / LOSSES, state.step)


def _forget_after(path: Path, step: int) -> None:
    """Drop the logged losses of steps after `step`, which are repeated."""
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if json.loads(line)["step"] <= step))


def _set_rate(state: State, config: Config, step: int) -> None:
    index, stage = _stage(config, step)
    first = config.stage_schedule[index - 1].until if index else 0
    rate = rate_at(config.optimiser, step - first, stage.until - first)
    for trained in (state.generator, state.adversary):
        for group in trained.optimiser.param_groups if trained else ():
            group["lr"] = rate


def rate_at(optimiser: Optimiser, step: int, last: int) -> float:
    """The rate at one of the steps 1 to `last` of a stage."""
    fallen = max(0.0, (step / last - optimiser.hold) / (1 - optimiser.hold))
    falls = {
        "constant": 1.0,
        "linear": 1 - fallen,
        "cosine": (1 + math.cos(math.pi * fallen)) / 2,
    }
    rise = min(1.0, step / optimiser.warmup) if optimiser.warmup else 1.0
    return optimiser.rate * rise * falls[optimiser.schedule]


def _stage(config: Config, step: int) -> tuple[int, Stage]:
    return next((i, stage) for i, stage in enumerate(config.stage_schedule) if step <= stage.until)


def _seed_dropout(seed: int, rank: int, step: int) -> None:
    """Seed dropout from the step, so that a resumed run repeats an uninterrupted one."""
    torch.manual_seed(int(np.random.SeedSequence([seed, rank, step]).generate_state(1)[0]))


def _learn(
    fabric: Fabric,
    state: State,
    recipe: Recipe,
    batch: Tensor,
    disk: Tensor,
    config: Config,
    step: int,
) -> Losses:
    index, stage = _stage(config, step)
    inputs = batch.shape[1] - len(disk)
    answer = _answer(state.generator.network, batch[:, :inputs], stage)
    generated = _measured(answer, recipe)
    halved = functional.avg_pool2d(batch, 2**stage.halvings)
    given, target = halved[:, :inputs], halved[:, inputs:]
    if config.data.crop_margin_px == 0 and generated.shape[1:] == disk.shape:
        generated = torch.where(disk, generated, target)  # Pixels off the disk have no loss.
    discriminator = partial(state.adversary.network, stage=index) if state.adversary else None
    distance = DISTANCES[config.adversarial_loss]
    fields = [at for at, plane in enumerate(recipe.targets) if isinstance(plane, FieldPlane)]
    on_true = discriminator(given, target) if discriminator else None
    with _judging(fabric, state.adversary):
        on_generator = generator_loss(
            discriminator, given, generated, target, config.weights, distance, fields, on_true
        )
    statistics = statistics_of(answer, recipe)
    if statistics:
        whole = generated.shape[1:] == disk.shape and config.data.crop_margin_px == 0
        counted = disk[:1].float() if whole else torch.ones_like(target[0, :1])
        on_generator = on_generator + statistics_loss(
            statistics, target[:, :1], counted, config.weights
        )
    lost = _move(fabric, state.generator, on_generator, config.optimiser, step)
    adversary_lost = 0.0
    if state.adversary and discriminator and on_true:
        on_adversary = discriminator_loss(
            on_true, discriminator(given, generated.detach()), distance
        )
        adversary_lost = _move(fabric, state.adversary, on_adversary, config.optimiser, step)
    agreement = concordance(generated.detach().float(), target).mean()
    return Losses(step, lost, adversary_lost, _over_devices(fabric, agreement, "mean").item())


@contextmanager
def _judging(fabric: Fabric, adversary: TrainedNetwork | None) -> Iterator[None]:
    """Let a discriminator answer for the generator's loss, from which it does not learn."""
    if adversary is None:
        yield
        return
    adversary.network.requires_grad_(False)
    try:
        with fabric.no_backward_sync(cast("_FabricModule", adversary.network)):
            yield
    finally:
        adversary.network.requires_grad_(True)


def _measured(answer: Tensor, recipe: Recipe) -> Tensor:
    """Select the planes of an answer that have a target."""
    places = [index for index, output in enumerate(recipe.outputs) if output in recipe.targets]
    return answer[:, places]


def _answer(network: nn.Module, given: Tensor, stage: Stage) -> Tensor:
    """(n, input, y, x) → (n, output, y, x), halved as often as the stage says."""
    answer: Tensor = network(given, stage.halvings) if stage.halvings else network(given)
    return answer


def _move(
    fabric: Fabric, trained: TrainedNetwork, loss: Tensor, optimiser: Optimiser, step: int
) -> float:
    """Take one optimiser step; return the loss before it."""
    # Mean over all devices, so that all of them stop where one diverges.
    lost = _over_devices(fabric, loss, "mean").item()
    if not math.isfinite(lost):
        raise DivergedError(
            f"step {step}: got a loss of {lost}, expected a finite one; the last validated "
            "state is kept: resume from it with a lower rate"
        )
    trained.optimiser.zero_grad(set_to_none=True)
    fabric.backward(loss)
    norm = fabric.clip_gradients(
        trained.network,
        trained.optimiser,
        max_norm=optimiser.clip or math.inf,
        error_if_nonfinite=False,
    )
    if norm is not None and not math.isfinite(float(norm)):
        raise DivergedError(
            f"step {step}: got a gradient of norm {float(norm)}, expected a finite one"
        )
    trained.optimiser.step()
    return lost


def _over_devices(fabric: Fabric, values: Tensor, how: Literal["mean", "sum"]) -> Tensor:
    if fabric.world_size == 1:
        return values.detach()
    mine = fabric.to_device(values.detach().clone())
    return cast("Tensor", fabric.all_reduce(mine, reduce_op=how))


def _log(fabric: Fabric, losses: Losses, out: Path) -> None:
    fabric.log_dict(asdict(losses), step=losses.step)
    if fabric.is_global_zero:
        with (out / LOSSES).open("a") as file:
            file.write(json.dumps(asdict(losses)) + "\n")


def _keep(
    fabric: Fabric,
    state: State,
    recipe: Recipe,
    validation: SampleDataset,
    config: Config,
    out: Path,
) -> None:
    """Validate and save the state; save the weights too if they are the best of the last stage."""
    index, stage = _stage(config, state.step)
    score, picture = _validate(fabric, state.served, validation, recipe, stage)
    fabric.log("validation", score, step=state.step)
    if isinstance(fabric.logger, TensorBoardLogger):
        fabric.logger.experiment.add_image("made, true", picture, state.step)
    last = index == len(config.stage_schedule) - 1
    better = last and score > state.best  # False for the nan of a constant image
    state.best = score if better else state.best
    elsewhere = out / f"{STATE}.new"  # A crash never leaves a half-written state.
    fabric.save(elsewhere, state.parts(recipe))
    if not fabric.is_global_zero:
        return
    elsewhere.replace(out / STATE)
    if better:
        weights = state.served.state_dict()
        checkpoint.write(out / MODEL, weights, recipe, half=config.run.half)


@torch.inference_mode()
def _validate(
    fabric: Fabric, network: nn.Module, validation: SampleDataset, recipe: Recipe, stage: Stage
) -> tuple[float, Tensor]:
    """Mean validation score, and the last pair as a picture (1, y, x) scaled to ±100 G.

    Where references are optional, every second sample is without one. Each device takes its share
    of the samples. The picture ends at 100 G either way.
    """
    network.eval()
    inputs, disk = recipe.input_planes, _on_disk(recipe, validation.side_px)
    alone = partial(without_reference, recipe=recipe)
    scores = []
    pair = torch.zeros(2, *disk.shape[1:])
    for index in range(fabric.global_rank, len(validation), fabric.world_size):
        sample = validation.varied(index, alone) if index % 2 else validation[index]
        given = fabric.to_device(sample[None, :inputs])
        made = functional.interpolate(_answer(network, given, stage).float(), size=disk.shape[1:])
        pair = torch.stack([made.cpu()[0, 0], sample[inputs]]) * disk[0]
        scores.append(_similarity(pair[0].numpy(), pair[1].numpy(), recipe))
    network.train()
    picture = torch.cat([*pair], dim=-1)[None] * recipe.field.scaling.scale
    summed = torch.tensor([sum(scores), len(scores)], dtype=torch.float64)
    total, count = _over_devices(fabric, summed, "sum").tolist()
    return total / count, (picture / 200 + 0.5).clamp(0, 1)


def _on_disk(recipe: Recipe, side_px: int) -> Tensor:
    """Mask of the pixels that count in the loss, (output, y, x); all pixels of a tile."""
    whole = np.ones((side_px, side_px), dtype=np.bool_)
    disk = whole if isinstance(recipe.grid, NativeTiling) else recipe.grid.on_disk()
    return torch.tensor(disk).expand(len(recipe.targets), -1, -1)


def _similarity(made: Image, true: Image, recipe: Recipe) -> float:
    """Validation score: correlation at one degree on disks, minus the RMS difference on tiles."""
    if isinstance(recipe.grid, NativeTiling):
        return -float(np.sqrt(np.mean((made - true) ** 2)))
    return correlation(made, true, recipe.grid)


@contextmanager
def _progress(fabric: Fabric, first: int, last: int) -> Iterator[Callable[[], None]]:
    with Progress(disable=not fabric.is_global_zero) as bar:
        task = bar.add_task("training", total=last, completed=first)
        yield lambda: bar.advance(task)
