"""Whatever is sent, the catalog says what is wrong with it: never a failure of its own.

Bodies are made of the protocol's own words, put together at random.
"""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyiceberg.table.metadata import TableMetadataUtil
from starlette.testclient import TestClient

from orchestration.lake.rest.routes import ENDPOINTS
from orchestration.settings import Settings
from orchestration.tests.postgres import on_both_databases
from orchestration.tests.unit.lake.protocol import SCHEMA, Response, refusal

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
    "initial-default",
    "write-default",
]
HOSTILE = [
    "",
    ".",
    "..",
    "../../etc/passwd",
    "/",
    "/etc/passwd",
    "file:///etc/passwd",
    "http://127.0.0.1:1/x",
    "a/b",
    "a.b",
    "a\x00b",
    "a\x1fb",
    "\ud800",
    "\u202e\U0001f9ca",
    "%2e%2e",
    "{}",
    "'; drop table iceberg_tables; --",
    "x" * 300,
    "x" * 5000,
]
texts = st.one_of(st.text(max_size=3), st.sampled_from(HOSTILE))
numbers = st.one_of(
    st.integers(-2, 3),
    st.sampled_from([2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**300]),
    st.floats(),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    numbers,
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
contents = st.one_of(
    bodies.map(lambda body: json.dumps(body).encode()),
    st.binary(max_size=40),
    st.sampled_from(
        [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 100_000, b"\xef\xbb\xbf{}"]
    ),
)
segments = st.one_of(
    st.sampled_from(["dev", "n", "t", "v", "main"]),
    texts.map(lambda text: quote(text.encode(errors="surrogatepass"), safe="")),
    st.sampled_from(["%FF", "%", "%zz", "%00", "%1F", "n%1Fm", "..%2F..", "%2e%2e"]),
)
parameters = st.dictionaries(
    st.sampled_from(["warehouse", "parent", "pageSize", "pageToken", "purgeRequested"]),
    st.one_of(texts, st.sampled_from(["9" * 5000, "\u0663", "1"])).map(
        lambda text: text.encode(errors="replace").decode()
    ),
    max_size=3,
)
writes = [one for one in ENDPOINTS if one[0] == "POST"]
BOUNDS = hypothesis_settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FULL = hypothesis_settings(BOUNDS, max_examples=3000)


@pytest.fixture
def fuzzed(http: TestClient) -> TestClient:
    names = "/v1/dev/namespaces"
    http.post(names, json={"namespace": ["n"]})
    http.post(f"{names}/n/tables", json={"name": "t", "schema": SCHEMA})
    view = {"name": "v", "schema": SCHEMA, "view-version": VERSION}
    http.post(f"{names}/n/views", json=view)
    return http


def test_no_body_makes_the_catalog_fail(fuzzed: TestClient, settings: Settings) -> None:
    send_bodies(fuzzed, settings, BOUNDS)


@pytest.mark.full
@on_both_databases
def test_no_body_of_very_many_does(fuzzed: TestClient, settings: Settings) -> None:
    send_bodies(fuzzed, settings, FULL)


def send_bodies(
    http: TestClient, settings: Settings, bounds: hypothesis_settings
) -> None:
    @bounds
    @given(endpoint=st.sampled_from(writes), content=contents)
    def send(endpoint: tuple[str, str, Any], content: bytes) -> None:
        path = filled(endpoint[1], "dev", "n", "t", "v")
        check(http, settings, http.post(path, content=content))

    send()


def test_no_address_makes_the_catalog_fail(
    fuzzed: TestClient, settings: Settings
) -> None:
    send_addresses(fuzzed, settings, BOUNDS)


@pytest.mark.full
@on_both_databases
def test_no_address_of_very_many_does(fuzzed: TestClient, settings: Settings) -> None:
    send_addresses(fuzzed, settings, FULL)


def send_addresses(
    http: TestClient, settings: Settings, bounds: hypothesis_settings
) -> None:
    @bounds
    @given(
        endpoint=st.sampled_from([("GET", "/v1/config", None), *ENDPOINTS]),
        names=st.tuples(segments, segments, segments, segments),
        query=parameters,
        content=contents,
    )
    def send(
        endpoint: tuple[str, str, Any],
        names: tuple[str, str, str, str],
        query: dict[str, str],
        content: bytes,
    ) -> None:
        method, path, _ = endpoint
        url = f"{filled(path, *names)}?{urlencode(query)}"
        check(http, settings, http.request(method, url, content=content))

    send()


def filled(path: str, *names: str) -> str:
    keys = ("{prefix}", "{namespace}", "{table}", "{view}")
    for key, value in zip(keys, names, strict=True):
        path = path.replace(key, value)
    return path


def check(http: TestClient, settings: Settings, response: Response) -> None:
    """A good answer or a refusal in the specification's form; the rest still works."""
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        if response.request.method != "HEAD":
            refusal(response)
        assert str(settings.home) not in response.text
        assert "Traceback" not in response.text
        return
    if response.content:
        json.loads(response.content, parse_constant=pytest.fail)
    listed = http.get("/v1/dev/namespaces/n/tables")
    for one in listed.json().get("identifiers", []):
        path = quote(one["name"], safe="")
        loaded = http.get(f"/v1/dev/namespaces/n/tables/{path}")
        assert loaded.status_code == 200, one
        said = json.loads(loaded.content, parse_constant=pytest.fail)
        TableMetadataUtil.parse_obj(said["metadata"])
