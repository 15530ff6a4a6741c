"""The training loop, read from top to bottom."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, cast

import torch
from lightning_fabric import Fabric
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from rich.progress import Progress
from torch import Tensor, nn

from farside import checkpoint
from farside.grid import Grid
from farside.metrics import correlation
from farside.networks.pix2pixcc import Generator
from farside.recipe import Recipe
from training.config import Config, Optimiser
from training.discriminator import Discriminator
from training.losses import concordance, discriminator_loss, generator_loss
from training.samples import Batches, Samples, open_samples

STATE = "state.ckpt"
MODEL = "model.safetensors"
LOSSES = "losses.jsonl"


class DivergedError(RuntimeError):
    """A loss or a gradient is not finite."""


class StateError(ValueError):
    """A state that does not belong to this run."""


@dataclass(frozen=True)
class Losses:
    """Of one step, before it; the mean of all devices."""

    step: int
    generator: float
    discriminator: float
    concordance: float


@dataclass(eq=False)
class Player:
    """A network and what moves it."""

    network: nn.Module
    optimiser: torch.optim.Optimizer


@dataclass(eq=False)
class State:
    """What a run has come to, and what is saved of it."""

    generator: Player
    adversary: Player | None
    step: int = 0
    best: float = -math.inf

    def parts(self, recipe: Recipe) -> dict[str, object]:
        """What goes into a state file, and is filled when one is loaded."""
        players = {"generator": self.generator, "adversary": self.adversary}
        saved: dict[str, object] = {"recipe": recipe.to_json()}
        saved |= {"step": self.step, "best": self.best}
        for name, player in players.items():
            if player:
                saved |= {name: player.network, f"{name}_optimiser": player.optimiser}
        return saved


def train(config: Config, out: Path, last: int | None = None) -> State:
    """Train, or go on with what lies in `out`, up to step `last` (by default to the end).

    Leaves in `out`: the weights that validated best as a model file, the state to resume from, the
    losses of each step as JSON lines, and TensorBoard's events.

    Raises
    ------
    DivergedError
        A loss is not finite; the state of the last validation is there to go on from.
    StateError
        The state in `out` is of another Recipe.
    StoreError, IncompleteSetError
        There are no samples that the Recipe can be trained on, or damaged ones.
    """
    recipe = Recipe.from_toml(config.recipe.read_text(encoding="utf-8"))
    run = config.run
    samples, validation = open_samples(config.data, recipe)
    fabric = Fabric(
        accelerator=run.accelerator,
        devices=run.devices,
        precision=run.precision,
        loggers=TensorBoardLogger(out, name="tensorboard", version=""),
    )
    fabric.launch()
    fabric.seed_everything(run.seed, verbose=False)
    state = _begin(fabric, recipe, config)
    _resume(fabric, state, recipe, out)
    batches = Batches(samples, recipe, config.data, run.batch, run.seed, fabric.global_rank)
    disk = torch.from_numpy(recipe.grid.on_disk()).to(fabric.device)
    last = last or run.iterations
    with _progress(fabric, state.step, last) as advance:
        for step, batch in batches.steps(state.step + 1, last):
            _set_rate(state, config.optimiser, step, run.iterations)
            losses = _learn(fabric, state, fabric.to_device(batch), disk, config, step)
            _log(fabric, losses, out)
            state.step = step
            if step % run.validate_every == 0 or step == last:
                _keep(fabric, state, recipe, validation, config, out)
            advance()
    return state


def _begin(fabric: Fabric, recipe: Recipe, config: Config) -> State:
    network = Generator(**recipe.network.arguments)  # type: ignore[arg-type]  # strict Recipe
    _initialise(network, config)
    adversary = None
    if config.weights.needs_adversary:
        judge = Discriminator(
            len(recipe.channels), len(recipe.outputs), **config.adversary.model_dump()
        )
        _initialise(judge, config, head=False)
        adversary = _player(fabric, judge, config.optimiser)
    return State(_player(fabric, network, config.optimiser), adversary)


def _initialise(network: nn.Module, config: Config, head: bool = True) -> None:
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    if config.start.conv_std:
        for convolution in convolutions:
            nn.init.normal_(convolution.weight, std=config.start.conv_std)
    if head and config.start.head_std:
        nn.init.normal_(convolutions[-1].weight, std=config.start.head_std)


def _player(fabric: Fabric, network: nn.Module, optimiser: Optimiser) -> Player:
    adam = torch.optim.AdamW(
        network.parameters(),
        lr=optimiser.rate,
        betas=optimiser.betas,
        weight_decay=optimiser.weight_decay,
    )
    return Player(*fabric.setup(network, adam))


def _resume(fabric: Fabric, state: State, recipe: Recipe, out: Path) -> None:
    path = out / STATE
    if not path.exists():
        return
    parts = state.parts(recipe)
    saved = torch.load(path, map_location="cpu", weights_only=True)
    if saved.get("recipe") != parts["recipe"] or saved.keys() != parts.keys():
        raise StateError(
            f"{path} is of another Recipe or objective: got {sorted(saved)}, wanted "
            f"{sorted(parts)} of {recipe.name} {recipe.version}; train into another folder"
        )
    fabric.load(path, parts)
    state.step, state.best = int(saved["step"]), float(saved["best"])
    if fabric.is_global_zero:
        _forget_after(out / LOSSES, state.step)


def _forget_after(path: Path, step: int) -> None:
    """Drop the losses of steps that are taken again."""
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if json.loads(line)["step"] <= step))


def _set_rate(state: State, optimiser: Optimiser, step: int, last: int) -> None:
    fall = (1 + math.cos(math.pi * step / last)) / 2 if optimiser.schedule == "cosine" else 1.0
    rise = min(1.0, step / optimiser.warmup) if optimiser.warmup else 1.0
    for player in (state.generator, state.adversary):
        for group in player.optimiser.param_groups if player else ():
            group["lr"] = optimiser.rate * rise * fall


def _learn(
    fabric: Fabric, state: State, batch: Tensor, disk: Tensor, config: Config, step: int
) -> Losses:
    given, target = batch[:, :-1], batch[:, -1:]
    judge = state.adversary.network if state.adversary else None
    generated = state.generator.network(given)
    if config.data.crop_margin_px == 0:  # A cropped disk may lie anywhere.
        generated = generated * disk
    on_generator = generator_loss(judge, given, generated, target, config.weights)
    lost = _move(fabric, state.generator, on_generator, config.optimiser, step)
    adversary_lost = 0.0
    if state.adversary:
        answers = (state.adversary.network(given, i) for i in (target, generated.detach()))
        on_adversary = discriminator_loss(*answers)
        adversary_lost = _move(fabric, state.adversary, on_adversary, config.optimiser, step)
    agreement = concordance(generated.detach().float(), target).mean()
    return Losses(step, lost, adversary_lost, _over_devices(fabric, agreement, "mean").item())


def _move(fabric: Fabric, player: Player, loss: Tensor, optimiser: Optimiser, step: int) -> float:
    """Take one step down the gradient; the loss before it."""
    # Of all devices, so that all of them stop where one diverges.
    lost = _over_devices(fabric, loss, "mean").item()
    if not math.isfinite(lost):
        raise DivergedError(
            f"step {step}: got a loss of {lost}, wanted a finite one; the last validated "
            "state is kept: go on from it with a lower rate"
        )
    player.optimiser.zero_grad(set_to_none=True)
    fabric.backward(loss)
    norm = fabric.clip_gradients(
        player.network,
        player.optimiser,
        max_norm=optimiser.clip or math.inf,
        error_if_nonfinite=False,
    )
    if norm is not None and not math.isfinite(float(norm)):
        raise DivergedError(
            f"step {step}: got a gradient of norm {float(norm)}, wanted a finite one"
        )
    player.optimiser.step()
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
    validation: Samples,
    config: Config,
    out: Path,
) -> None:
    """Validate, save the state, and the weights if none were better."""
    score, picture = _validate(fabric, state.generator.network, validation, recipe.grid)
    fabric.log("validation", score, step=state.step)
    if isinstance(fabric.logger, TensorBoardLogger):
        fabric.logger.experiment.add_image("made, true", picture, state.step)
    better = score > state.best  # False for the nan of a constant image
    state.best = score if better else state.best
    elsewhere = out / f"{STATE}.new"  # There is always one whole state.
    fabric.save(elsewhere, state.parts(recipe))
    if not fabric.is_global_zero:
        return
    elsewhere.replace(out / STATE)
    if better:
        weights = state.generator.network.state_dict()
        checkpoint.write(out / MODEL, weights, recipe, half=config.run.half)


@torch.inference_mode()
def _validate(
    fabric: Fabric, network: nn.Module, validation: Samples, grid: Grid
) -> tuple[float, Tensor]:
    """Mean correlation on the disk at one degree, and the last pair as a picture (1, y, x).

    Each device takes its share of the samples.
    """
    disk = torch.from_numpy(grid.on_disk())
    scores = []
    pair = torch.zeros(2, grid.size_px, grid.size_px)
    for index in range(fabric.global_rank, len(validation), fabric.world_size):
        sample = validation[index]
        given = fabric.to_device(sample[None, :-1])
        pair = torch.stack([network(given).float().cpu()[0, 0], sample[-1]]) * disk
        scores.append(correlation(pair[0].numpy(), pair[1].numpy(), grid))
    picture = torch.cat([*pair], dim=-1)[None]
    summed = torch.tensor([sum(scores), len(scores)], dtype=torch.float64)
    total, count = _over_devices(fabric, summed, "sum").tolist()
    return total / count, (picture * 7.5 + 0.5).clamp(0, 1)


@contextmanager
def _progress(fabric: Fabric, first: int, last: int) -> Iterator[Callable[[], None]]:
    with Progress(disable=not fabric.is_global_zero) as bar:
        task = bar.add_task("training", total=last, completed=first)
        yield lambda: bar.advance(task)
