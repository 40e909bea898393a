"""Many small files become few, on the branch that made them, and no row changes."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from orchestration.errors import DamagedError
from orchestration.lake import Lake, TableId, compact, process
from orchestration.lake.catalog import history
from orchestration.lake.compact import MANY, tidy
from orchestration.lake.process import Endpoint
from orchestration.lake.reachable import DATA, DELETES, Walk
from orchestration.lake.session import rest_catalog
from orchestration.settings import Settings
from orchestration.tests.faults.small_lake import SmallLake
from orchestration.tests.pages import fault, mutant

RAW, MERGED = "m.raw", "m.merged"
NAME = "hundreds of small increments"


@pytest.fixture
def small(settings: Settings, lake: Lake, catalog_endpoint: Endpoint) -> SmallLake:
    """A lake without tables."""
    return SmallLake(settings, lake)


def grow(small: SmallLake) -> tuple[Any, Any]:
    """Appends to days, and merges, until both tables are due; rows before and after."""
    small.lake.create_branch("run")
    with small.on("run") as con:
        con.execute("create schema lake.m")
        con.execute(
            f"create table lake.{RAW} (a int, moment timestamp) "
            "partitioned by (day(moment))"
        )
        con.execute(f"create table lake.{MERGED} as select range as a from range(99)")
        for number in range(MANY + 3):
            con.execute(
                f"insert into lake.{RAW} select {number}, "
                f"timestamp '2026-01-01' + interval {number % 2} day"
            )
            con.execute(f"delete from lake.{MERGED} where a = {number}")
        before = [small.rows(one, "run") for one in (RAW, MERGED)]
        catalog = rest_catalog(process.ensure_catalog(small.settings), "run")
        opened: AbstractContextManager[Any] = nullcontext((con, catalog))
        tidy(small.lake, "run", lambda: opened)
        assert tidy(small.lake, "run", lambda: opened) == []
    return before, [small.rows(one, "run") for one in (RAW, MERGED)]


def counts(small: SmallLake, table: str) -> dict[str, int]:
    """How many data and delete files a query of the table opens, and its snapshots."""
    walk = Walk()
    found = walk.metadata(small.location(table, "run"))
    files, _ = walk.files(one for one in found.snapshots if one.live)
    roles = [one.role for one in files]
    counted = {role: roles.count(role) for role in (DATA, DELETES)}
    return counted | {"snapshots": len(found.snapshots)}


def stays_small(small: SmallLake) -> None:
    """After all of it there are few files and snapshots, and the same rows."""
    before, after = grow(small)
    assert before == after
    assert counts(small, RAW) == {DATA: 2, DELETES: 0, "snapshots": history.KEEP}
    merged = counts(small, MERGED)
    assert merged == {DATA: 1, DELETES: 0, "snapshots": history.KEEP}


@fault(
    "Growing state",
    NAME,
    seen="the run that makes them too many writes them again as one, before it "
    "publishes; a table keeps its last 20 snapshots",
    rerun="nothing to write again",
)
def test_increments_leave_few_files_and_the_same_rows(small: SmallLake) -> None:
    stays_small(small)
    assert small.rows_in_duckdb(MERGED, "run") == small.rows(MERGED, "run")


@mutant(NAME, guard="small files are written again")
def test_without_it_every_increment_stays_a_file(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compact, "plan", lambda *_: None)
    with pytest.raises(AssertionError, match=f"{MANY + 3}"):
        stays_small(small)


def increments(small: SmallLake, columns: str, row: str) -> list[tuple[Any, ...]]:
    """Append rows until the table is due, and write it again; the rows before."""
    small.lake.create_branch("run")
    with small.on("run") as con:
        con.execute("create schema lake.m")
        con.execute(f"create table lake.{RAW} ({columns})")
        for number in range(MANY + 2):
            con.execute(f"insert into lake.{RAW} select {row.format(number)}")
        before = small.rows(RAW, "run")
        catalog = rest_catalog(process.ensure_catalog(small.settings), "run")
        opened: AbstractContextManager[Any] = nullcontext((con, catalog))
        assert tidy(small.lake, "run", lambda: opened)
    return before


def test_a_column_called_as_duckdb_calls_the_files_loses_no_row(
    small: SmallLake,
) -> None:
    before = increments(small, 'a int, "FileName" varchar', "{0}, 'f{0}'")
    assert small.rows(RAW, "run") == before


def test_a_table_that_has_lost_rows_is_told_of(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compact, "_only", lambda _: " where a > 0")
    with pytest.raises(DamagedError, match=f"of {MANY + 2} rows {MANY + 1} are left"):
        increments(small, "a int", "{0}")


def test_a_partitions_only_small_file_is_left_alone() -> None:
    class File:
        file_size_in_bytes = 100
        spec_id = 0

        def __init__(self, number: int, partition: int) -> None:
            self.file_path, self.partition = f"f{number}", partition

    table = TableId("m", "t")
    alone: list[Any] = [File(number, number) for number in range(1000)]
    assert compact.plan(table, alone, 0) is None
    pairs = [File(number, number // 2) for number in range(2 * MANY + 2)]
    found = compact.plan(table, [*alone, *pairs], 0)  # type: ignore[list-item]
    assert found is not None
    wanted = [*pairs, *alone[: MANY + 1]]
    assert found.files == frozenset(one.file_path for one in wanted)
