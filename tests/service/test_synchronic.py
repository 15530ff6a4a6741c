"""``POST /synchronic``: the real endpoint without a server."""

from __future__ import annotations

import asyncio
import gzip
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import astropy.units as u
import httpx
import numpy as np
import pytest
from astropy.io import fits
from starlette.types import ASGIApp

from farside.quality import Quality
from farside.solarwind import pack
from farside.synchronic import fits as synchronic_fits
from farside.synchronic.base import read_base
from farside.synchronic.disk import read_generated, read_observed
from farside.synchronic.merge import synchronic
from service.settings import Settings
from tests.service.fakes import FakeEngine, service
from tests.support.map_files import MapFiles
from tests.support.synchronic_maps import synchronic_map

Parts = Sequence[tuple[str, tuple[str | None, bytes]]]


def part(name: str, path: Path) -> tuple[str, tuple[str, bytes]]:
    return name, (path.name, path.read_bytes())


@pytest.fixture(scope="module")
def good(map_files: MapFiles) -> list[tuple[str, tuple[str, bytes]]]:
    return [
        part("observed", map_files.observed),
        part("generated", map_files.generated),
        part("base", map_files.base),
    ]


@cache
def usual_service() -> ASGIApp:
    """One service for most tests: each has a process that makes its maps."""
    return service(FakeEngine())


def post(files: Parts, settings: Settings | None = None, **data: str) -> httpx.Response:
    async def story() -> httpx.Response:
        app = usual_service() if settings is None else service(FakeEngine(), settings)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sun.test") as client:
            return await client.post("/synchronic", files=files, data=data)

    return asyncio.run(story())


def refused(answer: httpx.Response, status: int, kind: str) -> str:
    body = answer.json()
    assert set(body) == {"error", "type", "files", "request_id"}
    assert (answer.status_code, body["type"]) == (status, kind), body
    sentence: str = body["error"]
    return sentence


def test_the_service_gives_the_map_of_the_library(good: Parts, map_files: MapFiles) -> None:
    answer = post(good)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/fits"
    stem = map_files.time.strftime("%Y%m%dT%H%M%S")
    assert f'filename="farside_synchronic_{stem}.fits"' in answer.headers["content-disposition"]
    served = synchronic_fits.read(answer.content)
    disks = [read_observed(map_files.observed), read_generated(map_files.generated)]
    made = synchronic(disks, read_base(map_files.base))
    np.testing.assert_allclose(served.field_gauss, made.field_gauss, rtol=1e-6, atol=1e-5)
    assert np.array_equal(served.source, made.source)
    assert [source.sha256 for source in served.sources] == [s.sha256 for s in made.sources]
    bits, *names = answer.headers["x-farside-quality"].split()
    assert (int(bits), tuple(names)) == (made.quality, made.quality.names())


@pytest.mark.parametrize("name", ["gong", "adapt", "wsa"])
def test_each_format_has_its_own_name_and_type(name: str, good: Parts) -> None:
    answer = post(good, format=name, flux_scale="0.65")
    made = synchronic_fits.read(post(good).content)
    file = pack(made, name, 0.65)
    assert f'filename="{file.name}"' in answer.headers["content-disposition"]
    assert "content-encoding" not in answer.headers
    packed = name == "gong"
    assert answer.headers["content-type"] == ("application/gzip" if packed else "application/fits")
    data = gzip.decompress(answer.content) if packed else answer.content
    with fits.open(io.BytesIO(data)) as hdus:
        assert hdus[0].header["FLUXSCAL"] == 0.65
        assert all(hdu.verify_checksum() == 1 for hdu in hdus)


@pytest.mark.parametrize(
    ("left_out", "flag"),
    [("generated", Quality.NO_STEREO), ("base", Quality.NO_BASE)],
)
def test_what_is_missing_is_flagged_and_the_map_is_made(
    left_out: str, flag: Quality, good: Parts
) -> None:
    answer = post([one for one in good if one[0] != left_out])
    assert answer.status_code == 200, answer.text
    assert flag in synchronic_fits.read(answer.content).quality
    assert flag.name in answer.headers["x-farside-quality"].split()


def test_what_a_base_map_lacked_is_not_lacking_in_the_map(
    good: Parts, map_files: MapFiles, tmp_path: Path
) -> None:
    lacking = Quality.NO_STEREO | Quality.NO_BASE
    earlier = synchronic_map(time=map_files.time - 1 * u.day, quality=lacking)
    answer = post(
        [*good[:2], part("base", synchronic_fits.write(earlier, tmp_path / "earlier.fits"))]
    )
    assert not synchronic_fits.read(answer.content).quality & lacking


def test_a_map_of_another_time_is_made_where_it_is_asked_for(
    good: Parts, map_files: MapFiles
) -> None:
    later = f"{map_files.time.isot[:10]}T23:59:00"
    assert synchronic_fits.read(post(good, time=later).content).time.isot == f"{later}.000"


@pytest.mark.parametrize("data", [{"format": "gong"}, {"time": "2026-11-01T00:00:00"}])
def test_nothing_to_make_a_map_of_is_refused(data: dict[str, str]) -> None:
    files = [(name, (None, value.encode())) for name, value in data.items()]
    assert "no disk and no base map" in refused(post(files), 422, "IncompleteSetError")


def test_a_product_of_a_model_that_saturates_is_refused_unless_asked_for(
    good: Parts, map_files: MapFiles
) -> None:
    files = [good[0], part("generated", map_files.saturating)]
    assert "saturates at 100 G" in refused(post(files), 422, "SaturatingModelError")
    assert post(files, allow_saturating="true").status_code == 200


def test_files_in_the_wrong_fields_are_refused(good: Parts) -> None:
    swapped = [("observed", good[1][1])]
    assert "far.fits" in refused(post(swapped), 422, "UnsupportedImageError")
    swapped = [("generated", good[0][1])]
    refusal = refused(post(swapped), 422, "UnsupportedImageError")
    assert str(good[0][1][0]) in refusal
    assert "to be given as `observed`" in refusal


def test_a_disk_of_another_week_is_refused(good: Parts) -> None:
    answer = post(good, time="2026-03-01T00:00:00")
    assert "expected -1 d to +3 d" in refused(answer, 422, "TimesApartError")


def test_the_native_format_takes_no_flux_scale(good: Parts) -> None:
    refusal = refused(post(good, flux_scale="2"), 422, "FormatError")
    assert "expected 1 for the native format" in refusal


@pytest.mark.filterwarnings("ignore")  # astropy warns of much before it gives up
@pytest.mark.parametrize("field", ["observed", "generated", "base"])
@pytest.mark.parametrize("keep", [0, 2880, 100_000])
def test_a_truncated_file_is_named(field: str, keep: int, good: Parts) -> None:
    files = [(name, (file, data[:keep] if name == field else data)) for name, (file, data) in good]
    answer = post(files)
    assert answer.status_code in (400, 422)
    (name,) = (file for one, (file, _) in good if one == field)
    assert name in answer.json()["error"]


def test_a_map_takes_a_place_of_the_queue_and_ends_with_the_deadline(good: Parts) -> None:
    late = post(good, Settings(deadline_s=0.01))
    assert "within 0.01 s" in refused(late, 504, "DeadlineError")


def test_metrics_count_maps_and_time_their_stages(good: Parts) -> None:
    async def story() -> str:
        transport = httpx.ASGITransport(service(FakeEngine()))
        async with httpx.AsyncClient(transport=transport, base_url="http://sun.test") as client:
            await client.post("/synchronic", files=good)
            return (await client.get("/metrics")).text

    text = asyncio.run(story())
    assert 'farside_requests_total{endpoint="/synchronic",model="",outcome="ok"} 1.0' in text
    for stage in ("upload", "merge"):
        assert f'farside_stage_seconds_count{{stage="{stage}"}} 1.0' in text


@pytest.mark.filterwarnings("ignore")
def test_noise_in_any_field_is_refused_as_bad_input(good: Parts) -> None:
    rng = np.random.default_rng(7)
    for name, (file, data) in good:
        for _ in range(8):
            spoilt = bytearray(data)
            for place in rng.integers(0, min(len(data), 20_000), 40):
                spoilt[place] = rng.integers(32, 127)
            answer = post([(name, (file, bytes(spoilt)))])
            assert answer.status_code in (200, 400, 413, 422), answer.text
