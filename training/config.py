"""What one training run is: read from a TOML file, whole and strict."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.losses import Weights


class ConfigError(ValueError):
    """A configuration that does not parse."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Data(_Part):
    """Where the samples are, and how they are varied."""

    store: Path = Field(description="Made by training.data; its training samples are learnt from.")
    validation: Path = Field(
        description="A store whose test samples validate: the same one, or one of other suns."
    )
    validation_samples: int = Field(
        default=120, ge=1, description="At most so many of them, spread evenly."
    )
    greatest_shift_deg: float = Field(
        default=10.0,
        gt=0,
        description="Carrington longitude between reference and target; Eq. 5 asks for none.",
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
    mirror: bool = Field(
        default=False, description="Turn suns upside down half the time; by Hale's law + is then -."
    )
    reverse_until: int = Field(
        default=0,
        ge=0,
        description="Step up to which the sign of all fields is turned half the time.",
    )


class Adversary(_Part):
    """The discriminator; not built where nothing weighs it."""

    n_df: int = Field(default=40, ge=1)
    n_scales: int = Field(default=1, ge=1)
    balance: float = Field(default=1.5, gt=0)


class Optimiser(_Part):
    """Adam, of generator and discriminator alike."""

    rate: float = Field(default=2e-4, gt=0)
    betas: tuple[float, float] = (0.5, 0.999)
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: int = Field(default=0, ge=0, description="Steps over which the rate rises to its own.")
    clip: float | None = Field(default=None, gt=0, description="Largest norm of a gradient.")


class Start(_Part):
    """Random weights before the first step."""

    conv_std: float | None = Field(
        default=None,
        gt=0,
        description="Of all but transposed convolutions; torch's if unset, 0.02 in the paper.",
    )
    head_std: float | None = Field(default=None, gt=0, description="Of the last convolution.")


class Run(_Part):
    """How long, on what, and what is kept."""

    iterations: int = Field(ge=1)
    batch: int = Field(default=1, ge=1, description="Samples of one step on one device.")
    validate_every: int = Field(ge=1, description="Steps to a validation, and to a saved state.")
    accelerator: Literal["auto", "cpu", "cuda"] = "auto"
    devices: int = Field(default=1, ge=1)
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    half: bool = Field(default=False, description="Write weights in half precision.")
    seed: int = 0


class Config(_Part):
    """One training run."""

    recipe: Path = Field(description="Recipe as TOML.")
    data: Data
    run: Run
    weights: Weights = Weights()
    adversary: Adversary = Adversary()
    optimiser: Optimiser = Optimiser()
    start: Start = Start()


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
