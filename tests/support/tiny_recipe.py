"""The Recipe of a tiny network that takes all seven images of a simulated set."""

from __future__ import annotations

from datetime import date

from farside.model.recipe import (
    Channel,
    FieldPlane,
    Linear,
    MedianLog,
    NetworkSpec,
    Recipe,
    Timing,
    Training,
)
from farside.sun.grid import Grid

EUV = MedianLog(low=0.01, high=20)
FIELD = Linear(scale=1500)


def recipe(name: str = "tiny", version: str = "1") -> Recipe:
    """Recipe for the simulated sets, on a small grid, with an untrained network."""
    return Recipe(
        name=name,
        version=version,
        title="A tiny network for tests",
        licence="BSD-3-Clause",
        network=NetworkSpec(
            name="pix2pixcc:Generator",
            arguments={
                "input_channels": 7,
                "output_channels": 1,
                "n_gf": 4,
                "n_downsample": 2,
                "n_residual": 1,
            },
        ),
        grid=Grid(64, 28.0),
        channels=(
            *(
                Channel(role="observation", accepts=(f"EUVI {band}",), scaling=EUV)
                for band in ("304", "195", "171")
            ),
            *(
                Channel(role="reference", accepts=(f"AIA {band}",), scaling=EUV)
                for band in ("304", "193", "171")
            ),
            Channel(role="reference", accepts=("HMI LOS",), scaling=FIELD),
        ),
        outputs=(FieldPlane(quantity="line-of-sight magnetic field", unit="gauss", scaling=FIELD),),
        timing=Timing(spread_hours=1, usual_lag_hours=6, greatest_lag_hours=48),
        training=Training(
            data="NONE",
            description="untrained",
            reference_age_days=(0.0, 27.0),
            dates=(date(2011, 1, 1), date(2030, 1, 1)),
        ),
    )


def flexible_recipe() -> Recipe:
    """Recipe as that of farside-1: each image may lack, and a map stands in for a magnetogram."""
    known = recipe()
    channels = tuple(
        channel.model_copy(
            update={
                "optional": True,
                "accepts": channel.accepts + (("MAP LOS",) if channel.is_field else ()),
            }
        )
        for channel in known.channels
    )
    return known.model_copy(update={"channels": channels})
