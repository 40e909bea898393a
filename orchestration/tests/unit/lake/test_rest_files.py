"""Metadata files that are no such thing, and messages that would name them."""

import gzip
import json
import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from orchestration.lake.catalog import errors
from orchestration.settings import Settings
from orchestration.tests.pages import fault, mutant
from orchestration.tests.unit.lake.doors import SNAPSHOT
from orchestration.tests.unit.lake.protocol import (
    Response,
    commit,
    post,
    refusal,
)


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8b", gzip.compress(b"{}", mtime=0)[:-4], b"{}"]
)
def test_a_broken_gzip_is_no_metadata(
    marts: TestClient, settings: Settings, content: bytes
) -> None:
    file = settings.warehouse / "00000-x.gz.metadata.json"
    file.write_bytes(content)
    body = {"name": "r", "metadata-location": f"file://{file}"}
    for path in ("register", "register-view"):
        assert refusal(post(marts, f"namespaces/marts/{path}", body))[0] in (400, 404)


def test_a_file_larger_than_any_metadata_is_not_read(
    marts: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = settings.warehouse / "0.parquet"
    with file.open("wb") as sparse:
        sparse.truncate(1 << 40)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    body = {"name": "r", "metadata-location": f"file://{file}"}
    for path in ("register", "register-view"):
        answer = post(marts, f"namespaces/marts/{path}", body)
        assert refusal(answer) == (400, "BadRequestException")


@fault(
    "Security",
    "metadata that unpacks to more than memory holds",
    seen="404, and no more than a limit is unpacked",
)
def test_a_gzip_bomb_is_not_unpacked(
    marts: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.lake.catalog.files._LARGEST", 1000)
    file = settings.warehouse / "00000-x.gz.metadata.json"
    body = {"name": "r", "metadata-location": f"file://{file}"}
    metadata = marts.get("/v1/dev/namespaces/marts/tables/t").json()["metadata"]
    metadata["properties"]["x"] = "x" * 10_000
    file.write_bytes(gzip.compress(json.dumps(metadata).encode()))
    assert refusal(post(marts, "namespaces/marts/register", body))[0] == 404


@mutant(
    "metadata that unpacks to more than memory holds",
    guard="what is unpacked is capped",
)
def test_without_the_cap_it_is_unpacked(marts: TestClient, settings: Settings) -> None:
    file = settings.warehouse / "00000-x.gz.metadata.json"
    body = {"name": "r", "metadata-location": f"file://{file}"}
    metadata = marts.get("/v1/dev/namespaces/marts/tables/t").json()["metadata"]
    metadata["properties"]["x"] = "x" * 10_000
    file.write_bytes(gzip.compress(json.dumps(metadata).encode()))
    assert post(marts, "namespaces/marts/register", body).status_code == 200


def test_a_pipe_is_not_waited_for(marts: TestClient, settings: Settings) -> None:
    pipe = settings.warehouse / "00000-x.metadata.json"
    os.mkfifo(pipe)
    body = {"name": "r", "metadata-location": f"file://{pipe}"}
    assert refusal(post(marts, "namespaces/marts/register", body))[0] == 404


@fault(
    "Security",
    "an error about files, in an answer",
    seen="what is wrong, without a path or the token",
)
def test_a_library_s_message_names_no_file(marts: TestClient) -> None:
    refused = _remove_an_unknown_snapshot(marts)
    assert refusal(refused)[0] == 400
    assert "snap-1.avro" not in refused.text
    assert "does not exist" in refused.text


@mutant("an error about files, in an answer", guard="libraries' messages are cleaned")
def test_without_cleaning_it_would(
    marts: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "without_locations", str)
    assert "snap-1.avro" in _remove_an_unknown_snapshot(marts).text


def _remove_an_unknown_snapshot(marts: TestClient) -> Response:
    path = "/v1/dev/namespaces/marts/tables/t"
    location = marts.get(path).json()["metadata"]["location"]
    snapshot = SNAPSHOT | {"manifest-list": f"{location}/metadata/snap-1.avro"}
    commit(marts, "t", {"action": "add-snapshot", "snapshot": snapshot})
    response: Response = commit(
        marts, "t", {"action": "remove-snapshots", "snapshot-ids": [99]}
    )
    return response


@pytest.mark.parametrize(
    ("message", "cleaned"),
    [
        ("no file:///a/b.avro here", "no (a location) here"),
        ("[list='/a b/c']", "[list=(a location)]"),
        ("s3://key:secret@host/x?y=1, z", "(a location), z"),
        ("1 is older than 2", "1 is older than 2"),
        ("x" * 600, "x" * 500 + " …"),
    ],
)
def test_what_is_cut_from_a_message(message: str, cleaned: str) -> None:
    assert errors.without_locations(message) == cleaned
