"""Bytes that are no request, on the wire of a catalog that runs."""

import socket
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from orchestration.lake import Lake
from orchestration.lake.process import Endpoint
from orchestration.lake.rest.app import BODY_LIMIT
from orchestration.tests.pages import fault
from orchestration.tests.unit.lake.protocol import TOKEN

broken_requests = fault(
    "Catalog",
    "bytes that are no request, or break off",
    unguarded="uvicorn answers before any code of Firn is reached",
    seen="4xx or a closed connection; the catalog goes on, and nothing is written",
)


def exchange(
    endpoint: Endpoint, *pieces: bytes, hang_up: bool = False, to_end: bool = True
) -> bytes:
    """Send bytes as they are, and take what comes until the server ends it."""
    address = urlsplit(endpoint.uri)
    assert address.hostname is not None
    assert address.port is not None
    with socket.create_connection((address.hostname, address.port), 10) as wire:
        answer = b""
        try:
            for piece in pieces:
                wire.sendall(piece)
            if hang_up:
                with suppress(OSError):  # the server may have hung up first
                    wire.shutdown(socket.SHUT_WR)
            while got := wire.recv(65536):
                answer += got
                if not to_end:
                    break
        except (BrokenPipeError, ConnectionResetError):  # it has heard enough
            pass
        return answer


def head(endpoint: Endpoint, *lines: str, verb: str = "POST", token: str = "") -> bytes:
    given = token or endpoint.token
    fixed = [
        f"{verb} /v1/dev/namespaces HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {given}",
    ]
    return "\r\n".join([*fixed, *lines, "", ""]).encode()


@pytest.fixture
def endpoint(lake: Lake, catalog_endpoint: Endpoint) -> Endpoint:
    lake.create_branch("dev")
    return catalog_endpoint


def namespaces(endpoint: Endpoint) -> bytes:
    answer = exchange(endpoint, head(endpoint, "Connection: close", verb="GET"))
    assert answer.startswith(b"HTTP/1.1 200")
    return answer.rpartition(b"\r\n\r\n")[2]


@broken_requests
def test_what_is_no_request_is_answered_by_400_or_hung_up_on(
    endpoint: Endpoint,
) -> None:
    body = b'{"namespace":["x"]}'
    sent = {
        "nothing": [],
        "noise": [bytes(range(256)) * 10],
        "no version": [b"GET /v1/config\r\n\r\n"],
        "a header of 1 MiB": [head(endpoint, "X: " + "x" * (1 << 20))],
        "a header that never ends": [b"GET / HTTP/1.1\r\nX: " + b"x" * (1 << 20)],
        "100,000 headers": [head(endpoint, *["X: x"] * 100_000)],
        "half a body": [head(endpoint, "Content-Length: 1000"), body],
        "two lengths": [
            head(endpoint, "Content-Length: 19", "Content-Length: 20"),
            body,
        ],
        "a length that is none": [head(endpoint, "Content-Length: -1"), body],
        "a length and chunks": [
            head(endpoint, "Content-Length: 19", "Transfer-Encoding: chunked"),
            body,
        ],
        "a broken chunk": [
            head(endpoint, "Transfer-Encoding: chunked"),
            b"zz\r\n" + body,
        ],
        "a chunk that breaks off": [
            head(endpoint, "Transfer-Encoding: chunked"),
            b"ffff\r\n" + body,
        ],
    }
    for what, pieces in sent.items():
        answer = exchange(endpoint, *pieces, hang_up=True)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), (what, answer[:200])
        assert b"Traceback" not in answer, what
        assert endpoint.token.encode() not in answer, what
    assert namespaces(endpoint) == b'{"namespaces": [], "next-page-token": null}'


def test_a_body_that_is_too_large_is_refused_by_its_head(endpoint: Endpoint) -> None:
    large = head(endpoint, f"Content-Length: {BODY_LIMIT + 1}")
    assert exchange(endpoint, large, to_end=False).startswith(b"HTTP/1.1 413")


def test_a_body_without_the_token_is_not_read(endpoint: Endpoint) -> None:
    wrong = head(endpoint, f"Content-Length: {BODY_LIMIT}", token=TOKEN)
    assert exchange(endpoint, wrong, to_end=False).startswith(b"HTTP/1.1 401")


def test_a_body_in_chunks_without_a_length_is_taken(endpoint: Endpoint) -> None:
    chunked = head(endpoint, "Transfer-Encoding: chunked", "Connection: close")
    pieces = (b'c\r\n{"namespace"\r\n', b'7\r\n:["x"]}\r\n', b"0\r\n\r\n")
    assert exchange(endpoint, chunked, *pieces).startswith(b"HTTP/1.1 200")
    assert b'["x"]' in namespaces(endpoint)
