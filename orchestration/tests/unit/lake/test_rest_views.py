"""Views over the protocol: create, replace, rename, drop."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestration.tests.unit.lake.protocol import (
    SCHEMA,
    create,
    post,
    refusal,
    view_request,
)


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
