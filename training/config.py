"""Configuration of a training run, read from TOML; unknown keys are refused."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from training.discriminator import Norm
from training.losses import AdversarialLoss, LossWeights
from training.variations import LeftOut, Randomised


class ConfigError(ValueError):
    """A configuration that does not parse."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _listed(paths: object) -> object:
    """One path as a list of one."""
    return (paths,) if isinstance(paths, str | Path) else paths


class Data(_Part):
    """Stores of samples, and data augmentation."""

    store: Annotated[tuple[Path, ...], BeforeValidator(_listed)] = Field(
        min_length=1,
        description="Store made by training.data, or a list of them, as of several versions of the "
        "simulated Sun; their training splits are used.",
    )
    validation: Path = Field(
        description="Store whose test split validates: the same, or one of other suns."
    )
    validation_samples: int = Field(
        default=120, ge=1, description="Greatest number of validation samples, evenly spread."
    )
    greatest_shift_deg: float = Field(
        default=10.0,
        gt=0,
        description="Carrington longitude between reference and target; Eq. 5 asks for none.",
    )
    dates: tuple[date, date] | None = Field(
        default=None,
        description="First and last day of what is learnt from and validated with; all if unset.",
    )
    check: bool = Field(
        default=True, description="Read every disk once before the first step, to find bad ones."
    )
    cache_gib: float = Field(
        default=1.0, ge=0, description="Memory for the samples of each store, ready to be used."
    )
    crop_margin_px: int = Field(
        default=62, ge=0, description="Edge padding before a random crop back (Jeong et al. 2022)."
    )
    patch_px: int | None = Field(
        default=None, ge=1, description="Side of a random window to learn from; the disk if unset."
    )
    target: str | None = Field(
        default=None,
        description="Plane of the store that the field is learnt from, as in 'HMI LOS mean', where "
        "it has several.",
    )
    validation_target: str | None = Field(
        default=None, description="Plane that validates; `target` if unset."
    )
    added_noise_gauss: tuple[float, float] | None = Field(
        default=None,
        description="Least and greatest standard deviation of Gaussian noise that is added to the "
        "magnetograms that are given, one for each sample.",
    )
    mirror: bool = Field(
        default=False, description="Turn suns upside down half the time; by Hale's law + is then -."
    )
    mirror_east_west: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the batches in which west is east and + is -. Not exact: the tilt of "
        "regions and the compactness of leading spots are then wrong.",
    )
    left_out: LeftOut = LeftOut()
    randomised: Randomised = Randomised()
    reverse_until: int = Field(
        default=0,
        ge=0,
        description="Step up to which the sign of all fields is turned half the time.",
    )


class Adversary(_Part):
    """Discriminator settings; it is built only if a loss term needs it."""

    n_df: int = Field(default=40, ge=1)
    n_scales: int = Field(default=1, ge=1)
    balance: float = Field(default=1.5, gt=0)
    strided: int = Field(
        default=3, ge=1, description="Halvings: 1, 2, 3, 5, 7 judge 16, 34, 70, 286, 1150 px."
    )
    norm: Norm = "instance"


class Stage(_Part):
    """Consecutive steps at one image scale, with a discriminator of their own.

    The learning-rate schedule restarts in each stage. The weights that validate best in the last
    stage are kept.
    """

    until: int = Field(ge=1, description="Its last step.")
    halvings: int = Field(
        default=0, ge=0, description="Of the answer; only networks of several layers halve theirs."
    )
    adversary: Adversary = Adversary()


class Optimiser(_Part):
    """AdamW settings, the same for generator and discriminator."""

    rate: float = Field(default=2e-4, gt=0)
    betas: tuple[float, float] = (0.5, 0.999)
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: Literal["constant", "linear", "cosine"] = Field(
        default="constant", description="How the rate falls to 0."
    )
    hold: float = Field(default=0.0, ge=0, lt=1, description="Share of the steps before it falls.")
    warmup: int = Field(default=0, ge=0, description="Steps over which the rate rises to its own.")
    only: str | None = Field(
        default=None, description="Part of the generator that learns, as in 'refine'; all if unset."
    )
    clip: float | None = Field(default=None, gt=0, description="Largest norm of a gradient.")


class Initialisation(_Part):
    """Standard deviations of the random initial weights."""

    conv_std: float | None = Field(
        default=None,
        gt=0,
        description="Convolutions; torch's own if unset, 0.02 in the papers.",
    )
    transposed_std: float | None = Field(
        default=None, gt=0, description="Transposed convolutions; 0.02 where a paper says all."
    )
    head_std: float | None = Field(default=None, gt=0, description="Of the last convolution.")
    weights: Path | None = Field(
        default=None,
        description="A model file: its tensors are taken wherever the network has such a one.",
    )


class Run(_Part):
    """Length, hardware, precision and output of a run."""

    iterations: int = Field(ge=1)
    batch: int = Field(default=1, ge=1, description="Samples of one step on one device.")
    validate_every: int = Field(ge=1, description="Steps to a validation, and to a saved state.")
    accelerator: Literal["auto", "cpu", "cuda"] = "auto"
    devices: int = Field(default=1, ge=1)
    precision: Literal["auto", "32-true", "bf16-mixed"] = Field(
        default="auto",
        description="Arithmetic of the networks. auto: bf16-mixed where the device has bfloat16, "
        "32-true elsewhere, and that of its state for a run that is resumed.",
    )
    half: bool = Field(default=False, description="Write weights in half precision.")
    average: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Share that the running mean of the weights keeps at each step; it is what is "
        "validated and written. None: the last weights.",
    )
    seed: int = 0


class Config(_Part):
    """Configuration of one training run."""

    recipe: Path = Field(description="Recipe as TOML.")
    data: Data
    run: Run
    weights: LossWeights = LossWeights()
    adversarial_loss: AdversarialLoss = Field(
        default="least-squares",
        description="Distance of a discriminator's output from 1 (true) or 0 (generated).",
    )
    adversary: Adversary = Adversary()
    stages: tuple[Stage, ...] = Field(
        default=(), description="One of the whole run, against `adversary`, if unset."
    )
    optimiser: Optimiser = Optimiser()
    initialisation: Initialisation = Initialisation()

    @model_validator(mode="after")
    def _stages_fill_the_run(self) -> Config:
        ends = [stage.until for stage in self.stages]
        if ends and (ends != sorted(set(ends)) or ends[-1] != self.run.iterations):
            raise ValueError(
                f"stages must end one after the other, the last at step {self.run.iterations}: "
                f"got {ends}"
            )
        if ends and "adversary" in self.model_fields_set:
            raise ValueError("stages have adversaries of their own: got one beside them")
        return self

    @property
    def stage_schedule(self) -> tuple[Stage, ...]:
        """Stages of the run, at least one."""
        return self.stages or (Stage(until=self.run.iterations, adversary=self.adversary),)


def read_config(path: Path) -> Config:
    """Read a configuration.

    Raises
    ------
    ConfigError
        Names each key that is unknown, missing or wrong.
    """
    try:
        return Config.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name} is not TOML: {error}") from error
    except ValidationError as error:
        complaints = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
        )
        raise ConfigError(f"{path.name}: {complaints}") from error
