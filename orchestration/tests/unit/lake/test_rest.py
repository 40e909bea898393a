"""The protocol, request by request, without a network."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from httpx import Response
from pyiceberg.catalog.sql import SqlCatalog
from starlette.testclient import TestClient

from orchestration.lake import Lake, TableId
from orchestration.lake.catalog import tables as tables_module
from orchestration.lake.catalog.files import Files
from orchestration.lake.catalog.tables import Tables
from orchestration.lake.catalog.updates import Commit
from orchestration.lake.rest import app as app_module
from orchestration.lake.rest.app import application
from orchestration.lake.rest.routes import ENDPOINTS
from orchestration.settings import Settings

TOKEN = "s3cret"
SCHEMA: dict[str, Any] = {
    "type": "struct",
    "schema-id": 0,
    "fields": [{"id": 1, "name": "id", "required": False, "type": "long"}],
}


@pytest.fixture
def http(lake: Lake, settings: Settings) -> Iterator[TestClient]:
    """A client with the right token, on a lake with the branch `dev`."""
    lake.create_branch("dev")
    app = application(lake.store, warehouse=settings.warehouse, token=TOKEN)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(app, headers=headers, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def marts(http: TestClient) -> TestClient:
    """With a namespace `marts` on `dev`, and the empty table `marts.t`."""
    assert post(http, "namespaces", {"namespace": ["marts"]}).status_code == 200
    assert create(http, "t").status_code == 200
    return http


def post(http: TestClient, path: str, body: Any, branch: str = "dev") -> Response:
    response: Response = http.post(f"/v1/{branch}/{path}", json=body)
    return response


def create(http: TestClient, name: str, **more: Any) -> Response:
    body = {"name": name, "schema": SCHEMA, **more}
    return post(http, "namespaces/marts/tables", body)


def commit(http: TestClient, name: str, *updates: Any, requirements: Any = ()) -> Any:
    body = {"requirements": list(requirements), "updates": list(updates)}
    return post(http, f"namespaces/marts/tables/{name}", body)


def set_property(key: str, value: str) -> dict[str, Any]:
    return {"action": "set-properties", "updates": {key: value}}


def properties(http: TestClient, name: str) -> dict[str, str]:
    loaded = http.get(f"/v1/dev/namespaces/marts/tables/{name}")
    found: dict[str, str] = loaded.json()["metadata"]["properties"]
    return found


def refusal(response: Response) -> tuple[int, str]:
    """Status and type, checked to have the specification's form."""
    error = response.json()["error"]
    assert set(error) == {"message", "type", "code"}
    assert error["code"] == response.status_code
    return response.status_code, error["type"]


def test_config_gives_the_branch_as_prefix_and_lists_endpoints(
    http: TestClient,
) -> None:
    config = http.get("/v1/config", params={"warehouse": "dev"}).json()
    assert config["overrides"] == {"prefix": "dev"}
    assert "GET /v1/{prefix}/namespaces/{namespace}/views/{view}" in config["endpoints"]
    assert not any("metrics" in endpoint for endpoint in config["endpoints"])


def test_config_without_or_with_an_unknown_branch(http: TestClient) -> None:
    assert refusal(http.get("/v1/config")) == (400, "BadRequestException")
    unknown = http.get("/v1/config", params={"warehouse": "nope"})
    assert refusal(unknown) == (404, "NoSuchWarehouseException")


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN]
)
@pytest.mark.parametrize("path", ["/v1/config?warehouse=dev", "/v1/dev/namespaces"])
def test_without_the_token_nothing_is_answered(
    http: TestClient, given: str | None, path: str
) -> None:
    del http.headers["Authorization"]
    headers = {} if given is None else {"Authorization": given}
    response = http.get(path, headers=headers)
    assert refusal(response) == (401, "NotAuthorizedException")
    assert TOKEN not in response.text


def test_every_endpoint_answers_404_on_an_unknown_branch(http: TestClient) -> None:
    for method, pattern, _ in ENDPOINTS:
        path = re.sub(r"\{.*?\}", "x", pattern.replace("{prefix}", "nope"))
        response = http.request(method, path, json={})
        assert response.status_code == 404, (method, path)
        if method != "HEAD":
            assert refusal(response) == (404, "NoSuchWarehouseException")


def test_every_endpoint_that_writes_is_forbidden_on_main(http: TestClient) -> None:
    for method, pattern, _ in ENDPOINTS:
        path = re.sub(r"\{.*?\}", "x", pattern.replace("{prefix}", "main"))
        status = http.request(method, path, json={}).status_code
        if method in ("GET", "HEAD"):
            assert status in (200, 404), (method, path)
        else:
            assert status == 403, (method, path)


def test_main_would_be_written_without_the_guard(
    http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "_admit", lambda *_: None)
    response = post(http, "namespaces", {"namespace": ["x"]}, branch="main")
    assert response.status_code == 200


def test_unknown_paths_and_methods_have_the_same_form(http: TestClient) -> None:
    assert refusal(http.get("/v1/dev/nothing")) == (404, "NotFoundException")
    assert refusal(http.put("/v1/dev/namespaces"))[0] == 405


def test_a_body_that_is_too_large_is_refused(
    http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "BODY_LIMIT", 1000)
    body = {"namespace": ["x"], "properties": {"comment": "x" * 1000}}
    assert post(http, "namespaces", body).status_code == 413
    assert http.get("/v1/dev/namespaces").json()["namespaces"] == []


@pytest.mark.parametrize("body", ["", "[]", "{", '"x"', "\x00"])
def test_a_body_that_is_no_object_is_a_bad_request(http: TestClient, body: str) -> None:
    response = http.post("/v1/dev/namespaces", content=body)
    assert refusal(response) == (400, "BadRequestException")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"namespace": []},
        {"namespace": [""]},
        {"namespace": "x"},
        {"namespace": [1]},
        {"namespace": ["x"], "properties": {"a": 1}},
    ],
)
def test_malformed_namespaces_are_bad_requests(http: TestClient, body: Any) -> None:
    assert refusal(post(http, "namespaces", body)) == (400, "BadRequestException")


def test_namespaces_have_properties(http: TestClient) -> None:
    body = {"namespace": ["marts"], "properties": {"owner": "us"}}
    assert post(http, "namespaces", body).json() == body
    path = "namespaces/marts/properties"
    update = {"removals": ["owner", "gone"], "updates": {"team": "we"}}
    done = post(http, path, update).json()
    assert done == {"updated": ["team"], "removed": ["owner"], "missing": ["gone"]}
    loaded = http.get("/v1/dev/namespaces/marts").json()
    assert loaded == {"namespace": ["marts"], "properties": {"team": "we"}}
    both = {"removals": ["a"], "updates": {"a": "1"}}
    assert refusal(post(http, path, both)) == (422, "UnprocessableEntityException")
    emptied = post(http, path, {"removals": ["team"], "updates": {}})
    assert emptied.status_code == 200
    assert http.head("/v1/dev/namespaces/marts").status_code == 204


def test_namespaces_exist_once_and_are_dropped_when_empty(marts: TestClient) -> None:
    again = post(marts, "namespaces", {"namespace": ["marts"]})
    assert refusal(again) == (409, "AlreadyExistsException")
    occupied = marts.delete("/v1/dev/namespaces/marts")
    assert refusal(occupied) == (409, "NamespaceNotEmptyException")
    marts.delete("/v1/dev/namespaces/marts/tables/t")
    assert marts.delete("/v1/dev/namespaces/marts").status_code == 204
    gone = marts.get("/v1/dev/namespaces/marts")
    assert refusal(gone) == (404, "NoSuchNamespaceException")
    assert marts.head("/v1/dev/namespaces/marts").status_code == 404


def test_nested_namespaces(http: TestClient) -> None:
    for levels in (["a"], ["a", "b"], ["a", "b.c"], ["ab"]):
        assert post(http, "namespaces", {"namespace": levels}).status_code == 200
    top = http.get("/v1/dev/namespaces").json()["namespaces"]
    assert top == [["a"], ["ab"]]
    below = http.get("/v1/dev/namespaces", params={"parent": "a"}).json()
    assert sorted(below["namespaces"]) == [["a", "b"], ["a", "b.c"]]
    assert http.get("/v1/dev/namespaces/a%1Fb.c").json()["namespace"] == ["a", "b.c"]
    assert refusal(http.delete("/v1/dev/namespaces/a"))[0] == 409


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
    levels = ["..", "/etc"]
    post(http, "namespaces", {"namespace": levels})
    body = {"name": "../../../x", "schema": SCHEMA}
    made = post(http, "namespaces/..%1F%2Fetc/tables", body).json()
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
        {"location": "s3://bucket/x"},
    ],
)
def test_malformed_tables_are_bad_requests(marts: TestClient, more: Any) -> None:
    assert refusal(create(marts, "m", **more)) == (400, "BadRequestException")
    assert marts.head("/v1/dev/namespaces/marts/tables/m").status_code == 404


@pytest.mark.parametrize(
    "update",
    [
        {"action": "make-coffee"},
        {"action": "set-properties"},
        {"action": "set-current-schema", "schema-id": 99},
        {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch"},
        {"action": "upgrade-format-version", "format-version": 3},
        {"action": "upgrade-format-version", "format-version": 1},
    ],
)
def test_malformed_commits_change_nothing(marts: TestClient, update: Any) -> None:
    path = "/v1/dev/namespaces/marts/tables/t"
    before = marts.get(path).content
    assert refusal(commit(marts, "t", update)) == (400, "BadRequestException")
    assert marts.get(path).content == before


def test_a_requirement_that_fails_is_a_conflict(marts: TestClient) -> None:
    wrong = {
        "type": "assert-table-uuid",
        "uuid": "00000000-0000-0000-0000-000000000000",
    }
    response = commit(marts, "t", set_property("a", "1"), requirements=[wrong])
    assert refusal(response) == (409, "CommitFailedException")
    assert "UUID does not match" in response.json()["error"]["message"]
    assert properties(marts, "t") == {}


def test_an_equal_schema_is_used_again_and_another_gets_its_own_id(
    marts: TestClient,
) -> None:
    wider = {
        **SCHEMA,
        "fields": [
            *SCHEMA["fields"],
            {"id": 2, "name": "b", "required": False, "type": "string"},
        ],
    }
    for schema in (wider, {**wider, "schema-id": 7}, {**SCHEMA, "schema-id": 3}):
        add = {"action": "add-schema", "schema": schema}
        use = {"action": "set-current-schema", "schema-id": -1}
        assert commit(marts, "t", add, use).status_code == 200
    metadata = marts.get("/v1/dev/namespaces/marts/tables/t").json()["metadata"]
    assert [one["schema-id"] for one in metadata["schemas"]] == [0, 1]
    assert metadata["current-schema-id"] == 0


def test_old_metadata_is_logged_and_stays(marts: TestClient) -> None:
    clean = {
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "1",
    }
    commit(marts, "t", {"action": "set-properties", "updates": clean})
    folder = None
    for number in range(3):
        done = commit(marts, "t", set_property("n", str(number))).json()
        folder = Path(done["metadata-location"].removeprefix("file://")).parent
    assert folder is not None
    versions = sorted(path.name[:5] for path in folder.iterdir())
    assert versions == ["00000", "00001", "00002", "00003", "00004"]


def test_a_purge_forgets_the_name_and_deletes_nothing(marts: TestClient) -> None:
    path = "/v1/dev/namespaces/marts/tables/t"
    location = marts.get(path).json()["metadata-location"]
    dropped = marts.delete(path, params={"purgeRequested": "true"})
    assert dropped.status_code == 204
    assert marts.head(path).status_code == 404
    assert Path(location.removeprefix("file://")).exists()


def test_a_transaction_moves_all_tables_or_none(marts: TestClient) -> None:
    create(marts, "u")
    wrong = {"type": "assert-current-schema-id", "current-schema-id": 9}

    def change(name: str, *requirements: Any) -> dict[str, Any]:
        return {
            "identifier": {"namespace": ["marts"], "name": name},
            "requirements": list(requirements),
            "updates": [set_property("by", "transaction")],
        }

    refused = post(
        marts,
        "transactions/commit",
        {"table-changes": [change("t"), change("u", wrong)]},
    )
    assert refusal(refused) == (409, "CommitFailedException")
    assert properties(marts, "t") == properties(marts, "u") == {}
    done = post(
        marts, "transactions/commit", {"table-changes": [change("t"), change("u")]}
    )
    assert done.status_code == 204
    assert properties(marts, "t") == properties(marts, "u") == {"by": "transaction"}


def test_a_transaction_that_loses_halfway_moves_none_then_starts_again(
    marts: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another commit to the second table comes between reading and swapping."""
    create(marts, "u")
    original = tables_module._move
    moved: list[str] = []

    def move(connection: Any, branch: str, step: Any) -> None:
        moved.append(step.table.name)
        if len(moved) == 2:
            assert moved == ["t", "u"]
            raise tables_module._LostError
        original(connection, branch, step)

    monkeypatch.setattr(tables_module, "_move", move)
    changes = [
        {
            "identifier": {"namespace": ["marts"], "name": name},
            "requirements": [],
            "updates": [set_property("by", "transaction")],
        }
        for name in ("t", "u")
    ]
    done = post(marts, "transactions/commit", {"table-changes": changes})
    assert done.status_code == 204
    assert moved == ["t", "u", "t", "u"]
    assert properties(marts, "t") == properties(marts, "u") == {"by": "transaction"}
    versions = Path(
        marts.get("/v1/dev/namespaces/marts/tables/t").json()["metadata-location"]
    )
    assert versions.name.startswith("00001-")


def test_a_commit_that_is_overtaken_starts_again_on_what_is_there(
    marts: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, table = Tables._prepare, TableId("marts", "t")
    prepared = 0

    def prepare(tables: Tables, branch: str, commits: Any) -> Any:
        nonlocal prepared
        prepared += 1
        steps = original(tables, branch, commits)
        if prepared == 1:  # between reading and swapping, another one commits
            tables.commit(branch, [Commit(table, [], [set_property("other", "1")])])
        return steps

    monkeypatch.setattr(Tables, "_prepare", prepare)
    assert commit(marts, "t", set_property("mine", "1")).status_code == 200
    assert properties(marts, "t") == {"other": "1", "mine": "1"}
    assert prepared == 3


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


def test_two_changes_of_one_table_in_a_transaction_follow_each_other(
    marts: TestClient,
) -> None:
    changes = [
        {
            "identifier": {"namespace": ["marts"], "name": "t"},
            "updates": [set_property(key, "1")],
        }
        for key in ("a", "b")
    ]
    assert (
        post(marts, "transactions/commit", {"table-changes": changes}).status_code
        == 204
    )
    assert properties(marts, "t") == {"a": "1", "b": "1"}


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


def test_errors_never_name_files_or_the_token(
    marts: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> bytes:
        raise RuntimeError(f"{settings.warehouse} {TOKEN}")

    path = "/v1/dev/namespaces/marts/tables/t"
    location = marts.get(path).json()["metadata-location"]
    Path(location.removeprefix("file://")).unlink()
    gone = marts.get(path)
    assert refusal(gone) == (404, "NotFoundException")
    monkeypatch.setattr(Files, "read", fail)
    broken = marts.get(path)
    assert refusal(broken) == (500, "InternalServerError")
    for response in (gone, broken):
        assert str(settings.home) not in response.text
        assert TOKEN not in response.text


def view_request(name: str, sql: str = "select 1", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "schema": SCHEMA,
        "view-version": {
            "version-id": 1,
            "schema-id": 0,
            "timestamp-ms": 1_700_000_000_000,
            "summary": {},
            "default-namespace": ["marts"],
            "representations": [{"type": "sql", "sql": sql, "dialect": "duckdb"}],
        },
        "properties": {},
        **more,
    }


def test_a_view_is_made_replaced_renamed_and_dropped(marts: TestClient) -> None:
    views = "namespaces/marts/views"
    made = post(marts, views, view_request("v")).json()["metadata"]
    assert made["current-version-id"] == 1
    version = view_request("v", "select 2")["view-version"] | {"schema-id": -1}
    replaced = post(
        marts,
        f"{views}/v",
        {
            "requirements": [{"type": "assert-view-uuid", "uuid": made["view-uuid"]}],
            "updates": [
                {"action": "add-schema", "schema": SCHEMA},
                {"action": "add-view-version", "view-version": version},
                {"action": "set-current-view-version", "view-version-id": -1},
            ],
        },
    ).json()["metadata"]
    assert replaced["current-version-id"] == 2
    assert [one["version-id"] for one in replaced["version-log"]] == [1, 2]
    assert len(replaced["schemas"]) == 1
    body = {
        "source": {"namespace": ["marts"], "name": "v"},
        "destination": {"namespace": ["marts"], "name": "w"},
    }
    assert post(marts, "views/rename", body).status_code == 204
    listed = marts.get(f"/v1/dev/{views}").json()["identifiers"]
    assert [one["name"] for one in listed] == ["w"]
    assert marts.head(f"/v1/dev/{views}/w").status_code == 204
    assert marts.delete(f"/v1/dev/{views}/w").status_code == 204
    assert refusal(marts.get(f"/v1/dev/{views}/w")) == (404, "NoSuchViewException")


def test_tables_and_views_share_names_and_nothing_else(marts: TestClient) -> None:
    post(marts, "namespaces/marts/views", view_request("v"))
    taken = post(marts, "namespaces/marts/views", view_request("t"))
    assert refusal(taken) == (409, "AlreadyExistsException")
    assert refusal(create(marts, "v")) == (409, "AlreadyExistsException")
    assert marts.head("/v1/dev/namespaces/marts/tables/v").status_code == 404
    assert marts.head("/v1/dev/namespaces/marts/views/t").status_code == 404
    assert refusal(marts.delete("/v1/dev/namespaces/marts/tables/v"))[0] == 404
    assert refusal(marts.delete("/v1/dev/namespaces/marts"))[0] == 409


@pytest.mark.parametrize(
    "request_body",
    [
        {"name": "v"},
        {"name": "v", "schema": SCHEMA, "view-version": "x"},
        {"name": "v", "schema": SCHEMA, "view-version": {"version-id": 1}},
        view_request("v") | {"schema": None},
        view_request("v") | {"properties": {"version.history.num-entries": "many"}},
    ],
)
def test_malformed_views_are_bad_requests(marts: TestClient, request_body: Any) -> None:
    response = post(marts, "namespaces/marts/views", request_body)
    assert refusal(response) == (400, "BadRequestException")
    assert marts.head("/v1/dev/namespaces/marts/views/v").status_code == 404


def test_a_view_keeps_as_many_versions_as_its_property_says(marts: TestClient) -> None:
    limit = {"version.history.num-entries": "2"}
    post(marts, "namespaces/marts/views", view_request("v", properties=limit))
    for number in range(2, 6):
        version = view_request("v", f"select {number}")["view-version"]
        done = post(
            marts,
            "namespaces/marts/views/v",
            {
                "updates": [
                    {"action": "add-view-version", "view-version": version},
                    {"action": "set-current-view-version", "view-version-id": -1},
                ]
            },
        )
        assert done.status_code == 200, done.text
    metadata = done.json()["metadata"]
    assert sorted(one["version-id"] for one in metadata["versions"]) == [4, 5]
    assert [one["version-id"] for one in metadata["version-log"]] == [4, 5]


def test_rows_and_files_are_those_of_other_catalogs(
    marts: TestClient, settings: Settings
) -> None:
    """pyiceberg's SqlCatalog opens the same database, with the branch as its name."""
    other = SqlCatalog("dev", uri=settings.database_url)
    post(marts, "namespaces/marts/views", view_request("v"))
    assert other.list_namespaces() == [("marts",)]
    assert other.list_tables("marts") == [("marts", "t")]
    assert other.load_table("marts.t").metadata.table_uuid is not None
    other.close()
    assert json.loads(marts.get("/v1/dev/namespaces/marts/views/v").content)
