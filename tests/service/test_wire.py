"""What no HTTP client sends, byte by byte, to the real service: it refuses, and goes on."""

from __future__ import annotations

import re
import socket
from random import Random
from urllib.parse import urlsplit

import httpx
import pytest

from deploy.local_triton.processes import PATIENCE_S
from farside.simulation.instruments.files import SimulatedSet
from tests.support.live import ROOT, Server

MUTATIONS = 300
"""Forms that are mutated in `make test`; in `make soak` fifteen times as many."""

FORM = "multipart/form-data; boundary=b"
SPLICES = (
    b"\r\n",
    b"--",
    b"b",
    b"\r\n--b\r\n",
    b"\r\n--b--",
    b"\0",
    b'; filename="x"',
    b'"',
    b"\\",
)


def request(method: str, path: str, *lines: str, body: bytes = b"", version: str = "1.1") -> bytes:
    head = "\r\n".join((f"{method} {path} HTTP/{version}", "Host: x", "Connection: close", *lines))
    return head.encode("latin-1") + b"\r\n\r\n" + body


def part(disposition: bytes, content: bytes, more: bytes = b"") -> bytes:
    return b"--b\r\nContent-Disposition: %s\r\n%s\r\n%s\r\n" % (disposition, more, content)


def post(body: bytes, *lines: str, kind: str = FORM) -> bytes:
    length = f"Content-Length: {len(body)}"
    return request("POST", "/generate", f"Content-Type: {kind}", *(lines or [length]), body=body)


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--b--\r\n"


FILE = b'form-data; name="observation"; filename="a"'
SMALL = form(
    part(FILE, b"SIMPLE  =" + bytes(3000)),
    part(b'form-data; name="model"', b"tiny"),
    part(b'form-data; name="format"', b"png"),
)


def named(name: bytes) -> bytes:
    return post(form(part(b'form-data; name="observation"; filename="%s"' % name, b"no FITS")))


REFUSED = {
    "not found": request("GET", "/x"),
    "traversal": request("GET", "/assets/..%2f..%2f..%2fetc/passwd"),
    "path with a newline": request("GET", "/x%0d%0aX:1"),
    "long address": request("GET", "/" + "a" * 60_000),
    "trace": request("TRACE", "/models"),
    "WebSocket": request(
        "GET", "/generate", "Upgrade: websocket", "Sec-WebSocket-Version: 13"
    ),
    "pickle": request(
        "POST", "/generate", "Content-Type: application/vnd.bentoml+pickle", "Content-Length: 2",
        body=b"N.",
    ),
    "no length": post(b"", "X: y"),
    "no content": post(b""),
    "no parts": post(form()),
    "many parts": post(form(*[part(FILE, b"x")] * 65)),
    "no end": post(SMALL[:-10]),
    "only a boundary": post(b"--b\r\n"),
    "newlines alone": post(SMALL.replace(b"\r\n", b"\n")),
    "no boundary": post(SMALL, kind="multipart/form-data"),
    "long boundary": post(SMALL, kind=f"multipart/form-data; boundary={'b' * 71}"),
    "two boundaries": post(SMALL, kind="multipart/form-data; boundary=a; boundary=b"),
    "other multipart": post(SMALL, kind="multipart/mixed; boundary=b"),
    "many parameters": post(SMALL, kind="multipart/form-data" + ";" * 10_000),
    "unknown field": post(form(part(b'form-data; name="x"', b"x"))),
    "text as file": post(form(part(b'form-data; name="observation"', b"http://127.0.0.1/"))),
    "file as text": post(form(part(b'form-data; name="model"; filename="f"', b"x"))),
    "no disposition": post(form(b"--b\r\n\r\nabc\r\n")),
    "long header of a part": post(form(part(FILE, b"x", b"X: " + b"y" * 10**6 + b"\r\n"))),
    "many headers of a part": post(form(part(FILE, b"x", b"X: y\r\n" * 10**4))),
    "header of a part without a colon": post(form(part(FILE, b"x", b"x\r\n"))),
    "two dispositions": post(
        form(part(FILE, b"x", b'Content-Disposition: form-data; name="model"\r\n'))
    ),
    "traversal in a name": named(b"../../../etc/passwd"),
    "markup in a name": named(b"<img src=x>${jndi:ldap://x}{0.__class__}%s%n"),
    "newline in a name": named(b"a%0d%0aX: 1"),
    "right to left in a name": named("\u202egnp.exe".encode()),
    "no UTF-8 in a name": named(b"\xff\xfe"),
    "model with a newline": post(
        form(part(FILE, b"x"), part(b'form-data; name="model"', b"a\r\nX: 1"))
    ),
    "chunks of another form": post(
        b"5\r\nabcde\r\n0\r\nX-T: 1\r\n\r\n", "Transfer-Encoding: chunked"
    ),
    "old HTTP": request("GET", "/x", version="1.0"),
}  # fmt: skip
"""Requests that are HTTP; the answer is the JSON object."""

NO_HTTP = {
    "path without UTF-8": request("GET", "/\xff\xfe"),
    "unknown method": request("FOO", "/generate"),
    "noise": bytes(range(255, 0, -1)),
    "TLS": bytes.fromhex("1603010200010001fc0303") + bytes(100),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /models\r\n\r\n",
    "folded header": b"GET /models HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "negative length": post(SMALL, "Content-Length: -5"),
    "length that is no number": post(SMALL, "Content-Length: x"),
    "length of 5000 digits": post(SMALL, "Content-Length: " + "9" * 5000),
    "two lengths": post(SMALL, "Content-Length: 5", "Content-Length: 6"),
    "length and chunks": post(b"0\r\n\r\n", "Content-Length: 5", "Transfer-Encoding: chunked"),
    "chunk of no size": post(b"ZZ\r\n\r\n", "Transfer-Encoding: chunked"),
    "chunk of endless size": post(b"F" * 18 + b"\r\n\r\n", "Transfer-Encoding: chunked"),
    "unknown coding": post(b"0\r\n\r\n", "Transfer-Encoding: gzip, chunked"),
}
"""What the parser of HTTP may end with an answer of its own."""


def answer(server: Server, data: bytes) -> bytes:
    """All that comes until the server closes the connection."""
    address, pieces = urlsplit(server.url), []
    with socket.create_connection((str(address.hostname), address.port or 0), PATIENCE_S) as wire:
        try:
            wire.sendall(data)
            while piece := wire.recv(65536):
                pieces.append(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
    return b"".join(pieces)


def status_of(found: bytes) -> int:
    """Status of the answer; 0 where the connection was closed without one."""
    match = re.match(rb"HTTP/1\.[01] (\d+)", found)
    return int(match[1]) if match else 0


def shows_nothing_of_the_inside(found: bytes) -> bool:
    secrets = (b"traceback", b"site-packages", b'file "', b".py", str(ROOT).lower().encode())
    return not any(secret in found.lower() for secret in secrets)


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_odd_is_refused_as_the_json_object(server: Server, data: bytes) -> None:
    found = answer(server, data)
    assert 400 <= status_of(found) < 500, found[:300]
    assert b'"request_id":' in found
    assert shows_nothing_of_the_inside(found)


@pytest.mark.parametrize("data", NO_HTTP.values(), ids=NO_HTTP.keys())
def test_what_is_no_http_is_refused_or_cut_off(server: Server, data: bytes) -> None:
    found = answer(server, data)
    assert status_of(found) in {0, *range(200, 500)}, found[:300]
    assert shows_nothing_of_the_inside(found)


def mutated(rng: Random) -> bytes:
    """A small form with some bytes set, cut out, put in or repeated."""
    body = bytearray(SMALL)
    for _ in range(rng.choice((1, 2, 5, 20))):
        place = rng.randrange(min(len(body), 300) if rng.random() < 0.7 else len(body))
        kind = rng.random()
        if kind < 0.4:
            body[place] = rng.randrange(256)
        elif kind < 0.6:
            del body[place : place + rng.randrange(1, 50)]
        elif kind < 0.8:
            body[place:place] = rng.choice((*SPLICES, rng.randbytes(8)))
        else:
            body[place : place + 10] = body[max(0, place - 30) : place]
        body = body or bytearray(b"-")
    return bytes(body)


def check_mutations(server: Server, simulated: SimulatedSet, seeds: range) -> None:
    parts = [("observation", (p.name, p.read_bytes())) for p in simulated.observations]
    parts += [("reference", (p.name, p.read_bytes())) for p in simulated.references]
    with httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
        assert client.post("/generate", files=parts).status_code == 200
        before = server.scratch_files().keys()  # a file of the metrics grows with their labels
        for seed in seeds:
            path = ("/generate", "/generate", "/synchronic")[seed % 3]
            body = mutated(Random(seed))  # noqa: S311
            found = client.post(path, content=body, headers={"content-type": FORM})
            assert 400 <= found.status_code < 500, (seed, found.text)
            assert found.json()["request_id"]
        assert client.post("/generate", files=parts).status_code == 200
    assert server.scratch_files().keys() == before


def test_mutated_forms_are_refused(server: Server, simulated: SimulatedSet) -> None:
    check_mutations(server, simulated, range(MUTATIONS))


@pytest.mark.soak
def test_many_mutated_forms_are_refused(server: Server, simulated: SimulatedSet) -> None:
    check_mutations(server, simulated, range(MUTATIONS, 15 * MUTATIONS))
