"""Every way of a request to name a location."""

from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

from orchestration.tests.unit.lake.protocol import (
    Response,
    commit,
    create,
    post,
    view_request,
)

PATHS = [
    "write.data.path",
    "write.metadata.path",
    "write.folder-storage.path",
    "write.object-storage.path",
]
SNAPSHOT: dict[str, Any] = {
    "snapshot-id": 1,
    "sequence-number": 1,
    "timestamp-ms": 1_700_000_000_000,
    "summary": {"operation": "append"},
    "schema-id": 0,
}
Send = Callable[[TestClient, str], Response]


def statistics(location: str) -> dict[str, Any]:
    return {
        "snapshot-id": 1,
        "statistics-path": location,
        "file-size-in-bytes": 1,
        "file-footer-size-in-bytes": 1,
        "blob-metadata": [],
    }


def _replace_view(http: TestClient, *updates: Any) -> Response:
    made = post(http, "namespaces/marts/views", view_request("v"))
    assert made.status_code == 200
    return post(http, "namespaces/marts/views/v", {"updates": list(updates)})


def updated(location: str, key: str) -> dict[str, Any]:
    return {"action": "set-properties", "updates": {key: location}}


def _creating_with(key: str) -> Send:
    return lambda http, one: create(http, "x", properties={key: one})


def _setting(key: str) -> Send:
    return lambda http, one: commit(http, "t", updated(one, key))


# Every way of a request to name a location.
DOORS: dict[str, Send] = {
    "create": lambda http, one: create(http, "x", location=one),
    "stage": lambda http, one: create(
        http, "x", location=one, **{"stage-create": True}
    ),
    "register": lambda http, one: post(
        http, "namespaces/marts/register", {"name": "x", "metadata-location": one}
    ),
    "overwrite": lambda http, one: post(
        http,
        "namespaces/marts/register",
        {"name": "t", "metadata-location": one, "overwrite": True},
    ),
    "set-location": lambda http, one: commit(
        http, "t", {"action": "set-location", "location": one}
    ),
    "create by commit": lambda http, one: commit(
        http,
        "x",
        {"action": "set-location", "location": one},
        requirements=[{"type": "assert-create"}],
    ),
    "add-snapshot": lambda http, one: commit(
        http,
        "t",
        {"action": "add-snapshot", "snapshot": SNAPSHOT | {"manifest-list": one}},
    ),
    "set-statistics": lambda http, one: commit(
        http,
        "t",
        {"action": "set-statistics", "snapshot-id": 1, "statistics": statistics(one)},
    ),
    "set-partition-statistics": lambda http, one: commit(
        http,
        "t",
        {
            "action": "set-partition-statistics",
            "partition-statistics": statistics(one),
        },
    ),
    "create a view": lambda http, one: post(
        http, "namespaces/marts/views", view_request("x", location=one)
    ),
    "register a view": lambda http, one: post(
        http, "namespaces/marts/register-view", {"name": "x", "metadata-location": one}
    ),
    "set-location of a view": lambda http, one: _replace_view(
        http, {"action": "set-location", "location": one}
    ),
    **{f"create with {key}": _creating_with(key) for key in PATHS},
    **{f"set {key}": _setting(key) for key in PATHS},
    "write.metadata.path of a view": lambda http, one: _replace_view(
        http, updated(one, "write.metadata.path")
    ),
}
