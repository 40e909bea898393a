"""Commits over the protocol: one table or several, all or none."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestration.lake import TableId
from orchestration.lake.catalog import tables as tables_module
from orchestration.lake.catalog.tables import Tables
from orchestration.lake.catalog.updates import Commit
from orchestration.tests.pages import promise
from orchestration.tests.unit.lake.protocol import (
    SCHEMA,
    commit,
    create,
    post,
    properties,
    refusal,
    set_property,
)


@pytest.mark.parametrize(
    "update",
    [
        {"action": "make-coffee"},
        {"action": "set-properties"},
        {"action": "set-current-schema", "schema-id": 99},
        {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch"},
        {"action": "upgrade-format-version", "format-version": 3},
        {"action": "upgrade-format-version", "format-version": 1},
    ],
)
@promise("Iceberg formats v1 and v2; v3 is refused")
def test_malformed_commits_change_nothing(marts: TestClient, update: Any) -> None:
    path = "/v1/dev/namespaces/marts/tables/t"
    before = marts.get(path).content
    assert refusal(commit(marts, "t", update)) == (400, "BadRequestException")
    assert marts.get(path).content == before


def test_a_requirement_that_fails_is_a_conflict(marts: TestClient) -> None:
    wrong = {
        "type": "assert-table-uuid",
        "uuid": "00000000-0000-0000-0000-000000000000",
    }
    response = commit(marts, "t", set_property("a", "1"), requirements=[wrong])
    assert refusal(response) == (409, "CommitFailedException")
    assert "UUID does not match" in response.json()["error"]["message"]
    assert properties(marts, "t") == {}


def test_an_equal_schema_is_used_again_and_another_gets_its_own_id(
    marts: TestClient,
) -> None:
    wider = {
        **SCHEMA,
        "fields": [
            *SCHEMA["fields"],
            {"id": 2, "name": "b", "required": False, "type": "string"},
        ],
    }
    for schema in (wider, {**wider, "schema-id": 7}, {**SCHEMA, "schema-id": 3}):
        add = {"action": "add-schema", "schema": schema}
        use = {"action": "set-current-schema", "schema-id": -1}
        assert commit(marts, "t", add, use).status_code == 200
    metadata = marts.get("/v1/dev/namespaces/marts/tables/t").json()["metadata"]
    assert [one["schema-id"] for one in metadata["schemas"]] == [0, 1]
    assert metadata["current-schema-id"] == 0


def test_old_metadata_is_logged_and_stays(marts: TestClient) -> None:
    clean = {
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "1",
    }
    commit(marts, "t", {"action": "set-properties", "updates": clean})
    folder = None
    for number in range(3):
        done = commit(marts, "t", set_property("n", str(number))).json()
        folder = Path(done["metadata-location"].removeprefix("file://")).parent
    assert folder is not None
    versions = sorted(path.name[:5] for path in folder.iterdir())
    assert versions == ["00000", "00001", "00002", "00003", "00004"]


def test_a_transaction_moves_all_tables_or_none(marts: TestClient) -> None:
    create(marts, "u")
    wrong = {"type": "assert-current-schema-id", "current-schema-id": 9}

    def change(name: str, *requirements: Any) -> dict[str, Any]:
        return {
            "identifier": {"namespace": ["marts"], "name": name},
            "requirements": list(requirements),
            "updates": [set_property("by", "transaction")],
        }

    refused = post(
        marts,
        "transactions/commit",
        {"table-changes": [change("t"), change("u", wrong)]},
    )
    assert refusal(refused) == (409, "CommitFailedException")
    assert properties(marts, "t") == properties(marts, "u") == {}
    done = post(
        marts, "transactions/commit", {"table-changes": [change("t"), change("u")]}
    )
    assert done.status_code == 204
    assert properties(marts, "t") == properties(marts, "u") == {"by": "transaction"}


def test_a_transaction_that_loses_halfway_moves_none_then_starts_again(
    marts: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another commit to the second table comes between reading and swapping."""
    create(marts, "u")
    original = tables_module._move
    moved: list[str] = []

    def move(connection: Any, branch: str, step: Any) -> None:
        moved.append(step.table.name)
        if len(moved) == 2:
            assert moved == ["t", "u"]
            raise tables_module._LostError
        original(connection, branch, step)

    monkeypatch.setattr(tables_module, "_move", move)
    changes = [
        {
            "identifier": {"namespace": ["marts"], "name": name},
            "requirements": [],
            "updates": [set_property("by", "transaction")],
        }
        for name in ("t", "u")
    ]
    done = post(marts, "transactions/commit", {"table-changes": changes})
    assert done.status_code == 204
    assert moved == ["t", "u", "t", "u"]
    assert properties(marts, "t") == properties(marts, "u") == {"by": "transaction"}
    versions = Path(
        marts.get("/v1/dev/namespaces/marts/tables/t").json()["metadata-location"]
    )
    assert versions.name.startswith("00001-")


def test_a_commit_that_is_overtaken_starts_again_on_what_is_there(
    marts: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, table = Tables._prepare, TableId("marts", "t")
    prepared = 0

    def prepare(tables: Tables, branch: str, commits: Any) -> Any:
        nonlocal prepared
        prepared += 1
        steps = original(tables, branch, commits)
        if prepared == 1:  # between reading and swapping, another one commits
            tables.commit(branch, [Commit(table, [], [set_property("other", "1")])])
        return steps

    monkeypatch.setattr(Tables, "_prepare", prepare)
    assert commit(marts, "t", set_property("mine", "1")).status_code == 200
    assert properties(marts, "t") == {"other": "1", "mine": "1"}
    assert prepared == 3


def test_two_changes_of_one_table_in_a_transaction_follow_each_other(
    marts: TestClient,
) -> None:
    changes = [
        {
            "identifier": {"namespace": ["marts"], "name": "t"},
            "updates": [set_property(key, "1")],
        }
        for key in ("a", "b")
    ]
    assert (
        post(marts, "transactions/commit", {"table-changes": changes}).status_code
        == 204
    )
    assert properties(marts, "t") == {"a": "1", "b": "1"}
