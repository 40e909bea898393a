"""Two servers of one database, of which one always is faster: no chance is involved.

The slow one has read and written its metadata, and is about to move its pointers, when
the fast one commits.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from orchestration.lake import Lake, TableId
from orchestration.lake.catalog import entries, namespaces, tables
from orchestration.lake.catalog.files import Files
from orchestration.lake.catalog.tables import Tables
from orchestration.lake.catalog.updates import Commit
from orchestration.lake.store import tables as rows
from orchestration.settings import Settings
from orchestration.tests.faults import clients
from orchestration.tests.pages import fault, mutant
from orchestration.tests.postgres import on_both_databases


class Overtaken(Tables):
    """A server that another one overtakes once, just before its pointers move."""

    def overtaken_by(self, other: Tables, commits: Sequence[Commit]) -> None:
        """The other one commits when this one is about to."""
        self._other: Tables | None = other
        self._commits = commits

    def _prepare(self, branch: str, commits: Any) -> list[tables._Step]:
        steps = super()._prepare(branch, commits)
        if self._other:
            other, self._other = self._other, None
            other.commit(branch, self._commits)
        return steps


def named(name: str, *names: str) -> list[Commit]:
    """A commit that writes its name on tables, whatever they are."""
    updates = [{"action": "set-properties", "updates": {"commit": name}}]
    return [Commit(TableId("n", one), [], updates) for one in names]


def race(lake: Lake, settings: Settings, *, fast: str, slow: str) -> None:
    """Commit to the tables a, b and c that the letters name: `fast` first."""
    lake.create_branch("dev")
    with lake.store.write() as connection:
        namespaces.create(connection, "dev", "n", {})
    late = Overtaken(lake.store, Files(settings.warehouse))
    other = Tables(lake.store, Files(settings.warehouse))
    for name in "abc":
        request = {"name": name, "schema": clients.SCHEMA}
        other.create("dev", TableId("n", name), request, stage=False)
    late.overtaken_by(other, named("fast", *fast))
    late.commit("dev", named("slow", *slow))


def histories(lake: Lake) -> Iterator[list[str]]:
    """The commits of a, b and c; and that what was refused left no file."""
    for name in "abc":
        found = clients.history(lake, "dev", name)
        assert len(clients.metadata_files(lake, "dev", name)) == len(found) + 1
        yield found


def one_after_the_other(lake: Lake, settings: Settings) -> None:
    """The slow commit follows the fast one on their table."""
    race(lake, settings, fast="a", slow="a")
    assert list(histories(lake)) == [["fast", "slow"], [], []]


def all_at_once(lake: Lake, settings: Settings) -> None:
    """A commit to three tables that loses on the last of them begins anew."""
    race(lake, settings, fast="c", slow="abc")
    assert list(histories(lake)) == [["slow"], ["slow"], ["fast", "slow"]]


@fault(
    "Concurrency",
    clients.ONE_TABLE,
    seen="each commit lands, or gets a 409; none is lost, the history is one line",
    rerun="whoever got a 409 commits again",
)
@on_both_databases
def test_a_commit_that_was_overtaken_follows(lake: Lake, settings: Settings) -> None:
    one_after_the_other(lake, settings)


def swap_blindly(
    connection: Any, branch: str, table: TableId, *, old: str, new: str
) -> bool:
    """`entries.swap` that does not look where the pointer is."""
    connection.execute(
        rows.update()
        .where(*entries._is(branch, table))
        .values(metadata_location=new, previous_metadata_location=old)
    )
    return True


@mutant(clients.ONE_TABLE, guard="a pointer moves only from where the commit found it")
def test_without_the_comparison_a_commit_is_lost(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "swap", swap_blindly)
    with pytest.raises(AssertionError):
        one_after_the_other(lake, settings)


@fault(
    "Concurrency",
    clients.SEVERAL_TABLES,
    seen="a commit lands on all three tables, or on none of them",
)
@on_both_databases
def test_a_commit_of_several_tables_moves_them_at_once(
    lake: Lake, settings: Settings
) -> None:
    all_at_once(lake, settings)


def swap_one_by_one(self: Tables, branch: str, steps: Sequence[tables._Step]) -> bool:
    """`Tables._swap` with a transaction for each table."""
    for step in steps:
        try:
            with self._store.write() as connection:
                tables._move(connection, branch, step)
        except tables._LostError:
            return False
    return True


@mutant(
    clients.SEVERAL_TABLES,
    guard="the tables of a commit move in one SQL transaction",
)
def test_without_one_transaction_tables_part(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tables, "_swap", swap_one_by_one)
    with pytest.raises(AssertionError):
        all_at_once(lake, settings)
