"""Namespaces over the protocol: properties, levels, pages."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestration.tests.postgres import on_both_databases
from orchestration.tests.unit.lake.protocol import post, refusal


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


@on_both_databases
def test_a_property_has_a_size_that_every_database_takes(http: TestClient) -> None:
    good = {"k" * 255: "v" * 1000, "emoji": "\U0001f9ca" * 500}
    made = post(http, "namespaces", {"namespace": ["x"], "properties": good})
    assert made.status_code == 200
    assert http.get("/v1/dev/namespaces/x").json()["properties"] == good
    for bad in ({"k" * 256: "v"}, {"k": "v" * 1001}, {"k": "a\0b"}, {"": "v"}):
        update = post(http, "namespaces/x/properties", {"updates": bad})
        assert refusal(update) == (400, "BadRequestException")
        create = {"namespace": ["y"], "properties": bad}
        assert refusal(post(http, "namespaces", create))[0] == 400
    assert http.head("/v1/dev/namespaces/y").status_code == 404
    assert http.get("/v1/dev/namespaces/x").json()["properties"] == good


@on_both_databases
def test_names_of_every_kind_are_answered_by_every_database(http: TestClient) -> None:
    for name in ("%00", "a%00b", "%1F", "x" * 2000, "%F0%9F%A7%8A", "'--", "%5C"):
        status = http.get(f"/v1/dev/namespaces/{name}").status_code
        assert status in (400, 404), name
        assert http.get(f"/v1/dev/namespaces/x/tables/{name}").status_code in (400, 404)
