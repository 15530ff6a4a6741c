"""deploy/nginx.conf with a real nginx before the real service."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import httpx
import pytest

from deploy.local_triton.processes import PATIENCE_S, started
from farside.simulation.instruments.files import SimulatedSet
from service.settings import Settings
from tests.support.live import ROOT, Server, free_port

CONFIGURATION = ROOT / "deploy" / "nginx.conf"


def said(name: str) -> str:
    """What the configuration says of a directive."""
    (value,) = re.findall(rf"^\s*{name} (\S+?);", CONFIGURATION.read_text(), re.M)
    return str(value)


@pytest.fixture(scope="module")
def proxy(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of nginx with our configuration, its files in a folder of ours."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("no nginx here: apt-get install nginx-light")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    key, certificate = folder / "farside.key", folder / "farside.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(  # noqa: S603  our own arguments
        ["openssl", "req", "-x509", *curve, *files, "-subj", "/CN=127.0.0.1"],  # noqa: S607
        capture_output=True,
        check=True,
    )
    changed = CONFIGURATION.read_text()
    for ours, theirs in {
        "/etc/nginx/farside": str(folder / "farside"),
        "/var/log/nginx": str(folder),
        "127.0.0.1:3000": server.url.removeprefix("http://"),
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "http {": f"http {{ client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;",
    }.items():
        assert ours in changed
        changed = changed.replace(ours, theirs)
    path = folder / "nginx.conf"
    user = "user root; " if os.geteuid() == 0 else ""  # our folder is nobody else's
    path.write_text(f"{user}daemon off; pid {folder}/pid; error_log {folder}/error.log;\n{changed}")
    command = [program, "-c", str(path), "-p", str(folder)]
    subprocess.run([*command, "-t"], check=True, capture_output=True)  # noqa: S603  our own
    with (folder / "nginx.log").open("wb") as log, started(command, log):
        _wait_for(port)
        yield f"https://127.0.0.1:{port}"


def _wait_for(port: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("nginx does not listen")


@pytest.fixture(scope="module")
def client(proxy: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=proxy, verify=False, timeout=PATIENCE_S) as connected:  # noqa: S501  our own
        yield connected


def test_a_set_becomes_a_product_through_the_proxy(
    client: httpx.Client, simulated: SimulatedSet
) -> None:
    parts = [("observation", (p.name, p.read_bytes())) for p in simulated.observations]
    parts += [("reference", (p.name, p.read_bytes())) for p in simulated.references]
    answer = client.post("/generate", files=parts)
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.headers["x-request-id"]) == 32


def test_the_service_is_reached_in_a_folder_of_the_site_as_well(client: httpx.Client) -> None:
    assert client.get("/farside/models").json() == client.get("/models").json()
    assert client.get("/farside").headers["location"].endswith("/farside/")
    assert "<form" in client.get("/farside/").text


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "//metrics//", "/farside/metrics/"])
def test_the_metrics_are_for_the_operator_alone_however_the_address_is_written(
    path: str, client: httpx.Client, proxy: str
) -> None:
    assert "farside_ready" in client.get(f"{proxy}{path}").text
    elsewhere = httpx.HTTPTransport(verify=False, local_address="127.0.0.2")
    with httpx.Client(transport=elsewhere, timeout=PATIENCE_S) as stranger:
        assert stranger.get(f"{proxy}/livez").is_success
        assert stranger.get(f"{proxy}{path}").status_code == 403


def test_a_body_too_large_for_the_service_is_refused_in_its_words(client: httpx.Client) -> None:
    answer = client.post("/generate", files={"observation": ("a", bytes(41 * 10**6))})
    assert (answer.status_code, answer.json()["type"]) == (413, "FileTooLargeError")


def test_an_upload_that_does_not_end_never_reaches_the_service(
    client: httpx.Client, proxy: str, server: Server
) -> None:
    def inside() -> str:
        text = httpx.get(f"{server.url}/metrics", timeout=PATIENCE_S).text
        return next(
            line for line in text.splitlines() if line.startswith("farside_requests_in_flight ")
        )

    def pieces() -> Iterator[bytes]:
        yield b"--b\r\n"
        seen.append(inside())
        raise ConnectionAbortedError

    seen: list[str] = []
    kind = {"content-type": "multipart/form-data; boundary=b"}
    with pytest.raises(ConnectionAbortedError):
        client.post("/generate", content=pieces(), headers=kind)
    assert seen == ["farside_requests_in_flight 0.0"]


def test_its_limits_are_those_of_the_service() -> None:
    settings = Settings()
    assert int(said("client_max_body_size").removesuffix("m")) * 2**20 > settings.max_upload_bytes
    longest_s = settings.patience_s + settings.deadline_s
    assert int(said("proxy_read_timeout").removesuffix("s")) > longest_s
    makefile = (ROOT / "Makefile").read_text()
    (kept_s,) = re.findall(r"bentoml serve .*--timeout-keep-alive (\d+)", makefile)
    assert int(said("keepalive_timeout").removesuffix("s")) < int(kept_s)
