"""Namespaces over the protocol: properties, levels, pages."""

from typing import Any

import pytest
from starlette.testclient import TestClient

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
