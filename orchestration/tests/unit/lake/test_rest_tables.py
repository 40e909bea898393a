"""Tables over the protocol: create, stage, list, rename, register, drop."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from orchestration.lake import TableId
from orchestration.lake.catalog.tables import Tables
from orchestration.settings import Settings
from orchestration.tests.pages import promise
from orchestration.tests.unit.lake.protocol import (
    SCHEMA,
    Response,
    commit,
    create,
    post,
    refusal,
    set_property,
)


def test_lists_come_in_pages(marts: TestClient) -> None:
    names = sorted(f"t{number}" for number in range(5))
    for name in names:
        create(marts, name)
    found, token, pages = [], "", 0
    while token is not None:
        page = marts.get(
            "/v1/dev/namespaces/marts/tables",
            params={"pageSize": 2, "pageToken": token},
        ).json()
        found += [one["name"] for one in page["identifiers"]]
        token = page["next-page-token"]
        pages += 1
    assert (found, pages) == (["t", *names], 3)
    for size in ("0", "-1", "many"):
        params = {"pageSize": size}
        response = marts.get("/v1/dev/namespaces/marts/tables", params=params)
        assert refusal(response) == (400, "BadRequestException")


@pytest.mark.parametrize("name", ["with space", "slash/ed", "dot.ted", "ü", "%41", "?"])
def test_names_are_taken_as_they_are(marts: TestClient, name: str) -> None:
    assert create(marts, name).status_code == 200
    path = f"/v1/dev/namespaces/marts/tables/{quote(name, safe='')}"
    assert marts.get(path).status_code == 200
    listed = marts.get("/v1/dev/namespaces/marts/tables").json()["identifiers"]
    assert {"namespace": ["marts"], "name": name} in listed


def test_no_name_leads_out_of_the_warehouse(
    http: TestClient, settings: Settings
) -> None:
    levels = ["../..", "/etc"]
    post(http, "namespaces", {"namespace": levels})
    body = {"name": "../../../x", "schema": SCHEMA}
    made = post(http, "namespaces/..%2F..%1F%2Fetc/tables", body).json()
    location = made["metadata"]["location"].removeprefix("file://")
    assert Path(location).resolve().is_relative_to(settings.warehouse)


def test_a_table_of_the_same_name_gets_another_folder(marts: TestClient) -> None:
    path = "/v1/dev/namespaces/marts/tables/t"
    first = marts.get(path).json()["metadata"]["location"]
    marts.delete(path)
    create(marts, "t")
    second = marts.get(path).json()["metadata"]["location"]
    assert first != second
    assert Path(first.removeprefix("file://")).is_dir()


def test_tables_that_are_not_there(marts: TestClient) -> None:
    path = "/v1/dev/namespaces/marts/tables/nope"
    assert refusal(marts.get(path)) == (404, "NoSuchTableException")
    assert refusal(marts.delete(path)) == (404, "NoSuchTableException")
    assert marts.head(path).status_code == 404
    assert refusal(commit(marts, "nope"))[0] == 404
    nowhere = "/v1/dev/namespaces/nowhere/tables"
    assert refusal(marts.get(nowhere)) == (404, "NoSuchNamespaceException")
    assert marts.head("/v1/dev/namespaces/marts/tables/t").status_code == 204
    assert marts.head("/v1/dev/namespaces/marts/tables/t").content == b""


def test_a_staged_table_has_folders_and_is_not_listed(marts: TestClient) -> None:
    staged = create(marts, "s", **{"stage-create": True}).json()
    assert "metadata-location" not in staged
    folder = Path(staged["metadata"]["location"].removeprefix("file://"))
    assert {one.name for one in folder.iterdir()} == {"data", "metadata"}
    assert marts.head("/v1/dev/namespaces/marts/tables/s").status_code == 404


@pytest.mark.parametrize(
    "more",
    [
        {"schema": {}},
        {"schema": None},
        {"partition-spec": {"fields": [{"nothing": 1}]}},
        {"properties": {"format-version": "3"}},
        {"properties": {"format-version": "7"}},
        {"properties": {"format-version": "two"}},
        {"properties": ["a"]},
        {"properties": {"a": 1}},
        {"location": 1},
        {"schema": {"fields": [{"id": 1, "type": "?", "write-default": 1.5}]}},
        {"write-order": {"fields": 1}},
        {"location": "s3://bucket/x"},
    ],
)
@promise("Iceberg formats v1 and v2; v3 is refused")
def test_malformed_tables_are_bad_requests(marts: TestClient, more: Any) -> None:
    assert refusal(create(marts, "m", **more)) == (400, "BadRequestException")
    assert marts.head("/v1/dev/namespaces/marts/tables/m").status_code == 404


def test_a_purge_forgets_the_name_and_deletes_nothing(marts: TestClient) -> None:
    path = "/v1/dev/namespaces/marts/tables/t"
    location = marts.get(path).json()["metadata-location"]
    dropped = marts.delete(path, params={"purgeRequested": "true"})
    assert dropped.status_code == 204
    assert marts.head(path).status_code == 404
    assert Path(location.removeprefix("file://")).exists()


def test_of_two_creators_at_once_one_is_refused_and_leaves_no_metadata(
    marts: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Tables._add

    def add(tables: Tables, branch: str, table: TableId, location: str) -> Any:
        original(tables, branch, table, location)  # somebody else, first
        return original(tables, branch, table, location)

    before = set(settings.warehouse.rglob("*.metadata.json"))
    monkeypatch.setattr(Tables, "_add", add)
    assert refusal(create(marts, "u")) == (409, "AlreadyExistsException")
    assert set(settings.warehouse.rglob("*.metadata.json")) == before


def test_rename_and_its_refusals(marts: TestClient) -> None:
    create(marts, "u")

    def rename(source: str, target: str, namespace: str = "marts") -> Response:
        body = {
            "source": {"namespace": ["marts"], "name": source},
            "destination": {"namespace": [namespace], "name": target},
        }
        return post(marts, "tables/rename", body)

    assert refusal(rename("t", "u")) == (409, "AlreadyExistsException")
    assert refusal(rename("nope", "x")) == (404, "NoSuchTableException")
    assert refusal(rename("t", "x", "nowhere")) == (404, "NoSuchNamespaceException")
    assert rename("t", "x").status_code == 204
    assert marts.head("/v1/dev/namespaces/marts/tables/x").status_code == 204
    assert marts.head("/v1/dev/namespaces/marts/tables/t").status_code == 404


def test_register_points_a_name_to_what_exists(marts: TestClient) -> None:
    location = marts.get("/v1/dev/namespaces/marts/tables/t").json()[
        "metadata-location"
    ]
    path, body = "namespaces/marts/register", {"metadata-location": location}
    made = post(marts, path, {**body, "name": "r"})
    assert made.json()["metadata-location"] == location
    again = post(marts, path, {**body, "name": "r"})
    assert refusal(again) == (409, "AlreadyExistsException")
    moved = commit(marts, "r", set_property("a", "1")).json()["metadata-location"]
    assert moved != location
    over = post(marts, path, {**body, "name": "r", "overwrite": True})
    assert over.json()["metadata-location"] == location


@pytest.mark.parametrize("content", [None, "", "{}", "[1]", '{"view-uuid": 1}'])
def test_register_refuses_what_is_no_metadata(
    marts: TestClient, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "00000-x.metadata.json"
    if content is not None:
        file.write_text(content)
    body = {"name": "r", "metadata-location": f"file://{file}"}
    response = post(marts, "namespaces/marts/register", body)
    assert refusal(response)[0] in (400, 404)
    assert str(tmp_path) not in response.text
