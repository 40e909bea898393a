"""Requests that mean harm, one by one: refused in the specification's form."""

import asyncio
import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestration.lake import Lake
from orchestration.lake.catalog import names
from orchestration.lake.rest import app as app_module
from orchestration.lake.rest import bodies
from orchestration.lake.rest.app import application
from orchestration.settings import Settings
from orchestration.tests.pages import fault, mutant
from orchestration.tests.unit.lake.protocol import (
    SCHEMA,
    TOKEN,
    commit,
    create,
    post,
    refusal,
)

BODY = "a body that is no JSON, or that nothing can read back"
SIZE = "a body that is too large, or never ends"
NAMES = "names with control characters, of any length, or that are `..`"
BEGIN, END = b'{"namespace":["x"],"properties":{"a":', b"}}"


def nested(levels: int) -> dict[str, Any]:
    """A schema with structs in structs."""
    kind: Any = "long"
    for number in range(levels, 1, -1):
        field = {"id": number, "name": "f", "required": False, "type": kind}
        kind = {"type": "struct", "fields": [field]}
    field = {"id": 1, "name": "f", "required": False, "type": kind}
    return {"type": "struct", "schema-id": 0, "fields": [field]}


@fault("Catalog", BODY, seen="400, and nothing is written")
@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 100_000,
        BEGIN + b"9" * 5000 + END,
        BEGIN + str(2**63).encode() + END,
        BEGIN + b"NaN" + END,
        BEGIN + b"-Infinity" + END,
        BEGIN + b"1e999" + END,
        BEGIN + b'"\\ud800"' + END,
        BEGIN + b'"\xff"' + END,
        BEGIN + b'"\x00"' + END,
        b"\xff\xfe{}",
        b"",
        BEGIN,
    ],
    ids=range(14),
)
def test_what_is_no_json_is_refused(http: TestClient, content: bytes) -> None:
    response = http.post("/v1/dev/namespaces", content=content)
    assert refusal(response) == (400, "BadRequestException")
    assert http.get("/v1/dev/namespaces").json()["namespaces"] == []


@mutant(BODY, guard="bodies are parsed more strictly than by Python's own parser")
@pytest.mark.parametrize(
    ("word", "broken"),
    [("NaN", "NaN"), ("1e999", "Infinity"), (str(2**70), str(2**70))],
)
def test_python_s_own_parser_lets_in_what_engines_cannot_read(
    marts: TestClient, monkeypatch: pytest.MonkeyPatch, word: str, broken: str
) -> None:
    monkeypatch.setattr(bodies, "parsed", json.loads)
    view = json.dumps({"name": "v", "schema": SCHEMA, "view-version": 0})
    version = (
        '{"version-id":1,"schema-id":0,"timestamp-ms":1,"summary":{},"more":'
        + word
        + ',"default-namespace":[],"representations":[]}'
    )
    content = view.replace('"view-version": 0', f'"view-version": {version}')
    made = marts.post("/v1/dev/namespaces/marts/views", content=content)
    assert made.status_code == 200
    assert broken in marts.get("/v1/dev/namespaces/marts/views/v").text


def test_nesting_is_capped_and_what_is_below_the_cap_reads_back(
    marts: TestClient,
) -> None:
    assert create(marts, "deep", schema=nested(60)).status_code == 200
    add = {"action": "set-properties", "updates": {"a": "1"}}
    assert commit(marts, "deep", add).status_code == 200
    deeper = create(marts, "deeper", schema=nested(80))
    assert refusal(deeper) == (400, "BadRequestException")
    assert "levels" in deeper.text


def test_what_is_nested_too_deeply_for_python_is_refused(
    marts: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_DEEPEST", 10_000)
    refused = create(marts, "deep", schema=nested(300))
    assert refusal(refused) == (400, "BadRequestException")
    assert marts.head("/v1/dev/namespaces/marts/tables/deep").status_code == 404


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "image/png", "", "\x01"]
)
def test_the_content_type_changes_nothing(http: TestClient, kind: str) -> None:
    body, headers = b'{"namespace":["x"]}', {"Content-Type": kind}
    answer = http.post("/v1/dev/namespaces", content=body, headers=headers)
    assert answer.status_code == 200


@fault("Catalog", NAMES, seen="400; no such name is made")
@pytest.mark.parametrize(
    "name", ["a\x00b", "a\x1fb", "a\nb", "a\x7fb", ".", "..", "x" * 256]
)
def test_names_that_cannot_be_addressed_or_stored_are_refused(
    marts: TestClient, name: str
) -> None:
    views = {"name": name, "schema": SCHEMA, "view-version": {}}
    moved = {"namespace": ["marts"], "name": name}
    source = {"namespace": ["marts"], "name": "t"}
    for response in (
        post(marts, "namespaces", {"namespace": [name]}),
        post(marts, "namespaces", {"namespace": ["a", name]}),
        create(marts, name),
        post(marts, "namespaces/marts/views", views),
        post(marts, "tables/rename", {"source": source, "destination": moved}),
    ):
        assert refusal(response) == (400, "BadRequestException")
    assert marts.get("/v1/dev/namespaces").json()["namespaces"] == [["marts"]]
    assert len(marts.get("/v1/dev/namespaces/marts/tables").json()["identifiers"]) == 1


@mutant(NAMES, guard="names are checked")
def test_unchecked_a_name_could_be_made_and_never_reached(
    marts: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "checked", str)
    assert post(marts, "namespaces", {"namespace": ["a\x1fb"]}).status_code == 200
    assert ["a\x1fb"] in marts.get("/v1/dev/namespaces").json()["namespaces"]
    assert marts.head("/v1/dev/namespaces/a%1Fb").status_code == 404


def test_long_levels_are_refused_together(http: TestClient) -> None:
    levels = ["x" * 100] * 3
    assert refusal(post(http, "namespaces", {"namespace": levels}))[0] == 400


@pytest.mark.parametrize(
    "path",
    [
        "/v1/dev/namespaces/%FF",
        "/v1/dev/namespaces/n/tables/%C0%AF",
        "/v1/dev/namespaces/n/tables/%00",
        "/v1/dev/namespaces?pageSize=" + "9" * 5000,
        "/v1/dev/namespaces?pageSize=%C2%B2",
        "/v1/dev/namespaces?pageSize=-1",
        "/v1/dev/namespaces?parent=%1F",
    ],
)
def test_addresses_that_mean_nothing_are_bad_requests(
    http: TestClient, path: str
) -> None:
    assert refusal(http.get(path)) == (400, "BadRequestException")


@pytest.mark.parametrize("branch", ["%00", "..", "x" * 5000, "dev%2Fx", "%FF", "a b"])
def test_what_cannot_name_a_branch_is_no_branch(http: TestClient, branch: str) -> None:
    for path in (f"/v1/{branch}/namespaces", f"/v1/config?warehouse={branch}"):
        assert refusal(http.get(path))[0] in (400, 404)


async def ask(
    app: Any, *messages: dict[str, Any], headers: dict[str, str], pause: float = 0
) -> int:
    """Send a request in pieces, without a client's corrections; returns the status."""
    waiting = list(messages)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.sleep(3600)
        await asyncio.sleep(pause)
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    raw = b"/v1/dev/namespaces"
    scope = {
        "type": "http",
        "method": "POST",
        "path": raw.decode(),
        "raw_path": raw,
        "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {TOKEN}".encode()),
            *((key.encode(), value.encode()) for key, value in headers.items()),
        ],
    }
    await app(scope, receive, send)
    return int(sent[0]["status"])


def piece(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.fixture
def app(lake: Lake, settings: Settings) -> Any:
    lake.create_branch("dev")
    return application(lake.store, warehouse=settings.warehouse, token=TOKEN)


@fault("Catalog", SIZE, seen="413 before it is read whole, 408 when it takes too long")
def test_a_body_that_says_it_is_too_large_is_not_read(app: Any) -> None:
    headers = {"content-length": str(app_module.BODY_LIMIT + 1)}
    assert asyncio.run(ask(app, headers=headers)) == 413


@fault("Catalog", SIZE, seen="413 before it is read whole, 408 when it takes too long")
def test_a_body_without_a_length_is_read_up_to_the_limit(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "BODY_LIMIT", 1000)
    endless = [piece(b" " * 300, more=True)] * 1000
    headers = {"transfer-encoding": "chunked"}
    assert asyncio.run(ask(app, *endless, headers=headers)) == 413


@fault("Catalog", SIZE, seen="413 before it is read whole, 408 when it takes too long")
@pytest.mark.parametrize("pieces", [0, 1000])
def test_a_body_that_takes_too_long_is_not_waited_for(
    app: Any, monkeypatch: pytest.MonkeyPatch, pieces: int
) -> None:
    monkeypatch.setattr(app_module, "BODY_SECONDS", 0.1)
    slow = [piece(b" ", more=True)] * pieces
    assert asyncio.run(ask(app, *slow, headers={}, pause=0.01)) == 408


@mutant(SIZE, guard="a body has a time limit")
def test_without_a_limit_it_is_waited_for(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def patiently() -> int:
        async with asyncio.timeout(0.5):
            return await ask(app, headers={})

    monkeypatch.setattr(app_module, "BODY_SECONDS", None)
    with pytest.raises(TimeoutError):
        asyncio.run(patiently())


@mutant(SIZE, guard="a body has a size limit")
def test_without_a_cap_it_is_read_to_its_end(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "BODY_LIMIT", 1 << 62)
    body = [piece(b" " * 300, more=True)] * 1000 + [
        piece(b'{"namespace":["x"]}', more=False)
    ]
    assert asyncio.run(ask(app, *body, headers={})) == 200


def test_a_websocket_is_not_spoken_to(app: Any) -> None:
    async def connect() -> None:
        await app({"type": "websocket", "headers": []}, None, None)

    with pytest.raises(RuntimeError, match="HTTP"):
        asyncio.run(connect())
