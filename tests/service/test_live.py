"""The service as a user starts it, over the wire."""

from __future__ import annotations

import asyncio
import gzip
import io
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from astropy.io import fits

from deploy.local_triton.processes import PATIENCE_S
from farside.magnetogram.magnetogram import Magnetogram
from farside.model.engines import embedded
from farside.pipeline import generate
from farside.quality import Quality
from farside.simulation.instruments.files import SimulatedSet
from tests.support.live import Server, eventually
from tests.support.simulated_sets import Later

Part = tuple[str, tuple[str, bytes]]
Parts = list[Part]


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=PATIENCE_S) as connected:
        yield connected


@pytest.fixture(scope="module")
def good(simulated: SimulatedSet) -> Parts:
    return parts_of(simulated)


def parts_of(files: SimulatedSet) -> Parts:
    return [part("observation", path) for path in files.observations] + [
        part("reference", path) for path in files.references
    ]


def part(role: str, path: Path) -> Part:
    return role, (path.name, path.read_bytes())


def replaced(parts: Parts, index: int, content: bytes) -> Parts:
    role, (name, _) = parts[index]
    return [*parts[:index], (role, (name, content)), *parts[index + 1 :]]


def recarded(content: bytes, **cards: str | int | float) -> bytes:
    """The same file with other header cards."""
    file = io.BytesIO()
    with fits.open(io.BytesIO(content), do_not_scale_image_data=True) as hdus:
        for hdu in hdus:
            hdu.header.update({key: value for key, value in cards.items() if key in hdu.header})
        hdus.writeto(file)
    return file.getvalue()


def bomb() -> bytes:
    """1.3 GB of zeros in 1.3 MB."""
    return gzip.compress(bytes(2**26)) * 20


def refused(answer: httpx.Response, status: int, kind: str) -> str:
    """Check the shape of a refusal and give its sentence."""
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"error", "type", "files", "request_id"}
    assert (answer.status_code, body["type"]) == (status, kind), body
    assert body["request_id"] == answer.headers["x-request-id"]
    sentence: str = body["error"]
    return sentence


@pytest.fixture
def _served_afterwards(client: httpx.Client, good: Parts, server: Server) -> Iterator[None]:
    """After a bad request: nothing is left on disk, and the next good request succeeds."""
    before = server.scratch_files()
    yield
    assert client.post("/generate", files=good).status_code == 200
    assert server.scratch_files() == before


def test_the_service_gives_the_product_of_the_pipeline(
    client: httpx.Client, good: Parts, repository: Path, simulated: SimulatedSet
) -> None:
    answer = client.post("/generate", files=good)
    served = Magnetogram.read(answer.content)
    engine = embedded(repository, threads=1)
    made = generate(simulated.observations, simulated.references, "tiny", engine)
    engine.close()
    assert np.allclose(served.image, made.image, rtol=0, atol=1e-3, equal_nan=True)
    assert (served.generator, served.quality) == (made.generator, made.quality)
    assert [i.origin.sha256 for i in served.inputs] == [i.origin.sha256 for i in made.inputs]


def test_gzipped_files_are_read(client: httpx.Client, good: Parts) -> None:
    packed = [(role, (f"{name}.gz", gzip.compress(data, 1))) for role, (name, data) in good]
    one, other = (client.post("/generate", files=files) for files in (good, packed))
    assert np.array_equal(
        Magnetogram.read(one.content).image, Magnetogram.read(other.content).image, equal_nan=True
    )


def test_a_request_keeps_the_id_it_came_with(client: httpx.Client) -> None:
    answer = client.get("/models", headers={"X-Request-Id": "forecast-7"})
    assert answer.headers["x-request-id"] == "forecast-7"


@pytest.mark.parametrize("given", ["a b", "x" * 65, "<script>"])
def test_an_id_that_could_harm_a_log_is_replaced(client: httpx.Client, given: str) -> None:
    answer = client.get("/models", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] not in {given, ""}


def test_the_model_is_shown_with_what_it_wants_and_how_it_was_trained(client: httpx.Client) -> None:
    (model,) = client.get("/models").json()["models"]
    assert model["name"] == "tiny"
    assert len(model["identity"]) == 64
    assert model["channels"][0]["accepts"] == ["EUVI 304"]
    assert model["training"]["data"] == "NONE"
    assert model["training"]["reference_age_days"] == [0.0, 27.0]


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_probe_answers(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_the_page_loads_its_own_files_and_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/")
    scripts = re.findall(r'<script[^>]* src="([^"]+)"', page.text)
    assert scripts
    assert all(client.get(script).is_success for script in scripts)
    assert "http" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_metrics_count_requests_and_time_stages(client: httpx.Client, good: Parts) -> None:
    counted = 'farside_requests_total{endpoint="/generate",model="tiny",outcome="ok"}'

    def count() -> float:
        lines = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines())
        return float(lines.get(counted, 0))

    before = count()
    client.post("/generate", files=good)
    assert count() == before + 1
    text = client.get("/metrics").text
    for stage in ("upload", "read", "register", "encode", "infer", "decode", "write", "vitals"):
        assert f'farside_stage_seconds_count{{stage="{stage}"}}' in text


def test_an_address_that_nobody_serves_adds_no_label(client: httpx.Client) -> None:
    client.get("/wp-admin.php")
    assert "wp-admin" not in client.get("/metrics").text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/generate", 405),
        ("POST", "/models", 405),
        ("POST", "/readyz", 405),
        ("DELETE", "/", 405),
    ],
)
def test_errors_of_the_framework_are_the_same_object(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert path in refused(answer, status, "RequestError")
    assert ("allow" in answer.headers) == (status == 405)


def test_another_content_type_is_refused(client: httpx.Client) -> None:
    answer = client.post("/generate", json={"observation": "http://127.0.0.1/"})
    assert "application/json" in refused(answer, 415, "RequestError")


@pytest.mark.usefixtures("_served_afterwards")
class TestBadInput:
    """Each is refused with its own status, class and sentence, and the next request is served."""

    def test_wrong_band(self, client: httpx.Client, good: Parts) -> None:
        other = recarded(good[0][1][1], WAVELNTH=284)
        answer = client.post("/generate", files=replaced(good, 0, other))
        assert "EUVI-A 284 2026-02-14T" in refused(answer, 422, "UnexpectedImageError")

    def test_file_in_the_wrong_role(self, client: httpx.Client, good: Parts) -> None:
        answer = client.post("/generate", files=[*good, ("observation", good[3][1])])
        sentence = refused(answer, 422, "UnexpectedImageError")
        assert "AIA 304 2026-02-04T" in sentence
        assert answer.json()["files"][0].startswith("AIA 304 2026-02-04T")

    def test_missing_band(self, client: httpx.Client, good: Parts) -> None:
        answer = client.post("/generate", files=good[1:])
        assert "EUVI 304" in refused(answer, 422, "IncompleteSetError")

    def test_two_of_the_same(self, client: httpx.Client, good: Parts) -> None:
        answer = client.post("/generate", files=[*good, good[0]])
        assert "EUVI-A 304 2026-02-14T" in refused(answer, 422, "DuplicateChannelError")
        assert len(answer.json()["files"]) == 2

    def test_reference_missing(self, client: httpx.Client, good: Parts) -> None:
        answer = client.post("/generate", files=good[:3])
        assert "AIA 304 as reference" in refused(answer, 422, "IncompleteSetError")

    def test_times_too_far_apart(self, client: httpx.Client, good: Parts, later: Later) -> None:
        answer = client.post("/generate", files=[parts_of(later(5))[0], *good[1:]])
        assert "EUVI-A 304 2026-02-14T05:00" in refused(answer, 422, "TimesApartError")

    def test_reference_too_far_from_the_epoch(
        self, client: httpx.Client, good: Parts, later: Later
    ) -> None:
        answer = client.post("/generate", files=[*good[:3], *parts_of(later(72))[3:]])
        assert "2026-02-07T" in refused(answer, 422, "ReferenceEpochError")

    def test_reference_somewhat_off_the_epoch_is_flagged(
        self, client: httpx.Client, good: Parts, later: Later
    ) -> None:
        answer = client.post("/generate", files=[*good[:3], *parts_of(later(12))[3:]])
        assert answer.status_code == 200
        assert "OLD_REFERENCE" in answer.headers["x-farside-quality"]
        assert Quality.OLD_REFERENCE in Magnetogram.read(answer.content).quality

    @pytest.mark.parametrize(
        "content", [b"", b"observation\n", bytes(10_000), b"\x1f\x8b" + b"z" * 99]
    )
    def test_not_a_fits(self, client: httpx.Client, good: Parts, content: bytes) -> None:
        answer = client.post("/generate", files=replaced(good, 1, content))
        assert good[1][1][0] in refused(answer, 400, "NotFitsError")

    @pytest.mark.parametrize("index", [0, 3, 6])
    @pytest.mark.parametrize("fraction", [0.0005, 0.5, 0.99])
    def test_truncated(
        self, client: httpx.Client, good: Parts, index: int, fraction: float
    ) -> None:
        content = good[index][1][1]
        cut = content[: int(len(content) * fraction)]
        answer = client.post("/generate", files=replaced(good, index, cut))
        assert good[index][1][0] in refused(answer, 400, "NotFitsError")

    def test_gzip_bomb(self, client: httpx.Client, good: Parts) -> None:
        answer = client.post("/generate", files=replaced(good, 0, bomb()))
        assert good[0][1][0] in refused(answer, 413, "FileTooLargeError")

    def test_upload_of_two_gigabytes(self, server: Server, tmp_path: Path) -> None:
        huge = tmp_path / "huge.fits"
        with huge.open("wb") as file:
            file.truncate(2 * 10**9)
        command = ["curl", "-sS", "-w", "\n%{size_upload}"]
        done = subprocess.run(  # noqa: S603  # our own arguments
            [*command, "-F", f"observation=@{huge}", f"{server.url}/generate"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        answer, _, sent = done.stdout.rpartition("\n")
        assert '"type":"FileTooLargeError"' in answer
        assert int(sent) < 0.1 * huge.stat().st_size, "refused before it has arrived"

    def test_upload_that_does_not_say_how_long_it_is(self, client: httpx.Client) -> None:
        head = b'--x\r\nContent-Disposition: form-data; name="observation"; filename="a"\r\n\r\n'
        answer = client.post(
            "/generate",
            content=iter([head, *[bytes(2**20)] * 60]),
            headers={"content-type": "multipart/form-data; boundary=x"},
        )
        assert "allowed are 40 MB" in refused(answer, 413, "FileTooLargeError")

    def test_client_that_hangs_up(self, client: httpx.Client, good: Parts, server: Server) -> None:
        for patience in (0.01, 0.05, 0.1):
            with pytest.raises(httpx.TimeoutException):
                httpx.post(f"{server.url}/generate", files=good, timeout=patience)
        eventually(lambda: "farside_requests_in_flight 0.0" in client.get("/metrics").text)

    def test_text_in_a_file_field_is_never_fetched(self, client: httpx.Client, good: Parts) -> None:
        with socket.create_server(("127.0.0.1", 0)) as trap:
            trap.settimeout(1)
            address = f"http://127.0.0.1:{trap.getsockname()[1]}/a.fits"
            answer = client.post("/generate", files=good, data={"observation": address})
            assert "holds text, expected a file" in refused(answer, 400, "RequestError")
            with pytest.raises(TimeoutError):
                trap.accept()

    def test_unknown_model(self, client: httpx.Client, good: Parts) -> None:
        answer = client.post("/generate", files=good, data={"model": "huge"})
        assert "'huge'" in refused(answer, 422, "UnknownModelError")


def test_of_64_clients_at_once_all_are_served_or_told_to_come_back(
    server: Server, good: Parts
) -> None:
    async def story() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(
            base_url=server.url, timeout=PATIENCE_S, limits=limits
        ) as many:
            return await asyncio.gather(*(many.post("/generate", files=good) for _ in range(64)))

    answers = asyncio.run(story())
    codes = {answer.status_code for answer in answers}
    assert 200 in codes
    assert codes <= {200, 429}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 429)
