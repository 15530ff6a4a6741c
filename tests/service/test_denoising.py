"""A denoiser through the running service: HMI's own pixels in and out, and what is refused."""

from __future__ import annotations

import io
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
import torch
from astropy.io import fits

from deploy.local_triton.processes import PATIENCE_S
from farside.disk.native_pixels import NativeGrid
from farside.magnetogram.magnetogram import Magnetogram
from farside.model import checkpoint
from farside.model.networks.denoiser import Generator
from farside.model.recipe import NetworkSpec, Recipe
from farside.observation.image import read
from farside.quality import Quality
from tests.support.instrument_files import Camera, euvi_cards, file_bytes
from tests.support.live import serving
from tests.support.moved_files import with_cards
from tests.support.native_model import CAMERA, NATIVE, TILING, hmi_file

LAYERS: dict[str, bool | int | float | str] = {
    "n_gf": 2,
    "n_downsample": 2,
    "n_residual": 1,
    "additive": True,
}


def recipe() -> Recipe:
    network = NetworkSpec(name="denoiser:Generator", arguments=LAYERS)
    grid = TILING.model_copy(update={"tile_px": 240})
    return NATIVE.model_copy(
        update={"name": "quiet", "version": "1", "network": network, "grid": grid}
    )


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("denoising")
    torch.manual_seed(3)
    network = Generator(1, 1, n_gf=2, n_downsample=2, n_residual=1, additive=True)
    path = folder / "models" / "quiet" / "1" / checkpoint.FILE_NAME
    path.parent.mkdir(parents=True)
    checkpoint.write(path, network.state_dict(), recipe())
    with (
        serving(folder / "served", model_repository=folder / "models", threads=1) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_S) as connected,
    ):
        yield connected


def post(client: httpx.Client, data: bytes, role: str = "observation") -> httpx.Response:
    return client.post("/generate", files=[(role, ("hmi.fits", data))], data={"model": "quiet"})


def refused(answer: httpx.Response, kind: str) -> str:
    body = answer.json()
    assert (answer.status_code, body["type"]) == (422, kind), body
    sentence: str = body["error"]
    return sentence


@pytest.fixture
def _served_afterwards(client: httpx.Client) -> Iterator[None]:
    yield
    assert post(client, hmi_file()).status_code == 200


def test_a_magnetogram_comes_back_in_its_own_pixels_with_the_header_of_hmi(
    client: httpx.Client,
) -> None:
    answer = post(client, hmi_file())
    assert answer.status_code == 200, answer.text
    made = Magnetogram.read(answer.content)
    assert isinstance(made.grid, NativeGrid)
    assert made.image.shape == (CAMERA.size_px, CAMERA.size_px)
    assert made.grid.roll_deg == pytest.approx(CAMERA.roll_deg)
    assert made.grid.sun_centre_px == pytest.approx(tuple(CAMERA.centre_px), abs=1e-3)
    on_disk = made.grid.on_disk()
    changed = (made.image - read(hmi_file()).pixels)[on_disk]
    assert np.isfinite(changed).all()
    assert changed.std() > 0
    again = read(answer.content)
    assert str(again.origin) == str(read(hmi_file()).origin)
    assert Quality.RESTORED in again.origin.quality
    header = fits.getheader(io.BytesIO(answer.content))
    assert (header["T_REC"], header["CADENCE"]) == ("2011.02.14_20:34:30_TAI", 45.0)
    assert (header["CONTENT"], header["AIGEN"], header["AIMODEL"]) == ("MAGNETOGRAM", True, "quiet")


def test_cards_that_cannot_be_written_are_left_out_of_the_product(client: httpx.Client) -> None:
    answer = post(client, with_cards(hmi_file(), OBS_VR="nan", CADENCE="1E400", CAR_ROT="9" * 60))
    assert answer.status_code == 200, answer.text
    header = fits.getheader(io.BytesIO(answer.content))
    assert not {"OBS_VR", "CADENCE", "CAR_ROT"} & set(header)
    assert header["T_REC"] == "2011.02.14_20:34:30_TAI"


@pytest.mark.usefixtures("_served_afterwards")
def test_light_is_refused_with_what_is_wanted(client: httpx.Client) -> None:
    camera = Camera()
    disk = camera.sees(lambda x, y: 700 + np.where(np.hypot(x, y) < 1, 200 + 50 * x, 0))
    light = file_bytes(euvi_cards(camera), disk.astype(np.uint16))
    sentence = refused(post(client, light), "UnexpectedImageError")
    assert "EUVI-A 304" in sentence
    assert "quiet wants HMI LOS as observation" in sentence


@pytest.mark.usefixtures("_served_afterwards")
def test_a_magnetogram_in_the_wrong_role_is_refused_with_the_right_one(
    client: httpx.Client,
) -> None:
    answer = client.post(
        "/generate",
        files=[(role, ("hmi.fits", hmi_file())) for role in ("observation", "reference")],
        data={"model": "quiet"},
    )
    sentence = refused(answer, "UnexpectedImageError")
    assert "given as reference" in sentence
    assert "quiet wants HMI LOS as observation" in sentence


@pytest.mark.usefixtures("_served_afterwards")
def test_pixels_of_another_size_are_refused_with_both_sizes(client: httpx.Client) -> None:
    sentence = refused(post(client, hmi_file(Camera(radius_px=110.0))), "ImplausibleGeometryError")
    assert f"expected {TILING.pixel_arcsec:.3f}" in sentence
    assert f"got pixels of {Camera(radius_px=110.0).scale_arcsec:.3f} arcsec" in sentence


@pytest.mark.usefixtures("_served_afterwards")
def test_a_magnetogram_smaller_than_a_tile_is_refused_with_its_size(client: httpx.Client) -> None:
    sentence = refused(post(client, hmi_file(Camera(220, 100.0))), "ImplausibleGeometryError")
    assert "got 220 by 220 pixels, expected a square of at least 240" in sentence


@pytest.mark.usefixtures("_served_afterwards")
def test_a_restored_magnetogram_may_be_restored_again_and_says_so(client: httpx.Client) -> None:
    once = post(client, hmi_file()).content
    twice = post(client, once)
    assert twice.status_code == 200, twice.text
    assert Quality.RESTORED in Magnetogram.read(twice.content).quality
