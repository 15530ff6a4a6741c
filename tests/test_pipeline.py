"""The story from real files to a product, with a network of one line."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import reproject
import sunpy

from farside.engine import Model, Tensor, find_model
from farside.errors import IncompleteSetError, UnknownModelError
from farside.magnetogram import Magnetogram
from farside.observation import read
from farside.pipeline import generate
from farside.quality import Quality
from farside.recipe import Channel, Linear, MedianLog, Recipe, Timing
from farside.registration import register

EUVI = Path(reproject.__file__).parent / "tests" / "data" / "secchi_l0_a.fits"
AIA = Path(sunpy.__file__).parent / "data" / "test" / "aia_171_level1.fits"

TEMPLATE = Recipe.from_toml((Path(__file__).parent / "golden" / "recipe.toml").read_text())
RECIPE = TEMPLATE.model_copy(
    update={
        "channels": (
            Channel(
                role="observation", accepts=("EUVI 171",), scaling=MedianLog(low=0.01, high=100)
            ),
            Channel(role="reference", accepts=("AIA 171",), scaling=Linear(scale=1500.0)),
        ),
        # The two images are of one day; Eq. 5 asks for a reference of a week before.
        "timing": Timing(spread_hours=3, usual_lag_hours=3, greatest_lag_hours=240),
    }
)


class ReferenceEngine:
    """Answers with the reference channel: what a model that knows no physics would say."""

    name = "reference"
    precision = "float32"

    def models(self) -> dict[str, Model]:
        return {"demo": Model(RECIPE, "ab" * 32)}

    def ready(self) -> bool:
        return True

    def buffer(self, model: str, batch: int = 1) -> Tensor:
        size = self.models()[model].recipe.grid.size_px
        return np.empty((batch, 2, size, size), dtype=np.float32)

    def infer(self, model: str, tensor: Tensor) -> Tensor:
        assert model == "demo"
        return tensor[:, 1:]

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def made() -> Magnetogram:
    return generate([EUVI], [AIA], "demo", ReferenceEngine())


def test_product_holds_what_the_network_answered_on_the_disk(made: Magnetogram) -> None:
    expected = register(read(AIA), RECIPE.grid).image
    np.testing.assert_allclose(made.image, expected, rtol=1e-6)


def test_product_has_the_view_of_the_far_side_spacecraft(made: Magnetogram) -> None:
    observation = read(EUVI).origin
    assert made.spacecraft == "STEREO_A"
    assert made.observer == observation.observer
    assert made.time.isot == observation.time.isot


def test_product_names_its_inputs_with_the_hash_of_the_files(made: Magnetogram) -> None:
    assert [given.origin.name for given in made.inputs] == [EUVI.name, AIA.name]
    assert [given.origin.sha256 for given in made.inputs] == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in (EUVI, AIA)
    ]


def test_reference_of_the_wrong_epoch_is_flagged(made: Magnetogram) -> None:
    assert Quality.OLD_REFERENCE in made.quality


def test_bytes_and_paths_give_the_same_field(made: Magnetogram) -> None:
    again = generate([EUVI.read_bytes()], [AIA.read_bytes()], "demo", ReferenceEngine())
    np.testing.assert_array_equal(again.image, made.image)


def test_product_written_of_real_files_reads_back(made: Magnetogram) -> None:
    assert Magnetogram.read(made.to_bytes()) == made


def test_missing_reference_is_said(made: Magnetogram) -> None:
    with pytest.raises(IncompleteSetError, match="no image for AIA 171 as reference"):
        generate([EUVI], [], "demo", ReferenceEngine())


def test_unknown_model_is_refused_before_a_file_is_read() -> None:
    with pytest.raises(UnknownModelError, match="no model 'aisfm' is loaded: got demo"):
        generate(["no such file"], [], "aisfm", ReferenceEngine())


def test_loaded_model_is_found_by_name() -> None:
    assert find_model(ReferenceEngine(), "demo").identity == "ab" * 32
