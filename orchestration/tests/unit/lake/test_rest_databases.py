"""The protocol where databases differ: their order, their lengths, their characters."""

import pytest
from starlette.testclient import TestClient

from orchestration.tests.postgres import on_both_databases
from orchestration.tests.unit.lake.protocol import create, post, refusal

pytestmark = on_both_databases


def test_pages_hold_every_table_whatever_the_databases_order(
    marts: TestClient,
) -> None:
    names = ["B", "a", "C_1", "ab", "Z", "_x", "t"]
    for name in names[:-1]:  # the last one is there
        assert create(marts, name).status_code == 200
    found: list[str] = []
    token = ""
    while token is not None:
        page = marts.get(
            "/v1/dev/namespaces/marts/tables",
            params={"pageSize": 2, "pageToken": token},
        ).json()
        found += [one["name"] for one in page["identifiers"]]
        token = page["next-page-token"]
    assert sorted(found) == sorted(names)


def test_names_differ_by_case_and_by_wildcards(http: TestClient) -> None:
    for levels in (["a", "b"], ["A"], ["a%"], ["a_"], ["ab", "c"]):
        assert post(http, "namespaces", {"namespace": levels}).status_code == 200
    for name in ("A.b", "AB", "a%.b"):
        assert http.head(f"/v1/dev/namespaces/{name}").status_code == 404


@pytest.mark.parametrize("name", ["x" * 300, "nul\x00"], ids=["long", "nul"])
def test_what_a_database_cannot_hold_is_no_failure(
    marts: TestClient, name: str
) -> None:
    for answer in (
        create(marts, name),
        post(marts, "namespaces", {"namespace": [name]}),
        post(marts, "namespaces", {"namespace": ["p"], "properties": {name: name}}),
    ):
        assert answer.status_code in (200, 400)
        if answer.status_code == 400:
            refusal(answer)
