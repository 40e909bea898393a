"""Moves pointers on branches as an engine's commits do, without files."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from orchestration.lake import Lake, TableId
from orchestration.lake.catalog import entries
from orchestration.lake.model import Kind, Pointer
from orchestration.lake.rest.app import application
from orchestration.settings import Settings
from orchestration.tests.unit.lake.protocol import TOKEN, create, post
from orchestration.tests.unit.lake.states import Put


@pytest.fixture
def put(lake: Lake) -> Put:
    """`put(branch, "a.t", "file")` points a table there; None as file drops it."""

    def move(
        branch: str, name: str, location: str | None, kind: Kind = "TABLE"
    ) -> None:
        table = TableId.parse(name)
        with lake.store.write() as connection:
            if entries.find(connection, branch, table) is not None:
                found = entries.find(connection, branch, table)
                assert found is not None
                entries.drop(connection, branch, table, found.kind)
            if location is not None:
                entries.insert(connection, branch, table, Pointer(kind, location))

    return move


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
