"""Who may ask, what the catalog says of itself, and the form of its refusals."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from starlette.testclient import TestClient

from orchestration.lake.catalog.files import Files
from orchestration.lake.rest import app as app_module
from orchestration.lake.rest.routes import ENDPOINTS
from orchestration.settings import Settings
from orchestration.tests.unit.lake.protocol import (
    TOKEN,
    post,
    refusal,
    view_request,
)


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
