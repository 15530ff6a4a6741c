"""A real S3 server on the loopback."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Address of a server with the empty buckets ``in`` and ``out``, which s3:// then means."""
    import fsspec
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    httpx.post(f"{url}/moto-api/reset").raise_for_status()  # its state is that of the process
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", url)
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        fsspec.filesystem("s3").clear_instance_cache()
        for bucket in ("in-bucket", "out-bucket"):
            fsspec.filesystem("s3", use_listings_cache=False).mkdir(bucket)
        yield url
        fsspec.filesystem("s3").clear_instance_cache()
    server.stop()
