"""Whatever is sent, the catalog says what is wrong with it: never a failure of its own.

Bodies are made of the protocol's own words, put together at random.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from orchestration.lake import Lake
from orchestration.lake.rest.app import application
from orchestration.lake.rest.routes import ENDPOINTS
from orchestration.settings import Settings

SCHEMA = {
    "type": "struct",
    "schema-id": 0,
    "fields": [{"id": 1, "name": "id", "required": False, "type": "long"}],
}
VERSION = {
    "version-id": 1,
    "schema-id": 0,
    "timestamp-ms": 1,
    "summary": {},
    "default-namespace": ["n"],
    "representations": [{"type": "sql", "sql": "select 1", "dialect": "duckdb"}],
}
WORDS = [
    "add-schema",
    "add-snapshot",
    "add-sort-order",
    "add-spec",
    "add-view-version",
    "assert-create",
    "assert-current-schema-id",
    "assert-ref-snapshot-id",
    "assert-table-uuid",
    "assign-uuid",
    "assert-view-uuid",
    "remove-properties",
    "remove-snapshot-ref",
    "remove-snapshots",
    "set-current-schema",
    "set-current-view-version",
    "set-default-sort-order",
    "set-default-spec",
    "set-location",
    "set-properties",
    "set-snapshot-ref",
    "branch",
    "n",
    "t",
    "v",
    "main",
]
KEYS = [
    "action",
    "type",
    "updates",
    "requirements",
    "schema",
    "schema-id",
    "spec",
    "spec-id",
    "sort-order",
    "sort-order-id",
    "snapshot",
    "snapshot-id",
    "snapshot-ids",
    "ref",
    "ref-name",
    "uuid",
    "location",
    "removals",
    "name",
    "namespace",
    "properties",
    "partition-spec",
    "write-order",
    "stage-create",
    "view-version",
    "view-version-id",
    "source",
    "destination",
    "identifier",
    "table-changes",
    "metadata-location",
    "overwrite",
    "fields",
    "versions",
    "format-version",
]
# No slash: a location may lie anywhere, and a test's must not.
texts = st.text(st.characters(exclude_characters="/", codec="utf-8"), max_size=3)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.sampled_from(WORDS),
    texts,
    st.just(SCHEMA),
    st.just(VERSION),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    ),
    max_leaves=12,
)
updates = st.lists(
    st.fixed_dictionaries(
        {"action": st.sampled_from(WORDS)},
        optional=dict.fromkeys(KEYS[4:22], values),
    ),
    max_size=3,
)
bodies = st.one_of(
    st.dictionaries(st.sampled_from(KEYS), values, max_size=6),
    st.fixed_dictionaries({"updates": updates}),
    st.fixed_dictionaries({"name": texts, "schema": values}),
    st.fixed_dictionaries(
        {"name": texts, "schema": st.just(SCHEMA), "view-version": values}
    ),
)
writes = st.sampled_from([one for one in ENDPOINTS if one[0] == "POST"])


@pytest.fixture
def http(lake: Lake, settings: Settings) -> Iterator[TestClient]:
    lake.create_branch("dev")
    app = application(lake.store, warehouse=settings.warehouse, token="t")
    with TestClient(app, headers={"Authorization": "Bearer t"}) as client:
        yield client


@hypothesis_settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(endpoint=writes, body=bodies)
def test_no_body_makes_the_catalog_fail(
    http: TestClient, endpoint: tuple[str, str, Any], body: dict[str, Any]
) -> None:
    names = "/v1/dev/namespaces"
    http.post(names, json={"namespace": ["n"]})
    http.post(f"{names}/n/tables", json={"name": "t", "schema": SCHEMA})
    view = {"name": "v", "schema": SCHEMA, "view-version": VERSION}
    http.post(f"{names}/n/views", json=view)
    _, path, _ = endpoint
    for pattern, value in (
        ("{prefix}", "dev"),
        ("{namespace}", "n"),
        ("{table}", "t"),
        ("{view}", "v"),
    ):
        path = path.replace(pattern, value)
    response = http.post(path, json=body)
    assert response.status_code < 500, (path, body, response.text)
