"""What a request leaves in memory: nothing."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from farside.observation.image import Observation
from farside.simulation.instruments.files import SimulatedSet
from service.multipart import Upload
from tests.service.fakes import FakeEngine, service

Parts = list[tuple[str, tuple[str, bytes]]]


@pytest.fixture
def _no_cyclic_collection() -> Iterator[None]:
    """What only the collector of cyclic garbage would free stays."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def held() -> list[object]:
    return [one for one in gc.get_objects() if type(one) in {Observation, Upload}]


def parts_of(role: str, paths: tuple[Path, ...]) -> Parts:
    return [(role, (path.name, path.read_bytes())) for path in paths]


@pytest.mark.usefixtures("_no_cyclic_collection")
@pytest.mark.parametrize(
    ("count", "status", "kind"), [(7, 200, ""), (1, 422, "IncompleteSetError")]
)
def test_images_and_bodies_are_freed_with_the_answer(
    count: int, status: int, kind: str, simulated: SimulatedSet
) -> None:
    parts = parts_of("observation", tuple(simulated.observations))
    parts += parts_of("reference", tuple(simulated.references))
    before = held()  # by other tests: fixtures, and the frames of what failed

    def kept() -> list[object]:
        return [one for one in held() if not any(one is old for old in before)]

    async def story() -> list[httpx.Response]:
        transport = httpx.ASGITransport(service(FakeEngine()))
        async with httpx.AsyncClient(transport=transport, base_url="http://sun.test") as client:
            return [await client.post("/generate", files=parts[:count]) for _ in range(3)]

    answers = asyncio.run(story())
    assert [answer.status_code for answer in answers] == [status] * 3
    assert all(kind in answer.text for answer in answers if kind)
    assert len(kept()) == 0
