"""
Train and score a small model
=============================

From simulated suns to a model file and its scores, in about a minute.

Needs the extra ``training`` and a clone of the repository. The network is that of farside-1 on 64
pixels: the reference field, rotated into view, plus a correction from EUV where the reference is
old. Three suns and a hundred steps are enough for it to find, on a Sun that it has not seen, the
regions that have emerged since the reference.
"""

import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import farside
from export.publish import publish
from farside.evaluation.metrics import correlation, persistence
from farside.model.recipe import Recipe
from farside.pipeline import translate
from farside.sun.grid import Grid
from training.config import Config, Data, Optimiser, Run
from training.data import Campaign, open_store, simulate
from training.losses import LossWeights
from training.train import LOSSES, MODEL, train
from training.variations import LeftOut

# %%
# A Recipe says what goes in and what comes out. This is that of farside-1, with a smaller
# network on a coarser grid.

clone = next(
    folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "training").is_dir()
)
text = (clone / "training" / "recipes" / "farside-1-coarse.toml").read_text()
for old, new in (
    ('"farside-1-coarse"', '"small"'),
    ("size_px = 128", "size_px = 64"),
    ("disk_radius_px = 56.25", "disk_radius_px = 28.125"),
    ("n_gf = 32, levels = 4, n_blocks = 2", "n_gf = 16, levels = 3, n_blocks = 1"),
    ("n_deep = 4", "n_deep = 2"),
):
    text = text.replace(old, new)
work = Path(tempfile.mkdtemp())
(work / "small.toml").write_text(text)
recipe = Recipe.from_toml(text)
print(*recipe.channels, sep="\n")

# %%
# Suns to learn from, and another one to score on: a Sun is never in both.

grid = Grid(64, 28.125)
suns, unseen = work / "suns.zarr", work / "unseen.zarr"
simulate(suns, Campaign(grid, 1_000_000, seeds=3, epochs=1, times=3, sdo_too=True))
simulate(unseen, Campaign(grid, 3, seeds=1, epochs=1, times=5, test=True))

# %%
# The objective is that of farside-1: the likelihood of the field, and scores of its strength and
# polarity. In three of ten samples there is no reference.

config = Config(
    recipe=work / "small.toml",
    data=Data(
        store=suns,
        validation=unseen,
        greatest_shift_deg=180.0,
        crop_margin_px=0,
        mirror=True,
        mirror_east_west=0.2,
        left_out=LeftOut(reference=0.3),
    ),
    weights=LossWeights(
        adversary=0.0,
        features=0.0,
        concordance=0.0,
        weak_scale=0.1,
        likelihood=1.0,
        strength=0.5,
        strength_concordance=0.1,
        polarity=0.5,
    ),
    optimiser=Optimiser(rate=2e-3, betas=(0.9, 0.99), schedule="cosine", warmup=10, clip=1.0),
    run=Run(iterations=120, batch=8, validate_every=40, accelerator="cpu", precision="32-true"),
)
train(config, work / "run")

# %%
# The trained file is published and opened as any model is. Persistence, the reference rotated into
# view, is what it must beat, in the field B and in its strength abs(B).

publish(work / "run" / MODEL, work / "models")
models = farside.load_models(work / "models")
engine, model = models.engine("small"), models["small"]
store = open_store(unseen)
cases = []
for sample in (store[index] for index in store.select("test")):
    made = translate(sample.stack(recipe), model, engine)
    kept = persistence(sample.referenced[-1], made.observer, made.time)
    truth = sample.truth.image
    scores = (
        correlation(made.image, truth, grid),
        correlation(kept, truth, grid),
        correlation(made.unsigned, np.abs(truth), grid),
        correlation(np.abs(kept), np.abs(truth), grid),
    )
    cases.append((sample.pair.age_days, scores, (truth, kept, made.image, made.unsigned)))
cases.sort(key=lambda case: case[0])
ages = [case[0] for case in cases]
field, field_kept, strength, strength_kept = np.array([case[1] for case in cases]).T
old = np.array(ages) > 7
print("mean correlation with references older than a week, model and persistence:")
print(f"B       {field[old].mean():.2f}  {field_kept[old].mean():.2f}")
print(f"abs(B)  {strength[old].mean():.2f}  {strength_kept[old].mean():.2f}")

# %%
# Above, the case with the oldest reference. Persistence lacks what has emerged since; the model
# finds its strength in EUV, and leaves the sign open where EUV does not tell it. Below, the loss
# and all cases.

age, _, images = cases[-1]
figure, axes = plt.subplot_mosaic(
    [["truth", "kept", "field", "strength"], ["loss", "loss", "ages", "ages"]],
    figsize=(12, 6.4),
    height_ratios=(1.15, 1),
    layout="constrained",
)
titles = ("truth", f"persistence, {age:.0f} days old", "model, B", "model, abs(B)")
for name, image, title in zip(("truth", "kept", "field", "strength"), images, titles, strict=True):
    axes[name].imshow(image, cmap="gray", vmin=-80, vmax=80, origin="lower")
    axes[name].set_title(title)
    axes[name].set_axis_off()
lines = (work / "run" / LOSSES).read_text().splitlines()
losses = np.array([json.loads(line)["generator"] for line in lines])
axes["loss"].plot(losses, color="0.75", lw=0.8)
axes["loss"].plot(np.arange(9, len(losses)), np.convolve(losses, np.full(10, 0.1), "valid"), "k")
axes["loss"].set(xlabel="step", ylabel="loss; black, mean of ten steps")
axes["ages"].plot(ages, strength, "s-", color="tab:orange", label="abs(B), model")
axes["ages"].plot(ages, strength_kept, "s:", color="tab:blue", label="abs(B), persistence")
axes["ages"].plot(ages, field, "o-", color="tab:orange", mfc="w", label="B, model")
axes["ages"].plot(ages, field_kept, "o:", color="tab:blue", mfc="w", label="B, persistence")
axes["ages"].set(
    xlabel="age of the reference, days", ylabel="correlation with the truth", ylim=(-0.1, 1.05)
)
axes["ages"].legend(ncols=2)
plt.show()
