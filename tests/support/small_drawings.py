"""A small untrained model of drawings, as the service and the scores take it."""

from __future__ import annotations

from pathlib import Path

from farside.model import checkpoint
from farside.model.recipe import NetworkSpec, Recipe
from farside.sun.grid import Grid

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = Recipe.from_toml((ROOT / "training" / "recipes" / "drawing-demo.toml").read_text())
RECIPE = SHIPPED.model_copy(
    update={
        "name": "drawing",
        "grid": Grid(64, 28.125),
        "network": NetworkSpec(
            name="pix2pix:Generator",
            arguments={
                "input_channels": SHIPPED.input_planes,
                "output_channels": len(SHIPPED.outputs),
                "n_gf": 2,
                "levels": 4,
            },
        ),
    }
)


def write_model(path: Path) -> str:
    """Write it with random weights; its identity."""
    import torch  # takes seconds and 180 MB

    torch.manual_seed(3)
    path.parent.mkdir(parents=True, exist_ok=True)
    return checkpoint.write(path, checkpoint.initialise(RECIPE).state_dict(), RECIPE)
