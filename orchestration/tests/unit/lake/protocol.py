"""Requests of the protocol, in the words of its tests."""

from typing import Any

from starlette.testclient import TestClient

TOKEN = "s3cret"
SCHEMA: dict[str, Any] = {
    "type": "struct",
    "schema-id": 0,
    "fields": [{"id": 1, "name": "id", "required": False, "type": "long"}],
}


Response = Any  # of httpx, or of the double that starlette prefers if it is there


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
