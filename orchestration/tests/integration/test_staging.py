"""Stage, fill and swap against a catalog, without dbt."""

from collections.abc import Iterator

import duckdb
import pytest
from pyiceberg.catalog.rest import RestCatalog

from orchestration.errors import ConflictError
from orchestration.lake import Lake, drafts, staging
from orchestration.lake.definition import Column, Definition
from orchestration.lake.evolution import evolve
from orchestration.lake.model import TableId
from orchestration.lake.process import Endpoint
from orchestration.lake.session import attach, rest_catalog
from orchestration.lake.types import quote

TABLE = TableId("marts", "facts")
FACTS = Definition(columns=(Column(name="id", type="BIGINT"),))
BRANCH = "work"


@pytest.fixture
def catalog(lake: Lake, catalog_endpoint: Endpoint) -> RestCatalog:
    lake.create_branch(BRANCH)
    opened = rest_catalog(catalog_endpoint, BRANCH)
    opened.create_namespace(("marts",))
    return opened


@pytest.fixture
def con(
    catalog: RestCatalog, catalog_endpoint: Endpoint
) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        attach(opened, catalog_endpoint, BRANCH)
        yield opened


def fill(con: duckdb.DuckDBPyConnection, staged: TableId, rows: int) -> TableId:
    name = f"lake.{staged.namespace}.{quote(staged.name)}"
    con.execute(f"insert into {name} select range from range({rows})")
    return staged


def build(con: duckdb.DuckDBPyConnection, catalog: RestCatalog, rows: int) -> None:
    staged = staging.stage(catalog, TABLE, FACTS)
    staging.swap(catalog, TABLE, fill(con, staged, rows))


def rows_of(catalog: RestCatalog) -> int:
    table = catalog.load_table(("marts", "facts"))
    return int(table.scan().to_arrow().num_rows)


def test_a_swap_into_a_table_that_moved_changes_nothing(
    con: duckdb.DuckDBPyConnection, catalog: RestCatalog
) -> None:
    build(con, catalog, 5)
    staged = fill(con, staging.stage(catalog, TABLE, FACTS), 9)
    con.execute("insert into lake.marts.facts select 77")
    with pytest.raises(ConflictError, match="another process changed the table"):
        staging.swap(catalog, TABLE, staged)
    assert rows_of(catalog) == 6


def test_of_two_first_builds_one_wins(
    con: duckdb.DuckDBPyConnection, catalog: RestCatalog
) -> None:
    first, second = (staging.stage(catalog, TABLE, FACTS) for _ in range(2))
    staging.swap(catalog, TABLE, fill(con, first, 5))
    with pytest.raises(ConflictError):
        staging.swap(catalog, TABLE, fill(con, second, 9))
    assert rows_of(catalog) == 5


def test_a_swap_takes_position_deletes_out_with_their_files(
    con: duckdb.DuckDBPyConnection, catalog: RestCatalog
) -> None:
    build(con, catalog, 50)
    con.execute("delete from lake.marts.facts where id < 10")
    assert len(catalog.load_table(("marts", "facts")).inspect.delete_files()) == 1
    build(con, catalog, 7)
    table = catalog.load_table(("marts", "facts"))
    assert len(table.inspect.delete_files()) == 0
    summary = table.metadata.snapshots[-1].summary
    assert summary is not None
    assert summary["total-records"] == "7"
    assert summary["total-position-deletes"] == "0"
    counts = [
        table.scan(snapshot_id=snapshot.snapshot_id).to_arrow().num_rows
        for snapshot in table.metadata.snapshots
    ]
    assert counts == [50, 40, 7]


def test_what_left_is_counted_and_listed_no_more(
    con: duckdb.DuckDBPyConnection, catalog: RestCatalog
) -> None:
    build(con, catalog, 5)
    old = {path for path, _ in entries(catalog)}
    build(con, catalog, 6)
    assert old.isdisjoint(dict(entries(catalog)))
    snapshot = catalog.load_table(("marts", "facts")).current_snapshot()
    assert snapshot is not None
    assert snapshot.summary is not None
    assert snapshot.summary["deleted-data-files"] == str(len(old))
    assert snapshot.summary["deleted-records"] == "5"


def test_no_rows_over_no_rows_is_no_commit(
    con: duckdb.DuckDBPyConnection, catalog: RestCatalog
) -> None:
    build(con, catalog, 0)
    assert rows_of(catalog) == 0
    before = catalog.load_table(("marts", "facts")).metadata_location
    staged = staging.stage(catalog, TABLE, FACTS)
    assert staging.swap(catalog, TABLE, staged) is False
    assert catalog.load_table(("marts", "facts")).metadata_location == before


def test_a_staged_table_follows_a_schema_that_evolved(
    con: duckdb.DuckDBPyConnection, catalog: RestCatalog
) -> None:
    build(con, catalog, 3)
    wider = Definition(columns=(*FACTS.columns, Column(name="v", type="VARCHAR")))
    evolved = evolve(catalog, TABLE, wider, on_schema_change="append_new_columns")
    assert evolved.columns == ("id", "v")
    build(con, catalog, 4)
    table = catalog.load_table(("marts", "facts"))
    assert table.schema().column_names == ["id"], "the definition has no v"
    first = table.metadata.snapshots[0].snapshot_id
    assert table.scan(snapshot_id=first).to_arrow().column_names == ["id"]
    last_ids = [schema.schema_id for schema in table.metadata.schemas]
    assert len(set(last_ids)) == len(last_ids), "no id is given twice"


def test_a_fingerprint_holds_until_somebody_writes(
    con: duckdb.DuckDBPyConnection, catalog: RestCatalog
) -> None:
    for rows in (3, 4):
        staged = staging.stage(catalog, TABLE, FACTS, fingerprint=f"f{rows}")
        staging.swap(catalog, TABLE, fill(con, staged, rows))
        assert staging.is_current(catalog, TABLE, f"f{rows}")
        assert not staging.is_current(catalog, TABLE, "other")
    con.execute("insert into lake.marts.facts select 77")
    assert not staging.is_current(catalog, TABLE, "f4")


def entries(catalog: RestCatalog) -> list[tuple[str, str]]:
    """Path and status of every entry of the newest snapshot's manifests."""
    table = catalog.load_table(("marts", "facts"))
    snapshot = table.current_snapshot()
    assert snapshot is not None
    return [
        (entry.data_file.file_path, entry.status.name)
        for manifest in snapshot.manifests(table.io)
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=False)
    ]


def test_what_a_draft_came_to_is_adopted_in_one_commit(
    con: duckdb.DuckDBPyConnection, catalog: RestCatalog
) -> None:
    build(con, catalog, 5)
    commits = len(catalog.load_table(("marts", "facts")).metadata.metadata_log)
    drafted = drafts.draft(catalog, TABLE)
    name = f"lake.{drafted.namespace}.{quote(drafted.name)}"
    con.execute(f"delete from {name} where id < 2")
    con.execute(f"insert into {name} select range from range(10, 13)")
    assert rows_of(catalog) == 5, "nobody sees it yet"

    counts = drafts.adopt(catalog, TABLE, drafted)

    table = catalog.load_table(("marts", "facts"))
    assert counts["added-records"] == 3
    assert sorted(table.scan().to_arrow()["id"].to_pylist()) == [2, 3, 4, 10, 11, 12]
    assert len(table.metadata.metadata_log) == commits + 1
    assert [name for _, name in catalog.list_tables("marts")] == ["facts"]
    build(con, catalog, 1)  # its numbering goes on
    assert rows_of(catalog) == 1


def test_a_draft_without_a_change_is_no_commit(
    con: duckdb.DuckDBPyConnection, catalog: RestCatalog
) -> None:
    build(con, catalog, 5)
    before = catalog.load_table(("marts", "facts")).metadata_location
    drafted = drafts.draft(catalog, TABLE)
    double = catalog.load_table((drafted.namespace, drafted.name))
    double.append(double.schema().as_arrow().empty_table())  # a snapshot, as Spark's
    assert drafts.adopt(catalog, TABLE, drafted) == {}
    assert catalog.load_table(("marts", "facts")).metadata_location == before


def test_a_draft_of_a_table_that_moved_changes_nothing(
    con: duckdb.DuckDBPyConnection, catalog: RestCatalog
) -> None:
    build(con, catalog, 5)
    drafted = drafts.draft(catalog, TABLE)
    name = f"lake.{drafted.namespace}.{quote(drafted.name)}"
    con.execute(f"delete from {name}")
    con.execute("insert into lake.marts.facts select 77")
    with pytest.raises(ConflictError, match="another process changed the table"):
        drafts.adopt(catalog, TABLE, drafted)
    assert rows_of(catalog) == 6
