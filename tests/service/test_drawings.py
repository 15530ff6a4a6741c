"""A drawing and its side-car over the wire, and what is said of those that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from deploy.local_triton.processes import PATIENCE_S
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.checkpoint import FILE_NAME
from tests.service.test_live import refused
from tests.support.drawn_suns import Plain, encoded, side_car
from tests.support.live import serving
from tests.support.native_model import hmi_file
from tests.support.small_drawings import RECIPE, write_model

Parts = list[tuple[str, tuple[str, bytes]]]

DRAWING = "observation", ("sun.png", encoded(Plain().picture((0.3, 0.2), (0.35, 0.18))))
SIDE_CAR = "observation", ("sun.json", side_car(north_up=True))
GOOD: Parts = [DRAWING, SIDE_CAR]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("drawings")
    write_model(folder / "models" / "drawing" / RECIPE.version / FILE_NAME)
    with (
        serving(folder / "server", model_repository=folder / "models", threads=1) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_S) as connected,
    ):
        yield connected


def test_a_drawing_becomes_a_magnetogram_with_images_of_aia(client: httpx.Client) -> None:
    answer = client.post("/generate", files=GOOD, data={"model": "drawing"})
    assert answer.status_code == 200, answer.text
    made = Magnetogram.read(answer.content)
    assert [view.band for view in made.brightness] == ["AIA 304", "AIA 193", "AIA 171"]
    assert made.spacecraft == "EARTH"
    assert str(made.inputs[0].origin) == "DRAWING WHITE 2014-04-01T15:00:00"
    on_disk = made.disk.on_disk()
    assert all(np.isfinite(view.image[on_disk]).all() for view in made.brightness)


def test_a_picture_of_it_is_given_too(client: httpx.Client) -> None:
    answer = client.post("/generate", files=GOOD, data={"model": "drawing", "format": "png"})
    assert answer.content.startswith(b"\x89PNG")


@pytest.mark.usefixtures("_served_afterwards")
class TestBadInput:
    """Each is one sentence about that file, and the next request is served."""

    @pytest.fixture
    def _served_afterwards(self, client: httpx.Client) -> Iterator[None]:
        yield
        assert client.post("/generate", files=GOOD).status_code == 200

    def test_no_side_car(self, client: httpx.Client) -> None:
        answer = client.post("/generate", files=[DRAWING])
        sentence = refused(answer, 422, "MissingMetadataError")
        assert "a side-car of its name" in sentence
        assert answer.json()["files"] == ["sun.png"]

    def test_a_side_car_without_a_position_angle(self, client: httpx.Client) -> None:
        files = [DRAWING, ("observation", ("sun.json", side_car()))]
        sentence = refused(client.post("/generate", files=files), 422, "MissingMetadataError")
        assert "position_angle_deg or north_up" in sentence

    def test_no_disk(self, client: httpx.Client) -> None:
        blank = encoded(Plain().picture((0.2, 0.1), limb=False))
        files = [("observation", ("sun.png", blank)), SIDE_CAR]
        sentence = refused(client.post("/generate", files=files), 422, "NoDiskError")
        assert "in a drawn disk" in sentence

    def test_a_side_car_alone(self, client: httpx.Client) -> None:
        sentence = refused(client.post("/generate", files=[SIDE_CAR]), 422, "SideCarError")
        assert "sun.json: no drawing of this name" in sentence

    def test_a_side_car_that_is_none(self, client: httpx.Client) -> None:
        files = [DRAWING, ("observation", ("sun.json", b'{"date": "1612-06-23"}'))]
        assert "date" in refused(client.post("/generate", files=files), 422, "SideCarError")

    @pytest.mark.parametrize("kept", [40, 2000])
    def test_a_truncated_picture(self, client: httpx.Client, kept: int) -> None:
        name, content = DRAWING[1]
        files = [("observation", (name, content[:kept])), SIDE_CAR]
        answer = client.post("/generate", files=files)
        assert "corrupt PNG" in refused(answer, 400, "UnreadablePictureError")

    def test_a_magnetogram_instead(self, client: httpx.Client) -> None:
        files = [("observation", ("hmi.fits", hmi_file()))]
        sentence = refused(client.post("/generate", files=files), 422, "UnexpectedImageError")
        assert "wants DRAWING WHITE as observation" in sentence

    def test_two_drawings(self, client: httpx.Client) -> None:
        more = [("observation", (f"moon.{end}", each[1][1])) for end, each in
                (("png", DRAWING), ("json", SIDE_CAR))]  # fmt: skip
        answer = client.post("/generate", files=[*GOOD, *more])
        assert "expected one" in refused(answer, 422, "DuplicateChannelError")
