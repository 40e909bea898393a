"""A location that a request names lies in the warehouse, or is never opened."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.table.update import TableUpdate
from starlette.testclient import TestClient

from orchestration.lake.catalog import errors
from orchestration.lake.catalog.errors import CatalogError
from orchestration.lake.catalog.locations import Locations
from orchestration.settings import Settings
from orchestration.tests.pages import fault, mutant
from orchestration.tests.unit.lake.doors import DOORS, SNAPSHOT, statistics, updated
from orchestration.tests.unit.lake.protocol import (
    Response,
    commit,
    create,
    post,
    refusal,
    set_property,
)

NAME = "a location outside the warehouse, in a request"
outside_refused = fault(
    "Security",
    NAME,
    seen="400 without a path; nothing outside is read, made or asked for",
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


@outside_refused
@pytest.mark.parametrize("door", DOORS)
def test_no_door_leads_out_of_the_warehouse(
    marts: TestClient, outside: Path, door: str
) -> None:
    response = DOORS[door](marts, f"file://{outside}/x")
    assert refusal(response) == (400, "BadRequestException")
    assert "warehouse" in response.text
    assert str(outside) not in response.text
    assert list(outside.iterdir()) == []
    assert marts.head("/v1/dev/namespaces/marts/tables/x").status_code == 404
    assert marts.head("/v1/dev/namespaces/marts/views/x").status_code == 404


@mutant(NAME, guard="each location of a request is compared with the warehouse")
@pytest.mark.parametrize("door", ["create", "stage", "set write.metadata.path"])
def test_without_the_guard_the_catalog_writes_anywhere(
    marts: TestClient, outside: Path, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Locations, "admit", lambda *_, **__: None)
    assert DOORS[door](marts, f"file://{outside}/x").status_code == 200
    assert list(outside.iterdir()) != []


@outside_refused
@pytest.mark.parametrize(
    "form",
    [
        "{outside}/x",
        "file:{outside}/x",
        "file://{outside}/x",
        "FILE://{outside}/x",
        "file://localhost{outside}/x",
        "file://evil.example{outside}/x",
        "file:////{outside}/x",
        "file://{warehouse}/../../outside/x",
        "file://{warehouse}/%2e%2e/%2E%2E/outside/x",
        "file://{warehouse}/..%2F..%2Foutside/x",
        "file://{warehouse}/link/x",
        "file://{warehouse}-beside/x",
        "file://{warehouse}",
        "file://{warehouse}/",
        "file://{warehouse}/a\u0000b",
        "file://{warehouse}/a\nb",
        "file://{warehouse}/" + "a" * 1000,
        "{relative}/x",
        "file:x",
        "~/x",
        "s3://bucket/x",
        "http://127.0.0.1:1/x",
        "https://example.org/x",
        "hdfs://host/x",
        "jar:file://{outside}/x",
        "",
    ],
)
def test_no_form_of_a_location_leads_out_of_the_warehouse(
    marts: TestClient, settings: Settings, outside: Path, form: str
) -> None:
    (settings.warehouse / "link").symlink_to(outside)
    given = form.format(
        outside=outside,
        warehouse=settings.warehouse,
        relative=os.path.relpath(settings.warehouse),
    )
    for door in ("create", "register", "set-location"):
        response = DOORS[door](marts, given)
        if given or door != "create":  # an empty one is as good as none
            assert refusal(response) == (400, "BadRequestException"), door
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    "form", ["file://{}/mine/x", "file:{}/mine/x", "{}/mine/x", "file://{}/%41/x/"]
)
def test_a_location_in_the_warehouse_is_taken(
    marts: TestClient, settings: Settings, form: str
) -> None:
    given = form.format(settings.warehouse)
    folder = given.rstrip("/")
    made = create(marts, "x", location=given)
    assert made.json()["metadata"]["location"] == folder
    put = commit(marts, "x", updated(f"{folder}/elsewhere", "write.metadata.path"))
    assert put.json()["metadata-location"].startswith(f"{folder}/elsewhere/")


def test_a_warehouse_may_be_reached_by_a_link(
    marts: TestClient, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "short").symlink_to(settings.warehouse)
    assert create(marts, "x", location=f"{tmp_path}/short/x").status_code == 200


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("form", ["{warehouse}/" + "é" * 200, "{file}", "{file}/x"])
def test_a_location_that_can_be_no_folder_is_refused(
    marts: TestClient, settings: Settings, door: str, form: str
) -> None:
    file = settings.warehouse / "file"
    file.write_text("no folder")
    given = form.format(warehouse=settings.warehouse, file=file)
    answer = DOORS[door](marts, f"file://{given}")
    assert answer.status_code < 500, answer.text
    assert str(settings.warehouse) not in answer.text or answer.status_code == 200


def test_a_table_goes_on_where_it_is_when_the_warehouse_moves(
    marts: TestClient,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    original = Locations.admit

    def admit(self: Locations, given: Any, *, below: str | None = None) -> None:
        original(Locations(tmp_path / "new"), given, below=below)

    monkeypatch.setattr(Locations, "admit", admit)
    path = "/v1/dev/namespaces/marts/tables/t"
    location = marts.get(path).json()["metadata"]["location"]
    snapshot = SNAPSHOT | {"manifest-list": f"{location}/metadata/snap-1.avro"}
    added = commit(marts, "t", {"action": "add-snapshot", "snapshot": snapshot})
    assert added.status_code == 200
    elsewhere = SNAPSHOT | {"snapshot-id": 2, "manifest-list": "/etc/snap-2.avro"}
    moved = commit(marts, "t", {"action": "add-snapshot", "snapshot": elsewhere})
    assert refusal(moved) == (400, "BadRequestException")


@outside_refused
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("location", "file:///etc"),
        ("properties", {"write.data.path": "/etc"}),
        ("snapshots", [SNAPSHOT | {"manifest-list": "/etc/passwd"}]),
        ("metadata-log", [{"metadata-file": "/etc/passwd", "timestamp-ms": 1}]),
        ("statistics", [statistics("/etc/passwd")]),
        ("partition-statistics", [statistics("/etc/passwd")]),
    ],
)
def test_metadata_that_leads_out_is_not_registered(
    marts: TestClient, settings: Settings, key: str, value: Any
) -> None:
    path = "/v1/dev/namespaces/marts/tables/t"
    metadata = marts.get(path).json()["metadata"]

    def register(name: str, content: Any) -> Response:
        file = settings.warehouse / f"{name}.metadata.json"
        file.write_text(json.dumps(content))
        body = {"name": name, "metadata-location": f"file://{file}"}
        return post(marts, "namespaces/marts/register", body)

    refused = register("bad", metadata | {key: value})
    assert refusal(refused) == (400, "BadRequestException")
    assert "warehouse" in refused.text
    assert register("good", metadata).status_code == 200


@fault(
    "Security",
    "register with an address in the network",
    seen="400; no connection is made",
)
@pytest.mark.parametrize("door", ["register", "register a view", "create"])
def test_the_catalog_asks_no_address_in_the_network(
    marts: TestClient, door: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bait:
        bait.setblocking(False)
        uri = f"http://127.0.0.1:{bait.getsockname()[1]}/00000-x.metadata.json"
        assert refusal(DOORS[door](marts, uri)) == (400, "BadRequestException")
        with pytest.raises(BlockingIOError):
            bait.accept()


@mutant(
    "register with an address in the network",
    guard="the catalog reads by the file system alone",
)
def test_a_reader_of_any_scheme_would_ask_it(
    marts: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def opened(location: str) -> Path:
        asked.append(location)
        raise errors.bad_request("a stand-in for a library that opens any address")

    monkeypatch.setattr(Locations, "admit", lambda *_, **__: None)
    monkeypatch.setattr("orchestration.lake.catalog.files.local_path", opened)
    uri = "http://127.0.0.1:1/00000-x.metadata.json"
    DOORS["register"](marts, uri)
    assert asked == [uri]


def test_every_field_of_an_update_that_is_a_location_is_looked_at() -> None:
    """A new version of pyiceberg may add updates that name files."""
    kinds = TableUpdate.__origin__.__args__  # type: ignore[attr-defined]
    suspects = {
        kind.model_fields["action"].default
        for kind in kinds
        if any(
            word in str(kind.model_json_schema())
            for word in ("path", "ocation", "anifest")
        )
    }
    looked_at = {"set-location", "add-snapshot", "set-statistics"}
    assert suspects - {"set-partition-statistics"} == looked_at


def test_properties_without_locations_cost_no_look_at_the_disk(
    marts: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> str:
        raise AssertionError("a path was resolved")

    monkeypatch.setattr(os.path, "realpath", fail)
    assert commit(marts, "t", set_property("a", "1")).status_code == 200


@pytest.mark.parametrize("name", ["100%25", "a b", "a%2Fb", "ü", "a'b"])
def test_a_warehouse_may_have_any_name(tmp_path: Path, name: str) -> None:
    warehouse = tmp_path / name
    good = [f"file://{warehouse}/x", f"file:{warehouse}/x/%41", f"{warehouse}/a/../b"]
    Locations(warehouse).admit(good)
    for bad in (f"{warehouse}/../x", f"{warehouse}/%2e%2e/x", f"{tmp_path}/x"):
        with pytest.raises(CatalogError):
            Locations(warehouse).admit([bad])
