"""Moves pointers on branches as an engine's commits do, without files."""

import pytest

from orchestration.lake import Lake, TableId
from orchestration.lake.catalog import entries
from orchestration.lake.model import Kind, Pointer
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
