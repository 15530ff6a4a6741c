import json
from pathlib import Path

import pytest
import torch

from benchmarks.ablation import CHOICES, Scores, page, parts
from farside.model import checkpoint
from farside.model.recipe import Recipe
from training.config import Config

STORES = Path("suns.zarr"), Path("unseen.zarr")


@pytest.mark.parametrize("name", CHOICES)
def test_each_choice_changes_one_thing_and_gives_a_network_that_can_be_trained(name: str) -> None:
    recipe, config = parts(CHOICES[name], STORES, 5)
    shipped = parts(CHOICES["as shipped"], STORES, 5)
    assert (name == "as shipped") == ((recipe, config) == shipped)
    Config.model_validate(config)
    with torch.device("meta"):
        network = checkpoint.initialise(Recipe.from_json(json.dumps(recipe, default=str)))
    assert network(torch.empty(1, network.input_channels, 64, 64, device="meta")).shape[1] == 4


def test_the_page_has_a_line_for_each_choice() -> None:
    scores = Scores(0.5, 0.9, 0.4, 0.6, 20.0, 0.7, 0.94)
    text = page({"as shipped": scores}, "python -m …", 600, (24, 16))
    assert "| as shipped | 0.500 | 0.900 | 0.400 | 0.600 | 20.0 | 70.0% | 94.0% |" in text
