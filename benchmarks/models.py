"""Models with random weights for benchmarks, and the operations of a forward pass."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from farside.model import checkpoint
from farside.model.networks.pix2pixcc import Generator
from farside.model.recipe import Recipe
from farside.model.repository import read_repository

AISFM3 = {"n_gf": 40, "n_downsample": 5, "n_residual": 9}
"""Hyper-parameters of AISFM 3.0 (Jeong et al. 2022)."""

SMALLEST = {"n_gf": 4, "n_downsample": 2, "n_residual": 1}
"""Hyper-parameters of a network of negligible cost, to measure everything else."""

ACCEPTS = {
    "observation": ("EUVI 304", "EUVI 195", "EUVI 171"),
    "reference": ("AIA 304", "AIA 193", "AIA 171", "HMI LOS"),
}
"""Instruments and bands of the simulated sets, by role."""


def write_random_model(
    repository: Path, arguments: Mapping[str, int], size_px: int, name: str = "bench"
) -> Path:
    """Write a Pix2PixCC with random weights for the simulated sets; return its path."""
    torch.manual_seed(0)
    network = Generator(
        n_gf=arguments["n_gf"],
        n_downsample=arguments["n_downsample"],
        n_residual=arguments["n_residual"],
    )
    path = repository / name / "1" / checkpoint.FILE_NAME
    path.parent.mkdir(parents=True)
    checkpoint.write(path, network.state_dict(), _recipe(network, size_px, name))
    return path


def gflop_of(repository: Path) -> float:
    """Multiplications and additions of one forward pass of a repository's only model, GFLOP."""
    ((_, read),) = read_repository(repository).items()
    network = checkpoint.build(read.recipe, read.state).to("meta")
    size = read.recipe.side_px
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, network.input_channels, size, size, device="meta"))
    return int(counter.get_total_flops()) / 1e9


def describe(repository: Path) -> str:
    """Description of a repository's only model: hyper-parameters and grid."""
    ((_, read),) = read_repository(repository).items()
    arguments = read.recipe.network.arguments
    shape = ", ".join(f"{key} {arguments[key]}" for key in AISFM3)
    return f"{shape}, {read.recipe.side_px}² pixels"


def _recipe(network: Generator, size_px: int, name: str) -> Recipe:
    field = {"kind": "linear", "scale": 1500.0}
    brightness = {"kind": "median-log", "low": 0.01, "high": 100.0}
    return Recipe.model_validate(
        {
            "name": name,
            "version": "1",
            "title": "random weights",
            "licence": "BSD-3-Clause",
            "network": {"name": "pix2pixcc:Generator", "arguments": network.arguments},
            "grid": {"size_px": size_px, "disk_radius_px": 450 / 1024 * size_px},
            "channels": [
                {
                    "role": role,
                    "accepts": [pair],
                    "scaling": field if pair == "HMI LOS" else brightness,
                }
                for role, pairs in ACCEPTS.items()
                for pair in pairs
            ],
            "outputs": [
                {"quantity": "line-of-sight magnetic field", "unit": "gauss", "scaling": field}
            ],
            "timing": {"spread_hours": 2, "usual_lag_hours": 6, "greatest_lag_hours": 72},
            "training": {
                "data": "NONE",
                "description": "random weights",
                "reference_age_days": (0, 27.3),
                "dates": ("2010-05-01", "2030-01-01"),
            },
        }
    )
