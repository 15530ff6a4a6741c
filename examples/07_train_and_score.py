"""
Train and score a small model
=============================

From simulated suns to a model file, and its correlation with the truth, in under a minute.

Needs the extra ``training`` and a clone of the repository. The network is a Pix2PixCC of 64 pixels,
trained on four suns for some hundred steps: enough to see how it is done, and that it learns.
"""

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
from training.config import Config, Data, Initialisation, Optimiser, Run
from training.data import Campaign, open_store, simulate
from training.losses import LossWeights
from training.train import MODEL, train

# %%
# A Recipe says what goes in and what comes out. This is that of the demonstration, on a small grid.

clone = next(
    folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "training").is_dir()
)
text = (clone / "training" / "recipes" / "pix2pixcc-demo.toml").read_text()
for old, new in (
    ('"pix2pixcc-demo"', '"small"'),
    ("size_px = 256", "size_px = 64"),
    ("disk_radius_px = 112.5", "disk_radius_px = 28.125"),
    ("n_downsample = 3, n_residual = 6", "n_downsample = 2, n_residual = 2"),
):
    text = text.replace(old, new)
work = Path(tempfile.mkdtemp())
(work / "small.toml").write_text(text)
recipe = Recipe.from_toml(text)
print(*recipe.channels, sep="\n")

# %%
# Suns to learn from and other suns to score on; a Sun is never in both.

grid = Grid(64, 28.125)
simulate(work / "suns.zarr", Campaign(grid, 1_000_000, seeds=4, epochs=1, times=3))
simulate(work / "others.zarr", Campaign(grid, 3, seeds=2, epochs=1, times=3, test=True))

# %%
# The objective is the concordance of Pix2PixCC alone, for the field, weak field and its strength.

config = Config(
    recipe=work / "small.toml",
    data=Data(
        store=work / "suns.zarr", validation=work / "others.zarr", crop_margin_px=0, mirror=True
    ),
    weights=LossWeights(adversary=0.0, features=0.0, concordance=1.0, weak=0.5, unsigned=0.25),
    optimiser=Optimiser(rate=2e-3, schedule="cosine", warmup=10, clip=1.0),
    initialisation=Initialisation(head_std=1e-3),
    run=Run(iterations=120, batch=4, validate_every=40, accelerator="cpu", precision="32-true"),
)
train(config, work / "run")

# %%
# The trained file is published and opened as any model is. Persistence, the reference rotated into
# view, is what it must beat.

publish(work / "run" / MODEL, work / "models")
models = farside.load_models(work / "models")
engine, model = models.engine("small"), models["small"]
others = open_store(work / "others.zarr")
cases = []
for index in others.select("test"):
    sample = others[index]
    made = translate(sample.stack(recipe), model, engine)
    kept = persistence(sample.referenced[-1], made.observer, made.time)
    truth = sample.truth.image
    scores = [correlation(image, truth, grid) for image in (made.image, kept)]
    cases.append((sample.pair.age_days, *scores, made.image, kept, truth))
ages, learnt, rotated = (np.array([case[n] for case in cases]) for n in range(3))
print(f"correlation, model {learnt.mean():.2f}, persistence {rotated.mean():.2f}")

# %%
# The case with the oldest reference, and all cases by the age of their reference.

oldest = cases[int(np.argmax(ages))]
figure, axes = plt.subplots(1, 4, figsize=(14, 3.9), layout="constrained")
titles = ("model", f"persistence, {oldest[0]:.0f} days", "truth")
for panel, image, title in zip(axes, oldest[3:], titles, strict=False):
    panel.imshow(image, cmap="gray", vmin=-60, vmax=60, origin="lower")
    panel.set_title(title)
    panel.set_axis_off()
axes[3].plot(ages, learnt, "s", color="tab:orange", label="model")
axes[3].plot(ages, rotated, "o", color="tab:blue", label="persistence")
axes[3].set(
    xlabel="age of the reference, days", ylabel="correlation with the truth", ylim=(-0.2, 1.05)
)
axes[3].axhline(0, color="0.6", lw=0.8)
axes[3].legend()
plt.show()
