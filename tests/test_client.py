"""Client: requests sent, and handling of answers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from email import message_from_bytes
from email.message import Message
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
import sunpy.map
from astropy.io import fits
from astropy.time import Time

from farside import errors
from farside.client import MAX_WAIT_S, Client
from farside.model.engine import Model
from farside.model.recipe import (
    Channel,
    FieldPlane,
    Linear,
    MedianLog,
    NetworkSpec,
    Recipe,
    Score,
    Timing,
    Training,
)
from farside.observation.image import read
from farside.sun.grid import Grid
from tests.support.native_model import hmi_file

Handler = Callable[[httpx.Request], httpx.Response]

RECIPE = Recipe(
    name="tiny",
    version="1",
    title="A tiny network",
    licence="BSD-3-Clause",
    network=NetworkSpec(name="pix2pixcc:Generator", arguments={"n_gf": 4}),
    grid=Grid(64, 28.0),
    channels=(
        Channel(role="observation", accepts=("EUVI 304",), scaling=MedianLog(low=0.01, high=20)),
        Channel(role="reference", accepts=("HMI LOS",), scaling=Linear(scale=1500)),
    ),
    outputs=(
        FieldPlane(
            quantity="line-of-sight magnetic field", unit="gauss", scaling=Linear(scale=1500)
        ),
    ),
    timing=Timing(spread_hours=1, usual_lag_hours=6, greatest_lag_hours=48),
    training=Training(
        data="NONE",
        description="untrained",
        reference_age_days=(0.5, 13.5),
        dates=(date(2011, 1, 1), date(2011, 12, 31)),
    ),
    scores=(Score(measure="cc", value=0.7, command="python -m training.score"),),
)


def image() -> fits.HDUList:
    return fits.HDUList([fits.PrimaryHDU(np.arange(6, dtype=np.float32).reshape(2, 3))])


def content(hdus: fits.HDUList) -> bytes:
    file = BytesIO()
    hdus.writeto(file)
    return file.getvalue()


PRODUCT = content(image())


def served(handler: Handler, retries: int = 3) -> Client:
    return Client("http://sun.test", retries=retries, transport=httpx.MockTransport(handler))


def refusal(status: int, kind: str, **headers: str) -> httpx.Response:
    body = {
        "error": "what, got, expected",
        "type": kind,
        "files": ["AIA 304 x"],
        "request_id": "r1",
    }
    return httpx.Response(status, json=body, headers=headers)


def parts(request: httpx.Request) -> list[Message]:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    return list(message_from_bytes(head + request.content).get_payload())


def boundary(request: httpx.Request) -> bytes:
    found: bytes = request.headers["content-type"].partition("boundary=")[2].encode()
    return found


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Delays before retries, seconds, recorded instead of slept."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


def test_paths_bytes_and_hdulists_travel_as_the_same_parts(tmp_path: Path) -> None:
    seen: list[Message] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.extend(parts(request))
        return httpx.Response(200, content=PRODUCT)

    path = tmp_path / "a.fts"
    path.write_bytes(PRODUCT)
    with served(handler) as client:
        client.generate([path, str(path)], [PRODUCT, image()], model="tiny")
    names = [str(part.get_param("name", header="content-disposition")) for part in seen]
    files = [part.get_payload(decode=True) for part in seen if part.get_filename()]
    assert sorted(map(str, names)) == [
        "model",
        "observation",
        "observation",
        "reference",
        "reference",
    ]
    assert files == [PRODUCT] * 4
    assert Counter(part.get_filename() for part in seen)["a.fts"] == 2


def test_one_sunpy_map_travels_without_a_list(tmp_path: Path) -> None:
    seen: list[Message] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.extend(parts(request))
        return httpx.Response(200, content=PRODUCT)

    path = tmp_path / "hmi.fits"
    path.write_bytes(hmi_file())
    with served(handler) as client:
        client.generate(sunpy.map.Map(path))
    (part,) = seen
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    sent, given = read(payload), read(path)
    assert str(sent.origin) == str(given.origin)
    np.testing.assert_array_equal(sent.pixels, given.pixels)


def test_the_product_comes_back_as_an_hdulist() -> None:
    with served(lambda _: httpx.Response(200, content=PRODUCT)) as client:
        hdus = client.generate([b"x"], [b"y"])
    assert np.array_equal(hdus[0].data, image()[0].data)


def test_out_writes_the_product_and_nothing_else(tmp_path: Path) -> None:
    with served(lambda _: httpx.Response(200, content=PRODUCT)) as client:
        path = client.generate([b"x"], [b"y"], out=tmp_path / "far.fits")
    assert path.read_bytes() == PRODUCT
    assert list(tmp_path.iterdir()) == [path]


def test_a_refused_request_leaves_an_earlier_product_alone(tmp_path: Path) -> None:
    out = tmp_path / "far.fits"
    out.write_bytes(b"earlier")
    with served(lambda _: refusal(422, "SetError")) as client, pytest.raises(errors.SetError):
        client.generate([b"x"], [b"y"], out=out)
    assert out.read_bytes() == b"earlier"


@pytest.mark.parametrize("kind", [name for name in vars(errors) if name.endswith("Error")])
def test_an_error_of_the_service_is_raised_as_its_own_class(kind: str) -> None:
    with served(lambda _: refusal(422, kind)) as client, pytest.raises(errors.FarsideError) as got:
        client.generate([b"x"], [b"y"])
    assert type(got.value) is getattr(errors, kind)
    assert str(got.value) == "what, got, expected"
    assert got.value.files == ("AIA 304 x",)
    assert got.value.__notes__ == ["request id r1"]


@pytest.mark.parametrize("kind", ["SystemExit", "annotations", "__doc__", "NoSuchError"])
def test_a_type_outside_the_tree_is_a_service_error(kind: str) -> None:
    with served(lambda _: refusal(422, kind)) as client, pytest.raises(errors.ServiceError):
        client.generate([b"x"], [b"y"])


@pytest.mark.parametrize("text", ["<html>Bad Gateway</html>", "[]", '{"error": 1}'])
def test_an_answer_that_is_not_of_the_service_says_so(text: str) -> None:
    with (
        served(lambda _: httpx.Response(502, text=text)) as client,
        pytest.raises(errors.ServiceError, match="answered 502"),
    ):
        client.generate([b"x"], [b"y"])


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, "OverloadedError"), (503, "EngineUnavailableError"), (503, "StoppingError")],
)
def test_a_full_service_is_asked_again_after_the_time_it_names(
    status: int, kind: str, naps: list[float]
) -> None:
    first = refusal(status, kind, **{"retry-after": "7"})
    answers = iter([first, httpx.Response(200, content=PRODUCT)])
    with served(lambda _: next(answers)) as client:
        assert len(client.generate([b"x"], [b"y"])) == 1
    assert naps == [7.0]


def test_asking_again_ends(naps: list[float]) -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return refusal(429, "OverloadedError", **{"retry-after": "9999"})

    with served(handler, retries=2) as client, pytest.raises(errors.OverloadedError):
        client.generate([b"x"], [b"y"])
    assert len(asked) == 3
    assert naps == [MAX_WAIT_S] * 2


@pytest.mark.parametrize(
    "lost",
    [
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("disconnected without an answer"),
    ],
)
def test_a_service_that_went_before_it_answered_is_asked_again(
    lost: httpx.TransportError, naps: list[float]
) -> None:
    bodies: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read().replace(boundary(request), b""))
        if len(bodies) < 3:
            raise lost
        return httpx.Response(200, content=PRODUCT)

    with served(handler) as client:
        assert len(client.generate([b"x"], [b"y"])) == 1
    assert naps == [1.0, 2.0]
    assert bodies == bodies[:1] * 3


def test_a_service_that_stays_away_is_a_connection_failure(naps: list[float]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with (
        served(handler, retries=2) as client,
        pytest.raises(errors.ConnectionFailedError, match="refused"),
    ):
        client.generate([b"x"], [b"y"])
    assert naps == [1.0, 2.0]


def test_what_no_waiting_mends_is_not_tried_again(naps: list[float]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.UnsupportedProtocol("no such protocol")

    with served(handler) as client, pytest.raises(errors.ConnectionFailedError):
        client.generate([b"x"], [b"y"])
    assert naps == []


def test_a_retry_after_that_is_a_date_is_waited_for_one_second(naps: list[float]) -> None:
    first = refusal(429, "OverloadedError", **{"retry-after": "Fri, 20 Nov 2026 12:00:00 GMT"})
    answers = iter([first, httpx.Response(200, content=PRODUCT)])
    with served(lambda _: next(answers)) as client:
        client.generate([b"x"], [b"y"])
    assert naps == [1.0]


def test_a_timeout_is_a_deadline_error() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    with served(handler) as client, pytest.raises(errors.DeadlineError, match="300 s"):
        client.models()


def test_no_service_at_the_address_is_a_connection_failure() -> None:
    with (
        Client("http://127.0.0.1:1") as client,
        pytest.raises(errors.ConnectionFailedError, match=r"127\.0\.0\.1:1"),
    ):
        client.ready()


@pytest.mark.parametrize(
    "url", ["localhost:34100", "sun.test", "ftp://sun.test", "http://", "http://sun.test:port"]
)
def test_what_is_no_address_of_a_service_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(errors.ConnectionFailedError) as got:
        Client(url)
    assert repr(url) in str(got.value)
    assert "http://localhost:3000" in str(got.value)


def test_models_come_back_as_recipes() -> None:
    card = {"identity": "abc"} | json.loads(RECIPE.to_json())
    with served(lambda _: httpx.Response(200, json={"models": [card]})) as client:
        assert client.models() == {"tiny": Model(RECIPE, "abc")}


@pytest.mark.parametrize(("status", "ready"), [(200, True), (503, False)])
def test_ready_says_what_the_service_says(status: int, ready: bool) -> None:
    with served(lambda _: httpx.Response(status)) as client:
        assert client.ready() is ready


def mapped(name: str = "farside_synchronic_20181106T000430.fits") -> httpx.Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return httpx.Response(200, content=PRODUCT, headers=headers)


def test_a_map_is_asked_for_with_its_disks_base_and_settings() -> None:
    seen: dict[str, list[object]] = {}

    def handler(request: httpx.Request) -> httpx.Response:
        for part in parts(request):
            name = str(part.get_param("name", header="content-disposition"))
            seen.setdefault(name, []).append(part.get_payload(decode=True))
        return mapped()

    with served(handler) as client:
        client.synchronic(
            [b"H"],
            [b"A", b"B"],
            b"G",
            time=Time("2026-11-01T00:00:00"),
            format="gong",
            flux_scale=0.65,
            allow_saturating=True,
        )
    assert seen == {
        "observed": [b"H"],
        "generated": [b"A", b"B"],
        "base": [b"G"],
        "time": [b"2026-11-01T00:00:00.000"],
        "format": [b"gong"],
        "flux_scale": [b"0.65"],
        "allow_saturating": [b"true"],
    }


def test_a_map_of_nothing_is_asked_for_as_a_form_too() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"].startswith("multipart/form-data")
        return refusal(422, "IncompleteSetError")

    with served(handler) as client, pytest.raises(errors.IncompleteSetError):
        client.synchronic()


def test_a_map_keeps_the_name_that_is_part_of_its_format(tmp_path: Path) -> None:
    with served(lambda _: mapped("mrzqs181106t0004c2210_166.fits.gz")) as client:
        path = client.synchronic([b"H"], format="gong").write_to(tmp_path / "new")
    assert path == tmp_path / "new" / "mrzqs181106t0004c2210_166.fits.gz"
    assert path.read_bytes() == PRODUCT
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["../up.fits", "/etc/passwd", ".bashrc", "", "a\\b.fits"])
def test_a_name_that_leads_elsewhere_is_not_taken(name: str) -> None:
    with (
        served(lambda _: mapped(name)) as client,
        pytest.raises(errors.ServiceError, match="no plain file name"),
    ):
        client.synchronic([b"H"])


@pytest.mark.parametrize(
    ("given", "environment", "sent"),
    [
        (None, None, None),
        ("farside_a", None, "Bearer farside_a"),
        (None, "farside_b\n", "Bearer farside_b"),
        ("farside_a", "farside_b", "Bearer farside_a"),
    ],
)
def test_an_api_key_goes_with_every_request(
    given: str | None,
    environment: str | None,
    sent: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FARSIDE_API_KEY", raising=False)
    if environment:
        monkeypatch.setenv("FARSIDE_API_KEY", environment)
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization"))
        return httpx.Response(200, json={"models": []})

    with Client("http://sun", api_key=given, transport=httpx.MockTransport(answer)) as client:
        client.models()
        client.ready()
    assert seen == [sent, sent]


def state(**changes: object) -> httpx.Response:
    job = {
        "id": "j1", "state": "queued", "position": 1, "progress": None, "failure": None,
        "created": "2026-11-01T00:00:00Z", "started": None, "ended": None, "expires": None,
        "request_id": "r1",
    }  # fmt: skip
    return httpx.Response(200, json=job | changes)


def test_a_job_may_name_a_time_or_addresses_in_place_of_files() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return state()

    with served(handler) as client:
        client.submit(time=Time("2026-11-01T00:00:00"), spacecraft="B", model="tiny")
        client.submit("s3://in/a.fts", ["s3://in/b.fits"], output="s3://out/far.fits")
    fetch, addresses = (json.loads(request.content) for request in seen)
    assert fetch == {
        "kind": "fetch", "time": "2026-11-01T00:00:00.000", "spacecraft": "B", "beacon": False,
        "model": "tiny",
    }  # fmt: skip
    assert addresses == {
        "kind": "addresses", "observation": ["s3://in/a.fts"], "reference": ["s3://in/b.fits"],
        "output": "s3://out/far.fits",
    }  # fmt: skip
    assert len({request.headers["idempotency-key"] for request in seen}) == 2


def test_a_submission_that_is_sent_again_keeps_its_key(naps: list[float]) -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["idempotency-key"])
        return refusal(503, "StoppingError") if len(seen) == 1 else state()

    with served(handler) as client:
        assert client.submit(PRODUCT).id == "j1"
    assert len(seen) == 2
    assert len(set(seen)) == 1


def test_waiting_for_a_job_tells_its_tiles_and_has_an_end(naps: list[float]) -> None:
    running = {"state": "running", "position": None}
    tiles = [{"stage": "infer", "done": done, "parts": 4} for done in (1, 3)]
    answers = [state(), *(state(**running, progress=each) for each in tiles), state(state="done")]
    told: list[tuple[int, int]] = []
    with served(lambda _: answers.pop(0) if answers else state()) as client:
        job = client.job("j1")
        assert job.wait(progress=lambda done, parts: told.append((done, parts))).state == "done"
        with pytest.raises(errors.DeadlineError, match="the job is queued after 0 s"):
            job.wait(timeout=0)
    assert told == [(1, 4), (3, 4)]
